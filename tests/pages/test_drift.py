from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from apptest import OpenPage, address, words
from fake_drift import BARE, BLIND, NOW, WIDE, YOUNG
from fakes import UNDEFINED, FakeWorkspace
from streamlit.testing.v1 import AppTest

from burnline.dashboard.drift_words import Step, headline
from burnline.dashboard.parts import drift_links, drift_place
from burnline.dashboard.parts.drift_controls import question
from burnline.results import SloStatus


def plain(app: AppTest) -> str:
    return words(app).replace("\u00a0", " ")


def said(app: AppTest) -> str:
    """Also what stands in boxes and badges."""
    return "\n".join([plain(app), *(i.value for i in app.info), *(w.value for w in app.warning)])


def measured(app: AppTest) -> dict[str, str]:
    """The tests of the column that is looked at."""
    table = next(t.value for t in app.table if "Test" in t.value.columns)
    return dict(zip(table["Test"], table["Value"], strict=True))


def click(app: AppTest, feature: str, bucket: str) -> None:
    """A click on a cell of the map, as the browser sends it."""
    app.session_state[drift_place.KEY] = {
        "selection": {"points": [{"customdata": [feature, bucket]}], "point_indices": [0], "box": [], "lasso": []}
    }
    app.run()


def test_the_first_words_say_what_changed_and_whether_it_hurts(open_page: OpenPage) -> None:
    app = open_page("drift", model="fraud")
    assert app.title[0].value == "fraud: 3 of 11 inputs drifted, 1 hurts; the same inputs fail more often"
    assert "5 of 16 columns of fraud drifted, f_amount most of all; it adds to the errors" in plain(app)
    assert "compared with the first days of the log: 15,120 rows" in plain(app)
    assert app.get("tab")[0].label == "Inputs and outputs"


def test_the_column_that_hurts_most_is_looked_at_without_a_word(open_page: OpenPage) -> None:
    app = open_page("drift", model="fraud")
    assert "f_amount" in [s.value for s in app.subheader]
    assert "Its shift moves the expected share of bad outcomes by +1.40 points (95 %: +1.10 to +1.70)" in plain(app)
    assert {"PSI", "PSI, textbook", "Kolmogorov-Smirnov", "Wasserstein", "Whole days permuted"} <= set(measured(app))
    assert "feature" not in address(app)


def test_the_address_holds_column_day_and_all_that_is_asked(open_page: OpenPage) -> None:
    app = open_page("drift", model="fraud", feature="f_device", day="2026-11-20", window="30d", baseline="Trailing")
    assert app.selectbox(key="pick-feature").value == "f_device"
    assert app.selectbox(key="pick-bucket").value == "2026-11-20T00:00:00+00:00"
    assert app.segmented_control(key="window").value == "30d"
    # 90 rows an hour over a day, give or take chance.
    assert "on 20 Nov (UTC)" in plain(app)
    assert "compared with the same length of time before the window" in plain(app)
    assert "Chi-square" in measured(app)


def test_a_click_on_a_cell_goes_into_the_address_once(open_page: OpenPage) -> None:
    app = open_page("drift", model="fraud")
    click(app, "f_fx_rate", "2026-11-18T00:00:00+00:00")
    assert (address(app)["feature"], address(app)["day"]) == ("f_fx_rate", "2026-11-18")
    assert "on 18 Nov (UTC)" in plain(app)
    app.selectbox(key="pick-feature").select("f_device").run()
    assert address(app)["feature"] == "f_device"
    assert "f_device" in [s.value for s in app.subheader]


def test_the_keyboard_picks_a_day_and_the_whole_window_again(open_page: OpenPage) -> None:
    app = open_page("drift", model="fraud", feature="f_amount")
    app.selectbox(key="pick-bucket").select("2026-11-21T00:00:00+00:00").run()
    assert address(app)["day"] == "2026-11-21"
    app.selectbox(key="pick-bucket").select("").run()
    assert "day" not in address(app)
    assert "over the window" in plain(app)


def test_hours_have_an_hour_in_the_address(open_page: OpenPage) -> None:
    app = open_page("drift", model="fraud", step="Hours")
    click(app, "f_basket", "2026-11-21T14:00:00+00:00")
    assert (address(app)["day"], address(app)["hour"]) == ("2026-11-21", "14")
    # 14:00 UTC is 15:00 in Zurich.
    assert "in the hour from 21 Nov 15:00" in plain(app)


def test_a_weekend_is_told_as_a_season(open_page: OpenPage) -> None:
    app = open_page("drift", model="fraud", feature="f_basket", day="2026-11-21")
    # 21 November is a Saturday: far from all hours of the first week, as its Saturday was.
    assert "On 21 Nov (UTC): steady: PSI 0.00, threshold 0.2 · a season: 0.51 against all hours" in plain(app)
    assert "Steady" in "".join(m.value for m in app.markdown)


def test_another_model_forgets_the_column_quietly_and_a_stale_link_is_said(open_page: OpenPage) -> None:
    app = open_page("drift", model="fraud", feature="f_device")
    app.selectbox(key="pick-model").select(WIDE).run()
    assert "feature" not in address(app)
    assert not app.warning
    app = open_page("drift", model="fraud", feature="f_gone")
    assert "no column f_gone of fraud" in app.warning[0].value


def test_a_hundred_features_are_a_page_and_all_on_demand(open_page: OpenPage) -> None:
    app = open_page("drift", model=WIDE)
    assert "The 25 features that need attention most." in plain(app)
    app.toggle(key="every").set_value(True).run()
    assert "The 25 features" not in plain(app)


