from __future__ import annotations

from datetime import timedelta

from apptest import OpenPage, address, words
from fakes import NOW, FakeWorkspace
from streamlit.testing.v1 import AppTest

from burnline.records import actions
from burnline.records.entries import Sent
from burnline.records.journal import append


def button(app: AppTest, label: str, after: str = "") -> object:
    """The first button of that label whose key holds `after`."""
    return next(b for b in app.button if b.label == label and after in (b.key or ""))


def press(app: AppTest, label: str, after: str = "") -> AppTest:
    app = button(app, label, after).click().run()  # type: ignore[attr-defined]
    assert not app.exception
    return app


def named(app: AppTest) -> AppTest:
    app.text_input(key="who").set_value("Ada").run()
    return app


def numbers(app: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


def table(app: AppTest) -> list[str]:
    return list(app.dataframe[0].value["model"])


def one_of(workspace: FakeWorkspace, model: str, severity: str = "ticket") -> str:
    """The id of the alert of a model that fires now."""
    found = workspace.alerting(model).alerts
    return next(a.id for a in found if a.resolved_at is None and a.severity == severity)


def test_the_first_words_say_what_fires_and_where_to_begin(open_page: OpenPage) -> None:
    app = open_page("alerts")
    assert app.title[0].value == "5 alerts fire in 4 models. Begin with ad-ctr."
    said = words(app)
    assert "In the last 7 days **1 page** woke people (0 at night) for ad-ctr; 3 tickets." in said
    assert "**Worth having**: 8 of 8 alerts of the last 30 days were on a burn that mattered" in said


def test_cards_count_what_fires_and_what_it_is_worth(open_page: OpenPage) -> None:
    shown = numbers(open_page("alerts"))
    assert shown == {
        "Firing now": "5",
        "Pages in 7 d": "1",
        # 8 alerts in 30 days: 8 / (30 / 7).
        "Alerts a week": "1.9",
        "On a true burn": "100\u00a0%",
        "Marked as noise": "–",
    }


def test_a_group_is_one_card_with_its_rule_and_evidence(open_page: OpenPage) -> None:
    said = words(open_page("alerts"))
    assert "**latency** · Infrastructure · burned" in said
    assert "page and ticket since 22 Nov 18:45" in said
    assert "by chance · stands out in the fleet" in said
    assert said.count("**availability** · Infrastructure") == 1


def test_nothing_is_recorded_without_a_name(open_page: OpenPage) -> None:
    workspace = FakeWorkspace()
    app = press(open_page("alerts", workspace=workspace), "Acknowledge")
    assert "Write your name first" in app.warning[0].value
    assert not workspace.records().entries


def test_acknowledging_shows_at_once_and_can_be_taken_back(open_page: OpenPage) -> None:
    workspace = FakeWorkspace()
    app = press(named(open_page("alerts", workspace=workspace)), "Acknowledge")
    # Page and ticket of the group.
    assert {a.by for a in workspace.records().acknowledgements.values()} == {"Ada"}
    assert len(workspace.records().acknowledgements) == 2
    assert "acknowledged by Ada" in words(app)
    press(app, "Acknowledged")
    assert not workspace.records().acknowledgements


def test_marks_feed_the_noise_figure(open_page: OpenPage) -> None:
    workspace = FakeWorkspace()
    app = press(named(open_page("alerts", workspace=workspace)), "Noise")
    assert numbers(app)["Marked as noise"] == "100\u00a0%"
    assert "**Noisy to people**: they marked 2 of 2 as noise, though 8 of 8 alerts" in words(app)
    app = press(app, "Marked noise")
    assert numbers(app)["Marked as noise"] == "–"


def test_a_silence_needs_a_reason_and_ends_when_it_is_told_to(open_page: OpenPage) -> None:
    workspace = FakeWorkspace()
    app = press(named(open_page("alerts", workspace=workspace)), "Silence")
    app = button(app, "Silence", "FormSubmitter").click().run()  # type: ignore[attr-defined]
    assert "Give a reason" in app.warning[0].value
    # A dialog opens anew for each test run.
    app = press(app, "Silence")
    app.text_input(key="silence-reason").set_value("load test")
    app.pills(key="silence-end").set_value("8 h")
    app = button(app, "Silence", "FormSubmitter").click().run()  # type: ignore[attr-defined]
    (silence,) = workspace.records().active_silences(NOW)
    assert (silence.model, silence.slo, silence.reason, silence.by) == ("ad-ctr", None, "load test", "Ada")
    assert silence.end == NOW + timedelta(hours=8)
    assert "**ad-ctr** until 23 Nov 2026, 07:00 CET: load test" in words(app)
    assert "silenced until 23 Nov 07:00: load test" in words(app)
    press(app, "End now")
    assert not workspace.records().active_silences(NOW)


def test_a_link_opens_one_alert_in_full(open_page: OpenPage) -> None:
    workspace = FakeWorkspace()
    chosen = one_of(workspace, "fraud")
    app = open_page("alerts", workspace=workspace, alert=chosen)
    assert "**fraud** · accuracy · Model" in words(app)
    assert "from 15 Nov 2026, 09:55 CET; it fires still" in words(app)
    app = press(app, "Close")
    assert "alert" not in address(app)


def test_a_click_on_a_bar_selects_its_alert(open_page: OpenPage) -> None:
    workspace = FakeWorkspace()
    app = open_page("alerts", workspace=workspace)
    chosen = one_of(workspace, "fraud")
    app.session_state["alert-lanes"] = {"selection": {"points": [{"customdata": [chosen]}]}}
    app.run()
    assert address(app)["alert"] == chosen


def test_a_link_to_an_alert_that_is_gone_says_so(open_page: OpenPage) -> None:
    assert "There is no alert nowhere here" in open_page("alerts", alert="nowhere").warning[0].value


def test_the_address_holds_the_filters_of_the_history(open_page: OpenPage) -> None:
    assert table(open_page("alerts", severity="Page")) == ["ad-ctr"]
    assert table(open_page("alerts", budget="Model", now="Resolved")) == ["anomaly-guard"]


def test_a_model_in_the_address_narrows_the_whole_page(open_page: OpenPage) -> None:
    app = open_page("alerts", model="credit-limit")
    assert app.title[0].value == "1 alert fires, of credit-limit."
    assert {*table(app)} == {"credit-limit"}
    assert app.selectbox(key="replay").value == "credit-limit/availability"


def test_replay_begins_with_the_rules_of_the_tier(open_page: OpenPage) -> None:
    app = open_page("alerts", model="credit-limit", slo="availability")
    # Tier 3: nothing pages.
    assert app.text_input(key="rules").value == "ticket 14.4 1h/5m, ticket 6 6h/30m, ticket 1 3d/6h"
    figures = app.table[0].value
    assert list(figures["Rules alone"])[:3] == ["2", "0", "2"]
    assert list(figures["With evidence"])[:3] == ["**2**", "**0**", "**2**"]


def test_other_rules_are_replayed_and_reset_forgets_them(open_page: OpenPage) -> None:
    app = open_page("alerts", model="credit-limit", slo="availability", rules="page 2 1h/5m", goal="99.5")
    assert list(app.table[0].value["Rules alone"])[2] == "0"
    app = press(app, "Reset")
    assert app.text_input(key="rules").value.startswith("ticket 14.4")
    assert app.text_input(key="goal").value == ""


def test_rules_that_cannot_be_read_are_said_in_one_sentence(open_page: OpenPage) -> None:
    app = open_page("alerts")
    app.text_input(key="rules").set_value("page often").run()
    assert [e.value for e in app.error] == [
        "rules: 'page often' is not a rule; write severity, burn rate and windows, such as "
        "page 14.4 1h/5m, ticket 1 3d/6h"
    ]
    assert not app.table


def test_without_any_alert_the_page_offers_the_replay(open_page: OpenPage) -> None:
    app = open_page("alerts", workspace=FakeWorkspace(models=1))
    assert app.title[0].value == "No alert fires."
    assert "No alert ever: nothing has burned fast enough with evidence" in words(app)
    assert "Nothing would have fired in 9 weeks" in words(app)


def test_notifications_are_logged_newest_first(open_page: OpenPage) -> None:
    workspace = FakeWorkspace()
    assert "run `burnline notify` on a schedule" in words(open_page("alerts", workspace=workspace))
    group = workspace.alerting().groups[-1]

    def sent(state: str, *, ok: bool) -> Sent:
        why = None if ok else "the target answered with HTTP 500"
        return Sent(
            by="notify", as_of=NOW, group=group.id, model=group.model, state=state, target="risk-sre",
            severity=group.severity, attempt=1, ok=ok, error=why,
        )  # fmt: skip

    append(workspace.records_root, sent("opened", ok=False), sent("opened", ok=True))
    log = open_page("alerts", workspace=workspace).dataframe[1].value
    assert [outcome[0] for outcome in log["outcome"]] == ["Sent", "Failed"]


def test_somebody_answers_each_page(open_page: OpenPage) -> None:
    workspace = FakeWorkspace()
    for alert in workspace.alerting().alerts:
        actions.acknowledge(workspace.records_root, alert.id, by="Ada")
    assert open_page("alerts", workspace=workspace).title[0].value.endswith("Somebody answers each.")
