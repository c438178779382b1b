from __future__ import annotations

from datetime import datetime

from apptest import OpenPage, address, words
from fakes import UNDEFINED, FakeWorkspace
from streamlit.testing.v1 import AppTest

from burnline.results import FleetStatus


def numbers(app: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


def test_the_worst_slo_is_shown_without_a_word(open_page: OpenPage) -> None:
    app = open_page("budgets", model="credit-limit")
    assert app.title[0].value == "credit-limit · availability"
    assert address(app)["slo"] == "availability"


def test_numbers_come_with_counts_and_minutes(open_page: OpenPage) -> None:
    shown = numbers(open_page("budgets", model="fraud", slo="accuracy"))
    assert shown["Delivered so far"] == "93.53\u00a0%"
    assert shown["Budget left"] == "−7.8\u00a0%"
    assert shown["Bad events"] == "40,628"
    assert shown["Bad still allowed"] == "−2,929"
    assert shown["Time left"] == "−201\u00a0min"


def test_another_objective_stands_beside_the_real_one(open_page: OpenPage) -> None:
    app = open_page("budgets", model="fraud", slo="accuracy")
    assert not any(metric.delta for metric in app.metric)
    app.select_slider(key="objective").set_value("92").run()
    # 1 - 40,628 / (8 % of 628,309)
    assert {m.label: m.delta for m in app.metric}["Budget left"] == "19.2\u00a0% what if"
    assert numbers(app)["Budget left"] == "−7.8\u00a0%"
    assert "**19\u00a0% left** instead of overspent by 8\u00a0%" in words(app)


def test_the_address_holds_the_other_promise(open_page: OpenPage) -> None:
    app = open_page("budgets", model="ad-ctr", slo="latency", objective="98", threshold="200")
    assert app.select_slider(key="objective").value == "98"
    assert app.select_slider(key="threshold").value == "200"
    assert "Promising **98\u00a0% within 200\u00a0ms**" in words(app)


def test_reset_returns_to_the_promise(open_page: OpenPage) -> None:
    app = open_page("budgets", model="fraud", slo="accuracy", objective="92")
    next(button for button in app.button if button.label == "Reset").click().run()
    assert app.select_slider(key="objective").value == "94"
    assert not any(metric.delta for metric in app.metric)


def test_another_slo_begins_at_its_own_promise(open_page: OpenPage) -> None:
    app = open_page("budgets", model="fraud", slo="accuracy", objective="92")
    app.selectbox(key="pick-slo").select("availability").run()
    assert app.select_slider(key="objective").value == "99.9"
    assert not any(metric.delta for metric in app.metric)


def test_a_threshold_slider_only_where_it_can_move(open_page: OpenPage) -> None:
    keys = {slider.key for slider in open_page("budgets", model="fraud", slo="accuracy").select_slider}
    assert keys == {"objective"}


def test_pairs_say_which_fire(open_page: OpenPage) -> None:
    pairs = open_page("budgets", model="credit-limit", slo="availability").dataframe[0].value
    assert list(pairs["pair"]) == ["1h / 5m", "6h / 30m", "3d / 6h"]
    assert list(pairs["threshold"]) == ["14.4×", "6.0×", "1.0×"]
    assert [state[0] for state in pairs["state"]] == ["Firing", "Firing", "Firing"]


def test_a_pair_that_exceeds_without_evidence_does_not_fire(open_page: OpenPage) -> None:
    class Unproven(FakeWorkspace):
        def status(self, model: str | None = None, *, at: datetime | None = None) -> FleetStatus:
            found = super().status(model, at=at)
            models = (
                m.model_copy(update={"slos": tuple(s.model_copy(update={"alerts": ()}) for s in m.slos)})
                for m in found.models
            )
            return found.model_copy(update={"models": tuple(models)})

    app = open_page("budgets", workspace=Unproven(), model="credit-limit", slo="availability")
    assert [state[0] for state in app.dataframe[0].value["state"]] == ["Not proven"] * 3


def test_evidence_says_how_sure_the_verdict_is(open_page: OpenPage) -> None:
    said = words(open_page("budgets", model="fraud", slo="accuracy"))
    assert "The promise is broken, and chance does not explain it. 93.42 to 93.63" in said
    assert "94\u00a0% is promised" in said
    assert "odds of more than a million to 1 (40 confirm a breach)" in said


def test_late_labels_are_counted_and_their_bias_is_named(open_page: OpenPage) -> None:
    said = words(open_page("budgets", model="fraud", slo="accuracy"))
    assert "outcomes are unknown yet" in said
    assert "Delay bias: bad outcomes are labelled later than good ones" in said
    assert "label delays by outcome, off by 0.40\u00a0% on average" in said
    assert "**concept drift**" in said


def test_the_view_follows_the_kind_of_window_and_another_slo_begins_anew(open_page: OpenPage) -> None:
    app = open_page("budgets", model="fraud", slo="accuracy", view="Fixed window")
    assert app.segmented_control(key="view").value == "fixed"
    app.selectbox(key="pick-slo").select("availability").run()
    assert app.segmented_control(key="view").value == "rolling"


def test_no_data_says_why(open_page: OpenPage) -> None:
    app = open_page("budgets", model="fraud", slo="drift")
    assert "No data: no day of the window has 100 rows." in words(app)
    assert not app.metric


def test_a_model_without_slos_says_what_to_write(open_page: OpenPage) -> None:
    assert f"models/{UNDEFINED}.yaml" in words(open_page("budgets", model=UNDEFINED))
