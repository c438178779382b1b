"""The cards of the fleet page: a number, how it moved in a week, and its line of thirty days."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import polars as pl
import streamlit as st

from burnline.dashboard import wording
from burnline.dashboard.binding import binding
from burnline.dashboard.charts import trends
from burnline.results import FleetStatus, SloStatus, Track

_DAYS = 30
_WEEK = 7


@dataclass(frozen=True)
class _Card:
    label: str
    value: str
    line: Sequence[float]
    better: Literal["normal", "inverse"]
    help: str
    decimals: int = 0


def kpis(status: FleetStatus, trail: pl.DataFrame) -> None:
    """Draws the cards; the tracks are never added up."""
    cards = [
        _inside(status, trail, "infrastructure"),
        _inside(status, trail, "model"),
        _silent(status, trail),
        _burn(trail, "infrastructure"),
        _burn(trail, "model"),
        _alerts(status),
    ]
    with st.grid(6, min_column_width=150):
        for card in cards:
            _draw(card)


def _draw(card: _Card) -> None:
    line = [float(value) for value in card.line]
    moved = round(line[-1] - line[-1 - _WEEK], card.decimals) if len(line) > _WEEK else None
    change: str | float | None = moved if moved is None or card.decimals else int(moved)
    worse = moved is not None and moved != 0 and (moved < 0) == (card.better == "normal")
    st.metric(
        card.label,
        card.value,
        change,
        delta_color=card.better if worse else "off",
        delta_description=f"{_WEEK} d" if moved is not None else None,
        chart_data=line if len(line) > 1 else None,
        chart_type="area",
        border=True,
        height="stretch",
        help=card.help,
    )


def _slos(status: FleetStatus, track: Track) -> list[SloStatus]:
    return [s for m in status.models for s in binding(m) if s.track == track and s.budget_remaining is not None]


def _inside(status: FleetStatus, trail: pl.DataFrame, track: Track) -> _Card:
    slos = _slos(status, track)
    inside = sum((s.budget_remaining or 0.0) >= 0 for s in slos)
    return _Card(
        f"{wording.TRACKS[track]} SLOs met",
        f"{inside} / {len(slos)}",
        [*trends.inside_by_day(trail, track, _DAYS)[:-1], inside],
        "normal",
        "SLOs inside their budget, of those that have data; drift has a page of its own. "
        "The line: at the end of each day.",
    )


def _silent(status: FleetStatus, trail: pl.DataFrame) -> _Card:
    now = sum(m.verdict == "silent_model_failure" for m in status.models)
    return _Card(
        "Silent model failures",
        str(now),
        trends.silent_by_day(trail, _DAYS),
        "inverse",
        "Models whose service is fine and whose answers are not. "
        "The line: models that had spent their model budget only, at the end of each day.",
    )


def _alerts(status: FleetStatus) -> _Card:
    firing = [a for m in status.models for s in m.slos for a in s.alerts]
    pages = sum(a.severity == "page" for a in firing)
    return _Card(
        "Alerts firing",
        f"{len(firing)}" + (f" · {pages} page{'' if pages == 1 else 's'}" if pages else ""),
        (),
        "inverse",
        "Burns that exceed their threshold and are proven real, pages and tickets; the Alerts page lists them.",
    )


def _burn(trail: pl.DataFrame, track: Track) -> _Card:
    line = trends.burn_by_day(trail, track, _DAYS)
    return _Card(
        f"{wording.TRACKS[track]} burn",
        wording.times(line[-1] if line else None),
        line,
        "inverse",
        "All bad events and slices of the track over all that are allowed, on the newest day; "
        "at 1× the budgets last exactly as long as their windows.",
        decimals=2,
    )
