from __future__ import annotations

from datetime import datetime

import pytest
from apptest import OpenPage, address, words
from fakes import UNDEFINED, FakeWorkspace
from streamlit.testing.v1 import AppTest

from burnline.errors import BurnlineError
from burnline.results import FleetStatus, SloStatus


def listed(app: AppTest) -> list[str]:
    return list(app.dataframe[0].value["model"])


def test_the_first_words_say_how_many_models_need_a_human(open_page: OpenPage) -> None:
    app = open_page()
    assert app.title[0].value.startswith("4 models need a human this morning. 2 fail silently")
    assert "22 Nov 2026, 23:00 CET" in words(app)
    assert "of predictions" in words(app)


def test_badges_count_every_model_once(open_page: OpenPage) -> None:
    said = words(open_page())
    for badge in ("2 breached", "2 burning", "1 at risk", "1 no SLO", "19 healthy"):
        assert badge in said


def test_tracks_have_cards_of_their_own(open_page: OpenPage) -> None:
    values = {metric.label: metric.value for metric in open_page().metric}
    assert values["Infrastructure SLOs met"] == "47 / 48"
    assert values["Model SLOs met"] == "79 / 80"
    assert values["Silent model failures"] == "2"


def test_models_come_worst_first_and_the_undefined_one_is_not_hidden(open_page: OpenPage) -> None:
    table = open_page().dataframe[0].value
    assert list(table["model"])[:3] == ["credit-limit", "fraud", "ad-ctr"]
    undefined = table[table["model"] == UNDEFINED].iloc[0]
    assert list(undefined["state"]) == ["No SLO"]
    assert undefined["verdict"] == "No SLO"


def test_a_track_without_data_has_no_number(open_page: OpenPage) -> None:
    table = open_page().dataframe[0].value
    blind = table[table["model"] == "kyc-matcher"].iloc[0]
    assert blind["model_left"] != blind["model_left"]
    assert blind["infrastructure_left"] > 0


@pytest.mark.parametrize(
    ("query", "models"),
    [
        ({"q": "shadow"}, {UNDEFINED}),
        ({"q": "Ranking"}, {"feed-ranker", "reco-home", "driver-match", "checkout-ranker", "search-relevance"}),
        ({"state": "Breached"}, {"credit-limit", "fraud"}),
        ({"tier": "T1", "team": "ads"}, {"spam-filter"}),
        ({"q": "nothing like it"}, set()),
    ],
)
def test_the_address_holds_the_filters(open_page: OpenPage, query: dict[str, str], models: set[str]) -> None:
    app = open_page(**query)
    assert {*listed(app)} == models if models else not app.dataframe


def test_a_cell_opens_its_model_on_its_day(open_page: OpenPage) -> None:
    app = open_page()
    app.session_state["pulse"] = {"selection": {"points": [{"customdata": ["fraud", "2026-11-18"]}]}}
    app.run()
    assert address(app) == {"model": "fraud", "day": "2026-11-18"}
    assert app.title[0].value == "fraud"
    assert "On 18 Nov 2026" in words(app)


def test_a_lane_opens_its_model(open_page: OpenPage) -> None:
    app = open_page()
    app.session_state["lanes"] = {"selection": {"points": [{"customdata": ["ad-ctr"]}]}}
    app.run()
    assert app.title[0].value == "ad-ctr"


def test_without_data_the_page_says_how_to_get_some(open_page: OpenPage) -> None:
    app = open_page(workspace=FakeWorkspace(empty=True))
    assert "Nothing ingested yet" in words(app)
    assert app.code[0].value.startswith("burnline ingest")
    assert not app.metric


def test_a_broken_definition_is_said_in_its_own_sentence(open_page: OpenPage) -> None:
    class Broken(FakeWorkspace):
        def version(self) -> str:
            raise BurnlineError("models/fraud.yaml:7: unknown key 'objectve'")

    assert "models/fraud.yaml:7: unknown key 'objectve'" in words(open_page(workspace=Broken()))


def test_what_is_not_proven_is_said_to_be_open(open_page: OpenPage) -> None:
    class Doubtful(FakeWorkspace):
        def status(self, model: str | None = None, *, at: datetime | None = None) -> FleetStatus:
            found = super().status(model, at=at)
            models = []
            for m in found.models:
                slos = tuple(_undecided(s) for s in m.slos) if m.model == "credit-limit" else m.slos
                models.append(m.model_copy(update={"slos": slos}))
            return found.model_copy(update={"models": tuple(models)})

    app = open_page(workspace=Doubtful())
    assert app.title[0].value.startswith("3 models need a human this morning.")
    assert app.title[0].value.endswith("1 model more may, undecided.")
    assert listed(app)[0] == "fraud"
    assert "overspent by 89\u00a0%, within noise" in words(app)


def _undecided(slo: SloStatus) -> SloStatus:
    evidence = slo.evidence and slo.evidence.model_copy(update={"verdict": "undecided"})
    return slo.model_copy(update={"alerts": (), "evidence": evidence, "estimate": None})


def test_the_table_says_what_fires_and_what_may_come(open_page: OpenPage) -> None:
    table = open_page().dataframe[0].value.set_index("model")
    assert table.loc["credit-limit", "alerts"] == "2 firing"
    assert list(table.loc["fraud", "evidence"]) == ["Confirmed"]
    assert table.loc["fraud", "forecast"] == "exhausted"


def test_a_quiet_fleet_is_quiet(open_page: OpenPage) -> None:
    said = words(open_page(workspace=FakeWorkspace(models=1)))
    assert "Nothing needs a human: 1 of 2 models" in said
