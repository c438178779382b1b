"""The cards of the alerts page: what fires, what wakes people, and what it is worth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

import streamlit as st

from burnline.dashboard import wording
from burnline.dashboard.parts.alert_board import Board
from burnline.dashboard.parts.alert_words import DAYS, WEEK, Firing, Worth, plural
from burnline.results import Alert


@dataclass(frozen=True)
class Lines:
    """The last thirty days, one value per local day, today last.

    ``firing`` at the end of the day (now for today), ``pages`` started on it, ``week`` alerts started in
    the seven days up to it, ``precision`` the share of those on a true burn (the last known one where none).
    """

    firing: list[int]
    pages: list[int]
    week: list[int]
    precision: list[float]


def lines(shown: Board, days: int = DAYS) -> Lines:
    """Counts the alerts by day."""
    alerts, zone = shown.alerts, shown.zone
    now = shown.at.astimezone(zone)
    ends = [min(now, datetime.combine(now.date() - timedelta(days=b - 1), time.min, zone)) for b in range(days)][::-1]

    def started(end: datetime, span: timedelta) -> list[Alert]:
        return [a for a in alerts if end - span < a.started_at <= end]

    weeks = [started(end, WEEK) for end in ends]
    precision: list[float] = []
    for week in weeks:
        if week:
            precision.append(sum(a.id in shown.on_burns for a in week) / len(week))
        elif precision:
            precision.append(precision[-1])
    today = [end.date() if end == now else (end - timedelta(seconds=1)).date() for end in ends]
    starts = [a.started_at.astimezone(zone).date() for a in alerts if a.severity == "page"]
    return Lines(
        firing=[
            sum(a.started_at <= end and (a.resolved_at is None or a.resolved_at > end) for a in alerts) for end in ends
        ],
        pages=[starts.count(day) for day in today],
        week=[len(week) for week in weeks],
        precision=precision,
    )


def alert_kpis(fires: Sequence[Firing], found: Worth, drawn: Lines) -> None:
    """Draws the cards."""
    pages = sum(a.severity == "page" for one in fires for a in one.alerts)
    firing = sum(len(one.alerts) for one in fires)
    marked = found.useful + found.noise
    with st.grid(5, min_column_width=160):
        st.metric(
            "Firing now",
            firing,
            f"{plural(pages, 'page')}, {plural(firing - pages, 'ticket')}",
            delta_color="red" if pages else "orange" if firing else "gray",
            delta_arrow="off",
            chart_data=drawn.firing,
            chart_type="area",
            border=True,
            height="stretch",
            help="Alerts that have not resolved; one page and one ticket at most per SLO. "
            "The line: at the end of each day.",
        )
        last, before = sum(drawn.pages[-7:]), sum(drawn.pages[-14:-7])
        st.metric(
            "Pages in 7 d",
            last,
            last - before,
            delta_color="inverse" if last > before else "off",
            delta_description="7 d",
            chart_data=drawn.pages,
            chart_type="area",
            border=True,
            height="stretch",
            help="Pages that started, and how many more than in the week before. The line: per day.",
        )
        st.metric(
            "Alerts a week",
            f"{found.per_week:.1f}",
            f"{found.alerts} in {DAYS} d",
            delta_color="off",
            delta_arrow="off",
            chart_data=drawn.week,
            chart_type="area",
            border=True,
            height="stretch",
            help="Pages and tickets that started, per week of the last thirty days. "
            "The line: in the seven days up to each.",
        )
        st.metric(
            "On a true burn",
            wording.percent(found.precision),
            f"{found.on_burn} of {found.alerts}",
            delta_color="off",
            delta_arrow="off",
            chart_data=drawn.precision if len(drawn.precision) > 1 else None,
            chart_type="area",
            border=True,
            height="stretch",
            help="Precision in hindsight: alerts on a burn that spent at least 1 % of a budget beyond its pace.",
        )
        st.metric(
            "Marked as noise",
            wording.percent(found.noisy),
            f"{found.noise} of {marked} marked" if marked else "none marked yet",
            delta_color="off",
            delta_arrow="off",
            border=True,
            height="stretch",
            help="Of the alerts of the last thirty days that people marked as useful or noise, below.",
        )
