"""Incidents in figures, in numbers and as a report."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from fakes import NOW, ZONE, FakeWorkspace

from burnline.alerting import Alerting
from burnline.dashboard.charts.incident_course import incident_course
from burnline.dashboard.charts.incident_timeline import incident_timeline
from burnline.dashboard.incident_case import Case, around, by_need, gather, lasted, similar, step_of, within
from burnline.dashboard.incident_figures import figures
from burnline.dashboard.incident_report import file_name, report
from burnline.dashboard.incident_words import listed, preceded
from burnline.results import Incident, Note

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


def incident(
    name: str,
    *,
    ago: timedelta,
    lasts: timedelta | None,
    spent: float = 0.1,
    severity: str = "ticket",
    model: str = "m",
    track: str = "model",
    slo: str = "accuracy",
) -> Incident:
    start = NOW - ago
    return Incident.model_validate(
        {
            "id": name,
            "model": model,
            "track": track,
            "slos": (slo,),
            "started_at": start,
            "detected_at": start + HOUR,
            "ended_at": None if lasts is None else start + lasts,
            "budget_spent": {slo: spent},
            "severity": severity,
            "state": "open" if lasts is None else "resolved",
            "postmortem_required": spent > 0.2,
        }
    )


@cache
def alerting() -> Alerting:
    return FakeWorkspace().alerting()


def case(model: str, nth: int = 0) -> Case:
    fake = FakeWorkspace()
    one = [i for i in alerting().incidents if i.model == model][nth]
    start, end = around(one, NOW)
    changes = fake.events(model, start=start, end=end)
    return gather(one, alerting().alerts, alerting().incidents, changes, fake.status(model), NOW)


def test_open_pages_come_first_then_open_tickets_by_cost_then_what_is_over() -> None:
    ordered = by_need(
        [
            incident("old", ago=9 * DAY, lasts=DAY, spent=9.0),
            incident("cheap", ago=DAY, lasts=None, spent=0.1),
            incident("dear", ago=2 * DAY, lasts=None, spent=0.5),
            incident("page", ago=DAY, lasts=None, spent=0.05, severity="page"),
            incident("new", ago=3 * DAY, lasts=DAY),
        ]
    )
    assert [i.id for i in ordered] == ["page", "dear", "cheap", "new", "old"]


def test_alike_is_the_same_track_of_a_model_then_the_same_slo_and_always_earlier() -> None:
    one = incident("one", ago=5 * DAY, lasts=DAY)
    others = [
        one,
        incident("later", ago=DAY, lasts=None),
        incident("elsewhere", ago=6 * DAY, lasts=DAY, model="n"),
        incident("same", ago=30 * DAY, lasts=DAY, slo="freshness"),
        incident("stranger", ago=7 * DAY, lasts=DAY, model="n", slo="latency", track="infrastructure"),
        incident("other-track", ago=7 * DAY, lasts=DAY, slo="latency", track="infrastructure"),
    ]
    assert [i.id for i in similar(one, others)] == ["same", "elsewhere"]


def test_a_change_of_the_clocks_does_not_change_how_long_it_lasted() -> None:
    zone = ZoneInfo("Europe/Zurich")
    one = incident("one", ago=DAY, lasts=DAY).model_copy(
        update={
            "started_at": datetime(2026, 10, 24, 12, tzinfo=zone),
            "ended_at": datetime(2026, 10, 25, 12, tzinfo=zone),
        }
    )
    assert lasted(one, NOW) == timedelta(hours=25)


def test_half_a_day_is_shown_around_a_short_one_and_nothing_after_now() -> None:
    short = incident("short", ago=5 * DAY, lasts=HOUR)
    assert around(short, NOW) == (short.started_at - 12 * HOUR, short.started_at + 13 * HOUR)
    going = incident("open", ago=DAY, lasts=None)
    assert around(going, NOW) == (NOW - 3 * DAY, NOW)


@pytest.mark.parametrize(
    ("length", "minutes"), [(HOUR, 5), (25 * HOUR, 5), (26 * HOUR, 10), (6 * DAY, 30), (12 * DAY, 60), (900 * DAY, 360)]
)
def test_steps_grow_with_what_is_shown(length: timedelta, minutes: int) -> None:
    assert step_of((NOW - length, NOW)) == timedelta(minutes=minutes)


def test_a_period_has_what_went_on_in_it() -> None:
    over = incident("over", ago=10 * DAY, lasts=DAY)
    into = incident("into", ago=10 * DAY, lasts=4 * DAY)
    going = incident("open", ago=100 * DAY, lasts=None)
    assert within([over, into, going], NOW, 7 * DAY) == [into, going]
    assert within([over, into, going], NOW, None) == [over, into, going]


def test_figures_count_what_began_in_the_period() -> None:
    found = figures(
        [
            incident("a", ago=2 * DAY, lasts=None, spent=0.5),
            incident("b", ago=8 * DAY, lasts=2 * HOUR, spent=0.25),
            incident("c", ago=9 * DAY, lasts=4 * HOUR, spent=0.25),
            incident("before", ago=40 * DAY, lasts=DAY, spent=1.0),
        ],
        NOW,
        28 * DAY,
    )
    assert (found.count, found.recovered, found.weeks) == (3, 2, 4.0)
    assert (found.detect, found.recover) == (HOUR, 3 * HOUR)
    assert found.cost == pytest.approx(1.0)
    # 40 days ago is the sixth week from the end: the line goes further back than the period.
    assert found.begun == (0,) * 6 + (1, 0, 0, 0, 2, 1)
    assert found.spent[-2:] == pytest.approx((0.5, 0.5))


def test_no_incident_has_no_median() -> None:
    found = figures([], NOW, None)
    assert (found.detect, found.recover, found.count) == (None, None, 0)


def test_the_timeline_keeps_the_tracks_apart_and_every_bar_knows_its_incident() -> None:
    mine = [
        incident("service", ago=9 * DAY, lasts=HOUR, track="infrastructure", slo="latency", severity="page"),
        incident("answers", ago=3 * DAY, lasts=None, spent=0.5),
        incident("long", ago=90 * DAY, lasts=85 * DAY, model="n"),
    ]
    figure = incident_timeline(mine, NOW - 30 * DAY, NOW, ZONE)
    service, _, answers, seen = figure.data
    assert [list(bar) for bar in service.customdata] == [["service"]]
    assert [bar[0] for bar in answers.customdata] == ["answers", "long"]
    # An hour of thirty days would not be seen: it is as wide as 0.8 % of them.
    assert service.x[0] == pytest.approx(0.008 * 30 * DAY / timedelta(milliseconds=1))
    assert answers.x[0] == 3 * DAY / timedelta(milliseconds=1)
    # What began before the period begins at its edge, and was detected outside of it.
    assert answers.base[1] == (NOW - 30 * DAY).astimezone(ZONE).replace(tzinfo=None)
    assert list(seen.y) == ["m"]
    texts = [note.text.replace("\u00a0", " ") for note in figure.layout.annotations]
    assert {"page 10 %", "ticket open 50 %"} <= set(texts)
    assert figure.layout.yaxis.domain[0] > figure.layout.yaxis2.domain[1]


def test_the_course_has_a_panel_per_slo_and_lanes_on_the_same_times() -> None:
    one = case("fraud")
    step = step_of(one.span)
    start, end = one.span
    course = alerting().course("fraud", "accuracy", start=start, end=end, step=step)
    figure = incident_course(one, {"accuracy": course}, step)
    bars, *alerts, changes = figure.data
    assert len(bars.x) == course.drop_nulls("burn").height <= 300
    assert [line.text[0].strip() for line in alerts] == [f"{a.severity} {a.slo} {a.rule}" for a in one.alerts]
    assert [name.strip() for name in changes.text] == ["deploy v15"]
    axes = [figure.layout.xaxis, figure.layout.xaxis2, figure.layout.xaxis3]
    assert len({axis.range for axis in axes}) == 1
    assert {"onset", "detected", "now"} <= {note.text for note in figure.layout.annotations}


def test_without_burn_there_is_a_thin_line_and_without_data_nothing() -> None:
    one = case("credit-limit")
    times = [NOW - 3 * HOUR, NOW - 2 * HOUR, NOW - HOUR]
    course = pl.DataFrame(
        {"time": times, "valid": [9.0, 0.0, 9.0], "bad": [0.0, 0.0, 9.0], "burn": [0.0, None, 1000.0]}
    )
    bars = incident_course(one, {"availability": course}, HOUR).data[0]
    assert list(bars.y) == pytest.approx([0.05, 4.0])


def test_a_change_at_the_onset_is_not_said_to_precede_it() -> None:
    one = case("fraud")
    when = one.incident.started_at.astimezone(UTC)
    rows = pl.DataFrame([{"time": when, "model": "fraud", "kind": "config", "version": None, "note": None}])
    same = Case(**{**vars(one), "changes": rows})
    assert preceded(same) == "**config** is on record for the minutes in which it began."
    assert preceded(Case(**{**vars(one), "changes": rows.clear()})) is None


def test_the_report_has_the_headings_of_a_postmortem_and_fills_in_what_is_known() -> None:
    one = case("fraud")
    note = Note(at=NOW, by="ada", text="rolled back\n# not a heading", id="n")
    told = Case(**{**vars(one), "incident": one.incident.model_copy(update={"notes": (note,)})})
    text = report(told, {"accuracy": FakeWorkspace().segments("fraud", "accuracy")}).replace("\u00a0", " ")
    headings = [line for line in text.splitlines() if line.startswith("## ")]
    assert [h[3:] for h in headings] == [
        "Summary",
        "Impact",
        "Detection",
        "Timeline",
        "Lessons learned",
        "Action items",
        "Notes",
        "Similar past incidents",
    ]
    assert "- **Postmortem:** required: over 20 % of a budget spent" in text
    assert "**deploy v15** (new feature encoder) precedes it by 1 h 5 min." in text
    assert "| 14 Nov 2026, 14:00 CET | deploy v15: new feature encoder (1 h 5 min before it began) |" in text
    assert "| Ticket accuracy 3d/6h | 15 Nov 2026, 09:55 CET |" in text
    assert "> rolled back\n> # not a heading" in text
    assert "| version v15 |" in text
    assert text.count("_to be filled in_") == 5
    assert file_name(told.incident) == f"incident-2026-11-14-fraud-{told.incident.id}.md"


def test_lists_read_as_sentences() -> None:
    assert [listed(x) for x in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == ["", "a", "a and b", "a, b and c"]