def test_nulls_and_new_values_stand_apart(open_page: OpenPage) -> None:
    app = open_page("drift", model="fraud", feature="f_device")
    apart = next(t.value for t in app.table if "Apart" in t.value.columns).set_index("Apart")
    assert apart.loc["Never seen before", "Now"].replace("\u00a0", " ") == "21.82 %"
    assert "Never seen in the baseline: `tablet-x`" in plain(app).replace("\\", "")


def test_the_table_has_every_column_with_its_verdict(open_page: OpenPage) -> None:
    app = open_page("drift", model="fraud")
    table = next(d.value for d in app.dataframe if "harm" in d.value.columns).set_index("column")
    assert len(table) == 16
    assert [table.loc[c, "harm"][0] for c in ("f_amount", "f_device", "f_fx_rate", "f_hour")] == [
        "Harmful",
        "Harm unknown",
        "Harmless",
        "Steady",
    ]


def test_concept_drift_says_where_and_what_canaries_answer(open_page: OpenPage) -> None:
    app = open_page("drift", model="fraud", tab="Concept drift")
    assert (
        "expect 4.40 % bad; the labels of the same requests say 7.90 % bad: +3.50 points (95 %: +3.10 to +3.90)"
        in plain(app)
    )
    assert "Answers differ" in plain(app)
    assert "Between v14 and v15, since 14 Nov 2026, 23:00 CET." in plain(app)
    where = next(d.value for d in app.dataframe if "share" in d.value.columns)
    assert list(where["where"]) == ["f_country FR, IT · f_amount above 120"]


def test_without_labels_and_canaries_it_says_what_would_tell(open_page: OpenPage) -> None:
    app = open_page("drift", model=BLIND, tab="Concept drift")
    assert "Nothing can be said" in plain(app)
    assert "no label is known of the window" in plain(app)
    assert "No request came twice" in plain(app)


def test_data_quality_shows_the_stages_and_first_what_fails(open_page: OpenPage) -> None:
    app = open_page("drift", model="fraud", tab="Data quality")
    text = plain(app)
    assert "What fails · 3" in text
    # Errors before warnings, the most rows first.
    order = [
        text.index(name) for name in ("**null share · f_income**", "**categories · f_device**", "**range · f_amount**")
    ]
    assert order == sorted(order)
    assert "196 of 2,160 rows (9.07 %) · for example `null`" in text
    assert "detectable after 1 h 30 min" in text
    assert "**2 failed** · 1 warn · 1 passed" in text
    assert "no training run is in the workspace" in text
    passed = next(d.value for d in app.dataframe if "sentence" in d.value.columns)
    assert len(passed) == 8


def test_a_baseline_that_still_fills_is_said_to(open_page: OpenPage) -> None:
    assert "The baseline is not complete yet" in said(open_page("drift", model=YOUNG))


def test_a_log_without_inputs_says_what_to_log(open_page: OpenPage) -> None:
    app = open_page("drift", model=BARE)
    assert app.title[0].value == f"{BARE}: no inputs to compare"
    assert "No inputs in the log" in plain(app)


def test_a_model_in_the_logs_only_is_compared_all_the_same(open_page: OpenPage) -> None:
    app = open_page("drift", model=UNDEFINED)
    assert f"Write `models/{UNDEFINED}.yaml`" in said(app)
    assert measured(app)


def test_the_schema_can_be_read_and_written_down(open_page: OpenPage) -> None:
    app = open_page("drift", model="fraud", tab="Data quality", rows="Window")
    shown = [c.value for c in app.code]
    assert "burnline validate fraud --write-schema -w ." in shown
    assert any("f_amount: {type: number}" in text for text in shown)
    # Seven days of 90 rows an hour.
    assert "15,120 rows" in plain(app)


def test_harm_is_told_once_the_raw_logs_were_looked_at() -> None:
    report = FakeWorkspace().drift("fraud", raw=False)
    assert headline(report, looked=False) == "fraud: 3 of 11 inputs drifted"


def test_a_custom_window_is_whole_days_of_utc(open_page: OpenPage) -> None:
    app = open_page("drift", model="fraud", window="Custom", **{"from": "2026-11-02", "to": "2026-11-05"})
    # Midnight UTC is 01:00 in Zurich.
    assert "4 d from 2 Nov 01:00 to 6 Nov 01:00 CET" in plain(app)
    assert app.title[0].value.startswith("fraud: no input drifted")


@pytest.mark.parametrize(
    ("step", "days", "first"),
    # Days look back thirty at least, from a midnight (UTC); hours seven days at most.
    [
        ("1d", 7, datetime(2026, 10, 23, tzinfo=UTC)),
        ("1d", 90, datetime(2026, 8, 24, tzinfo=UTC)),
        ("1h", 7, datetime(2026, 11, 15, 22, tzinfo=UTC)),
        ("1h", 30, datetime(2026, 11, 15, 22, tzinfo=UTC)),
    ],
)
def test_the_map_looks_back_as_far_as_can_be_read(step: Step, days: int, first: datetime) -> None:
    model = FakeWorkspace().status("fraud").models[0]
    asked = question(model, NOW - timedelta(days=days), NOW, "reference", step)
    assert asked.since == first
    assert asked.cut == (step == "1h" and days == 30)


def test_models_lead_to_what_changed(open_page: OpenPage) -> None:
    app = open_page("model", model="fraud")
    assert "No day can be judged: " in plain(app)


def test_drifted_days_are_told_of_all_judged_ones() -> None:
    slo = next(s for s in FakeWorkspace().status("fraud").models[0].slos if s.sli == "drift")
    assert drift_links.drifted_days(slo) is None
    judged: SloStatus = slo.model_copy(update={"total": 30.0, "bad": 4.0})
    assert drift_links.drifted_days(judged) == "4 of 30\u00a0d"
