from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from fakes import FakeWorkspace

from burnline.dashboard.charts.alert_replay import coarse, replay_figure
from burnline.dashboard.charts.alert_timeline import lanes, timeline
from burnline.dashboard.parts import alert_words
from burnline.dashboard.parts.alert_board import Board
from burnline.dashboard.parts.alert_kpis import lines
from burnline.records.records import Records
from burnline.results import Alert

ZURICH = ZoneInfo("Europe/Zurich")
AT = datetime(2026, 11, 22, 22, tzinfo=UTC)


def alert(hours_ago: float, lasts: float | None = 1.0, *, slo: str = "latency", **more: Any) -> Alert:
    started = AT - timedelta(hours=hours_ago)
    values: dict[str, Any] = {
        "id": f"{slo}-{hours_ago}",
        "model": "fraud",
        "slo": slo,
        "track": "infrastructure",
        "severity": "page",
        "rule": "1h/5m",
        "started_at": started,
        "resolved_at": None if lasts is None else started + timedelta(hours=lasts),
        "burn_long": 20.0,
        "burn_short": 30.0,
        "budget_spent": 0.02,
        "confirmed": True,
        "fleet_discovery": True,
    }
    return Alert(**values | more)


def shown(alerts: Sequence[Alert], **more: Any) -> Board:
    values: dict[str, Any] = {"groups": (), "on_burns": frozenset(), "incidents": {}, "statuses": {}}
    return Board(alerts=tuple(alerts), records=Records(), at=AT, zone=ZURICH, **values | more)


def test_a_bar_reaches_from_start_to_resolution_on_the_clock_of_the_workspace() -> None:
    pages, tickets, open_ = timeline([alert(10, 2)], AT - timedelta(days=1), AT, ZURICH).data
    # 12:00 UTC is 13:00 in Zurich; two hours are 7,200,000 ms.
    assert pages.base[0] == datetime(2026, 11, 22, 13)
    assert pages.x[0] == 7_200_000
    assert (len(tickets.x), len(open_.x)) == (0, 0)


def test_an_alert_that_began_before_is_cut_and_an_open_one_ends_in_an_arrow() -> None:
    pages, _, open_ = timeline([alert(30, None)], AT - timedelta(days=1), AT, ZURICH).data
    assert pages.base[0] == datetime(2026, 11, 21, 23)
    assert pages.x[0] == 24 * 3_600_000
    assert open_.marker.symbol == "triangle-right"
    assert list(open_.x) == [datetime(2026, 11, 22, 23)]


def test_tickets_differ_from_pages_without_colour() -> None:
    pages, tickets, _ = timeline([alert(9), alert(8, severity="ticket")], AT - timedelta(days=1), AT, ZURICH).data
    assert (pages.marker.pattern.shape, tickets.marker.pattern.shape) == ("", "/")
    assert pages.width > tickets.width
    assert pages.y[0] < tickets.y[0]


def test_the_slo_that_alerted_last_is_on_top() -> None:
    assert lanes([alert(5), alert(3, slo="availability"), alert(9, slo="availability")]) == [
        ("fraud", "availability"),
        ("fraud", "latency"),
    ]


def test_noise_is_faded_and_the_selected_alert_framed() -> None:
    marked, chosen = alert(9, mark="noise"), alert(5)
    pages = timeline([marked, chosen], AT - timedelta(days=1), AT, ZURICH, chosen.id).data[0]
    assert pages.marker.color[0].endswith("0.35)")
    assert list(pages.marker.line.width) == [0, 2.5]
    assert [data[0] for data in pages.customdata] == [marked.id, chosen.id]


def test_burn_is_summed_over_steps_before_it_is_divided() -> None:
    times = [AT + timedelta(hours=h) for h in range(1000)]
    counts = {"valid": [100.0, 300.0] * 500, "bad": [4.0, 0.0] * 500}
    line = coarse(pl.DataFrame({"time": times} | counts), 0.99)
    # 1,000 hours make 500 steps of two: 4 of 400 at 1 % allowed is 1x.
    assert line.height == 500
    assert line["burn"].to_list() == pytest.approx([1.0] * 500)


def test_a_replay_has_a_lane_of_each_and_shades_its_true_burns() -> None:
    workspace = FakeWorkspace()
    found = workspace.replay("ad-ctr", "latency")
    figure = replay_figure(found, workspace.arrived("ad-ctr", "latency"), ZURICH)
    burn, raw_pages, raw_tickets, pages, tickets = figure.data
    assert min(b for b in burn.y if b is not None) >= 0.1
    assert len(raw_pages.x) + len(raw_tickets.x) == found.raw.alerts
    assert len(pages.x) + len(tickets.x) == found.gated.alerts
    assert sum(shape.type == "rect" for shape in figure.layout.shapes) == len(found.burns) == 1
    assert max(raw_pages.y) < 1 < min(pages.y)


def test_lines_count_what_fired_at_the_end_of_each_day() -> None:
    # 22:00 UTC is 23:00 of the 22nd in Zurich: 30 h ago is the 21st, 17:00; it resolved on the 22nd at 05:00.
    drawn = lines(shown([alert(30, 12), alert(2, None)], on_burns=frozenset({"latency-2"})), 3)
    assert drawn.firing == [0, 1, 1]
    assert drawn.pages == [0, 1, 1]
    assert drawn.week == [0, 1, 2]
    assert drawn.precision == [0.0, 0.5]


def test_what_nobody_answers_comes_first() -> None:
    workspace = FakeWorkspace()
    everything = workspace.alerting()
    busy = [a.model_copy(update={"acknowledged_by": "Ada"}) if a.model == "fraud" else a for a in everything.alerts]
    before, after = (
        [one.group.model for one in alert_words.firing(shown(alerts, groups=everything.groups))]
        for alerts in (everything.alerts, busy)
    )
    assert before[0] == after[0] == "ad-ctr"
    assert after[-1] == "fraud" != before[-1]


@pytest.mark.parametrize(
    ("worth", "verdict"),
    [
        (alert_words.Worth(10, 9, 4.0, 0, 0), "Worth having"),
        (alert_words.Worth(10, 8, 4.0, 0, 0), "Noisy"),
        # One of four marked is noise: a quarter, above a fifth.
        (alert_words.Worth(10, 10, 4.0, 3, 1), "Noisy to people"),
        (alert_words.Worth(0, 0, 4.0, 0, 0), "No alert in 30 days"),
    ],
)
def test_the_verdict_follows_hindsight_and_people(worth: alert_words.Worth, verdict: str) -> None:
    said = alert_words.judged(worth, 30)
    assert (f"**{verdict}**" if worth.alerts else verdict) in said


@pytest.mark.parametrize(
    ("e_value", "text"),
    [(191.87, "at most 1 in 191 by chance"), (1e117, "less than 1 in a million by chance"), (None, "without evidence")],
)
def test_evidence_in_words(e_value: float | None, text: str) -> None:
    assert alert_words.chance(e_value) == text
