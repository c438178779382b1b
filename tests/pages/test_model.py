from __future__ import annotations

from apptest import OpenPage, address, words
from fakes import UNDEFINED


def test_the_verdict_says_what_is_wrong_since_when_and_what_it_costs(open_page: OpenPage) -> None:
    said = words(open_page("model", model="fraud"))
    assert "Silent model failure: the service is fine, the answers are not." in said
    assert "**accuracy** has spent 108\u00a0% of its budget, exhausted since 21 Nov 11:00" in said
    assert "40,628 bad of 628,309 events where 37,699 are allowed" in said


def test_without_a_word_the_worst_model_is_shown_and_the_address_names_it(open_page: OpenPage) -> None:
    app = open_page("model")
    assert app.title[0].value == "credit-limit"
    assert address(app)["model"] == "credit-limit"


def test_a_stale_link_is_said_to_be_one(open_page: OpenPage) -> None:
    app = open_page("model", model="gone")
    assert "no model gone" in app.warning[0].value
    assert app.title[0].value == "credit-limit"


def test_the_table_has_both_tracks_and_says_why_there_is_no_data(open_page: OpenPage) -> None:
    table = open_page("model", model="kyc-matcher").dataframe[0].value
    assert list(table["track"].unique()) == ["Infrastructure", "Model"]
    blind = table[table["slo"] == "accuracy"].iloc[0]
    assert list(blind["state"]) == ["No data"]
    assert blind["reason"] == "no column 'label' in the logs"
    assert blind["value"] == "–"


def test_a_day_shows_its_numbers(open_page: OpenPage) -> None:
    app = open_page("model", model="fraud", day="2026-11-18")
    day = {metric.label: metric.value for metric in app.metric}
    assert day["accuracy"] == "80.71\u00a0%"
    assert "No data on this day: drift." in words(app)


def test_a_day_that_is_no_day_is_ignored(open_page: OpenPage) -> None:
    for day in ("yesterday", "2020-01-01"):
        assert not open_page("model", model="fraud", day=day).metric


def test_the_picker_moves_the_address(open_page: OpenPage) -> None:
    app = open_page("model", model="fraud")
    app.selectbox(key="pick-model").select("ad-ctr").run()
    assert app.title[0].value == "ad-ctr"
    assert address(app)["model"] == "ad-ctr"


def test_a_model_without_slos_says_what_to_write(open_page: OpenPage) -> None:
    said = words(open_page("model", model=UNDEFINED))
    assert "No SLO is defined" in said
    assert f"models/{UNDEFINED}.yaml" in said


def test_the_gate_gives_its_reasons(open_page: OpenPage) -> None:
    said = words(open_page("model", model="credit-limit"))
    assert "Deploy: blocked" in said
    assert "availability (infrastructure budget) is overspent" in said
