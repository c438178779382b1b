from __future__ import annotations

from apptest import OpenPage, address, words
from fakes import UNDEFINED, FakeWorkspace


def test_the_verdict_says_what_is_wrong_since_when_and_what_it_costs(open_page: OpenPage) -> None:
    said = words(open_page("model", model="fraud"))
    assert "Silent model failure: the service is fine, the answers are not." in said
    assert "**accuracy** has spent 108\u00a0% of its budget, exhausted since 21 Nov 13:00" in said
    assert "That is **confirmed**, not noise." in said
    assert "If recent behaviour continues" in said
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


def test_the_policy_of_the_tier_stands_beside_the_gate(open_page: OpenPage) -> None:
    said = words(open_page("model", model="fraud"))
    assert "Policy of tier 2: a confirmed exhausted budget: blocks features" in said


def test_a_fix_passes_with_a_reason_and_a_name_and_stays_on_record(open_page: OpenPage) -> None:
    workspace = FakeWorkspace()
    app = open_page("model", workspace=workspace, model="credit-limit")
    record = next(button for button in app.button if button.label == "Record and pass")
    app.text_area[0].set_value("pool size back to 64")
    record.click().run()
    assert "Write your name" in app.warning[0].value
    assert workspace.records().overrides("credit-limit") == ()
    app.text_input(key="who").set_value("ada")
    next(button for button in app.button if button.label == "Record and pass").click().run()
    assert [(o.reason, o.by, o.change) for o in workspace.records().overrides("credit-limit")] == [
        ("pool size back to 64", "ada", "fix")
    ]
    assert "pool size back to 64" in words(app)


def test_the_newest_incidents_are_listed(open_page: OpenPage) -> None:
    said = words(open_page("model", model="credit-limit"))
    assert "of availability spent" in said


def test_the_table_says_what_is_proven_and_what_may_come(open_page: OpenPage) -> None:
    table = open_page("model", model="fraud").dataframe[0].value.set_index("slo")
    assert list(table.loc["accuracy", "evidence"]) == ["Confirmed breach"]
    assert table.loc["accuracy", "forecast"] == "exhausted"
    assert table.loc["accuracy", "estimate"].endswith(")")
    assert table.loc["availability", "interval"].count("to") == 1
