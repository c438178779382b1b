"""The areas of a burndown: what a budget was spent on, what late labels leave open, what may come."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import plotly.graph_objects as go
import polars as pl

from burnline.dashboard.charts.burndown_marks import naive, wall
from burnline.dashboard.charts.canvas import note, thin
from burnline.dashboard.charts.palette import BAD, INFO, MUTE, alpha

# Mid-tones on which the same dark text is read in both themes.
INK = "#10151F"
# From the top down, surest last: what is proven touches the line of what is left.
_PARTS: tuple[tuple[str, str, str, dict[str, str] | None], ...] = (
    ("irreducible", "accepted", alpha("#94A4C6", 0.8), None),
    ("noise", "noise", alpha("#BAC5DC", 0.8), None),
    ("unexplained", "unexplained", alpha("#E3C9CC", 0.8), {"shape": "/", "fgcolor": alpha(BAD, 0.55)}),
    ("confirmed", "confirmed", alpha("#E0766C", 0.8), None),
)
_TEXT = 17


@dataclass(frozen=True)
class Outlook:
    """The forecast in a few words, said beside the figure, and when the budget is exhausted: the median and an 80 %
    interval, if at all."""

    words: str
    at: datetime | None = None
    interval: tuple[datetime | None, datetime | None] | None = None


@dataclass(frozen=True)
class Waiting:
    """Late labels: since when some wait, and what is left of the budget if they are as expected (95 %)."""

    since: datetime
    left: float
    low: float
    high: float


def spent(spend: pl.DataFrame, zone: ZoneInfo) -> Iterator[go.Scatter]:
    """Bands that hang from the full budget down to what is left (`spend`: time and the four parts)."""
    rows = thin(spend.with_columns(naive(zone)))
    times = rows["time"].to_list()
    flat: dict[str, Any] = {"x": times, "mode": "lines", "line": {"width": 0}, "hoverinfo": "skip"}
    yield go.Scatter(y=[1.0] * len(times), **flat)
    edge = pl.Series([1.0] * len(times))
    for part, _, color, pattern in _PARTS:
        edge = edge - rows[part]
        hatch = {"bgcolor": color, "size": 6, "solidity": 0.3, **pattern} if pattern else None
        yield go.Scatter(y=edge.to_list(), fill="tonexty", fillcolor=color, fillpattern=hatch, **flat)


def spent_names(spend: pl.DataFrame, axis: str, zone: ZoneInfo, *, pixels: float) -> list[dict[str, Any]]:
    """The name of each band at its right end, where it is as high as a line of text; `pixels` are those of 100 %."""
    last, edge, notes = spend[-1], 1.0, []
    for part, name, *_ in _PARTS:
        share = float(last[part][0])
        edge -= share
        if share * pixels >= _TEXT:
            notes.append(
                note(
                    wall(last["time"][0], zone),
                    edge + share / 2,
                    f"{name} {share:.0%}",
                    xref=f"x{axis}",
                    yref=f"y{axis}",
                    xanchor="right",
                    xshift=-6,
                    font={"size": 11, "color": INK},
                )
            )
    return notes


def ahead(cone: pl.DataFrame, zone: ZoneInfo) -> list[go.Scatter]:
    """The 80 % band of what will be left, and its median (`cone`: time, low, middle, high)."""
    rows = cone.with_columns(naive(zone))
    times = rows["time"].to_list()
    edge = {"x": times, "mode": "lines", "line": {"width": 0}, "hoverinfo": "skip"}
    return [
        go.Scatter(y=rows["high"].to_list(), **edge),
        go.Scatter(y=rows["low"].to_list(), fill="tonexty", fillcolor=alpha(INFO, 0.17), **edge),
        go.Scatter(
            x=times,
            y=rows["middle"].to_list(),
            mode="lines",
            line={"color": INFO, "width": 1.6, "dash": "5px,4px"},
            customdata=rows.select("low", "high").rows(),
            hovertemplate="%{x|%-d %b} · <b>%{y:.0%}</b> left, 80 %: %{customdata[0]:.0%} to %{customdata[1]:.0%}"
            "<extra></extra>",
        ),
    ]


def outlook(said: Outlook, cone: pl.DataFrame, zone: ZoneInfo) -> list[go.Scatter]:
    """Where the cone meets zero: the median moment on its 80 % interval."""
    end = wall(cone["time"][-1], zone)
    traces = []
    if said.interval is not None and said.interval[0] is not None:
        upto = end if said.interval[1] is None else min(wall(said.interval[1], zone), end)
        traces.append(_span(wall(said.interval[0], zone), upto))
    if said.at is not None:
        traces.append(_dot(wall(said.at, zone)))
    return traces


def _span(start: datetime, end: datetime) -> go.Scatter:
    line = {"color": alpha(BAD, 0.55), "width": 5}
    return go.Scatter(x=[start, end], y=[0, 0], mode="lines", line=line, hoverinfo="skip")


def _dot(at: datetime) -> go.Scatter:
    return go.Scatter(
        x=[at],
        y=[0],
        mode="markers",
        marker={"color": BAD, "size": 9},
        hovertemplate="half of the futures have spent it by %{x|%-d %b %H:%M}<extra></extra>",
    )


def waiting(open_: Waiting, end: datetime, zone: ZoneInfo, lowest: float) -> Sequence[go.Scatter]:
    """Hatching while labels wait, and at its end the estimate of what is left with its interval."""
    start = wall(open_.since, zone)
    return [
        go.Scatter(
            x=[start, end, end, start],
            y=[1, 1, lowest, lowest],
            mode="lines",
            line={"width": 0},
            fill="toself",
            fillcolor=alpha(MUTE, 0.02),
            fillpattern={"shape": "/", "size": 7, "solidity": 0.15, "fgcolor": alpha(MUTE, 0.55)},
            hoverinfo="skip",
        ),
        go.Scatter(
            x=[end],
            y=[open_.left],
            mode="markers",
            marker={"color": INFO, "size": 9, "symbol": "diamond"},
            error_y={
                "type": "data",
                "symmetric": False,
                "array": [open_.high - open_.left],
                "arrayminus": [open_.left - open_.low],
                "color": INFO,
                "thickness": 2,
                "width": 5,
            },
            hovertemplate=f"with late labels as expected: <b>%{{y:.0%}}</b> left, "
            f"95 %: {open_.low:.0%} to {open_.high:.0%}<extra></extra>",
        ),
    ]


def waiting_name(open_: Waiting, axis: str, zone: ZoneInfo, ink: str) -> dict[str, Any]:
    """Says what the hatching is."""
    return note(
        wall(open_.since, zone),
        0.9,
        "labels wait",
        xref=f"x{axis}",
        yref=f"y{axis} domain",
        xanchor="right",
        xshift=-4,
        font={"size": 10, "color": ink},
    )
