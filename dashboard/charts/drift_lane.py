"""Errors and what the inputs explain of them, day by day: the lane below the drift map, and a figure of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import plotly.graph_objects as go

from burnline.dashboard import drift_errors, drift_words, wording
from burnline.dashboard.charts.canvas import GRID, dress, note
from burnline.dashboard.charts.drift_grid import Grid
from burnline.dashboard.charts.palette import BAD, INFO, MUTE, alpha
from burnline.dashboard.drift_errors import Unit
from burnline.results.drift import ConceptDay

HEIGHT, HEAD = 132, 46
_TITLE = "<b>Concept drift</b>"
_FORMATS: dict[Unit, str] = {"share": ".1~%", "distance": ".3~g"}


def judged(drawn: Sequence[ConceptDay], window: Sequence[ConceptDay]) -> tuple[ConceptDay, ...]:
    """The days of ``drawn``; those of the window are red only where its verdict, which looks at more, says so."""
    known = {day.day: day.drifted for day in window}
    return tuple(day.model_copy(update={"drifted": known.get(day.day, day.drifted)}) for day in drawn)


def gap_figure(days: Sequence[ConceptDay], unit: Unit) -> go.Figure:
    """Realised errors with their interval, and what the inputs explain, per day."""
    ordered = sorted(days, key=lambda d: d.day)
    traces, top = _traces(ordered, {d.day: float(i) for i, d in enumerate(ordered)}, 1.0, "y", unit)
    figure = go.Figure(traces)
    dress(figure, 240)
    figure.update_layout(bargap=0, hovermode="closest")
    every = max(1, -(-len(ordered) // 7))
    places = list(range((len(ordered) - 1) % every, len(ordered), every))
    figure.update_xaxes(
        range=[-0.6, len(ordered) - 0.4],
        tickvals=places,
        ticktext=[wording.day(drift_words.utc_day(ordered[i].day)) for i in places],
    )
    figure.update_yaxes(range=[0, top], tickformat=_FORMATS[unit], nticks=5, ticksuffix="  ")
    return figure


def draw(
    figure: go.Figure, found: Grid, days: Sequence[ConceptDay], unit: Unit, *, domain: tuple[float, float]
) -> list[dict[str, Any]]:
    """Adds the days to the time axis of the drift map, on a second y axis over ``domain``; returns the words."""
    places = {d.day: found.index(d.day.astimezone(UTC) + timedelta(hours=12)) for d in days}
    shown = [d for d in days if -0.5 <= places[d.day] <= len(found.times) - 0.5]
    traces, top = _traces(shown, places, 1.0 if found.step == "1d" else 24.0, "y2", unit)
    figure.add_traces(traces)
    figure.update_layout(
        yaxis2={
            "domain": domain,
            "range": [0, top],
            "tickformat": _FORMATS[unit],
            "nticks": 4,
            "gridcolor": GRID,
            "zeroline": False,
            "automargin": True,
            "fixedrange": True,
            "ticksuffix": "  ",
            "tickfont": {"size": 11},
        },
        bargap=0,
    )
    place: dict[str, Any] = {"xref": "paper", "yref": "paper", "xanchor": "left", "yanchor": "bottom", "yshift": 5}
    return [note(0, domain[1], _TITLE, **place | {"font": {"size": 11}})]


def _traces(
    days: Sequence[ConceptDay], places: Mapping[datetime, float], per_day: float, axis: str, unit: Unit
) -> tuple[list[go.Bar | go.Scatter], float]:
    """A dot with its interval per day, red where it is more than the inputs explain, and the line that they explain;
    days whose labels still come in are hatched. Also returns the height of the lane."""
    top = max((max(d.interval[1], d.expected) for d in days), default=0.0) * 1.12 or 1.0
    late = [d for d in days if d.provisional]
    known = [d for d in days if d.labelled]
    colors = [BAD if d.drifted else INFO for d in known]
    common: dict[str, Any] = {"yaxis": axis}
    return [
        go.Bar(
            x=[places[d.day] for d in late],
            y=[top] * len(late),
            width=[per_day] * len(late),
            marker={
                "color": "rgba(0,0,0,0)",
                "line": {"width": 0},
                "pattern": {"shape": "/", "fgcolor": alpha(MUTE, 0.35), "size": 6, "solidity": 0.15},
            },
            hoverinfo="skip",
            **common,
        ),
        go.Scatter(
            x=[places[d.day] for d in days],
            y=[d.expected for d in days],
            mode="lines",
            line={"color": MUTE, "width": 1.5, "shape": "hvh"},
            hoverinfo="skip",
            **common,
        ),
        go.Scatter(
            x=[places[d.day] for d in known for _ in range(3)],
            y=[y for d in known for y in (*d.interval, None)],
            mode="lines",
            line={"color": alpha(MUTE, 0.8), "width": 1.4},
            hoverinfo="skip",
            **common,
        ),
        go.Scatter(
            x=[places[d.day] for d in known],
            y=[d.realised for d in known],
            mode="markers",
            marker={
                "size": 7,
                "color": [alpha(c, 0.25) if d.provisional else c for d, c in zip(known, colors, strict=True)],
                "symbol": ["diamond" if d.drifted else "circle" for d in known],
                "line": {"color": colors, "width": 1.4},
            },
            text=[_said(d, unit) for d in known],
            hovertemplate="%{text}<extra></extra>",
            **common,
        ),
    ], top


def _said(day: ConceptDay, unit: Unit) -> str:
    low, high = (drift_errors.level(v, unit) for v in day.interval)
    verdict = "<b>more than the inputs explain</b>" if day.drifted else "as the inputs explain"
    late = "<br>labels still come in" if day.provisional else ""
    return (
        f"<b>{wording.day(drift_words.utc_day(day.day))}</b>: {verdict}<br>{drift_errors.level(day.realised, unit)} "
        f"({low} to {high}), expected {drift_errors.level(day.expected, unit)}<br>"
        f"{wording.count(day.labelled)} labelled{late}"
    )
