"""What happened while a budget burned: changes, incidents, corrected stretches, the present, a chosen day.

Every function returns shapes and notes for the axes of one panel; times are wall-clock times of the workspace.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

import plotly.graph_objects as go
import polars as pl

from burnline.dashboard.charts.canvas import AXIS, note
from burnline.dashboard.charts.palette import BAD, INFO, MUTE, WARN, alpha

# Names closer than this share of the width would lie on each other.
_NAME_WIDTH = 0.14
_STRIP = 0.035
_SEVERITY = {"page": BAD, "ticket": WARN}

Marks = tuple[list[dict[str, Any]], list[dict[str, Any]]]


@dataclass(frozen=True)
class Stretch:
    """A stretch of time with a reason: an incident (`severity`), or what a correction takes out."""

    start: datetime
    end: datetime
    text: str
    severity: Literal["page", "ticket"] | None = None


@dataclass(frozen=True)
class Extent:
    """The first and the last moment that a panel shows, as wall-clock times."""

    start: datetime
    end: datetime

    @property
    def width(self) -> timedelta:
        """Their distance."""
        return self.end - self.start

    def share(self, start: datetime, end: datetime) -> float:
        """The share of the width that a stretch takes."""
        return (self.cut(end) - self.cut(start)) / self.width

    def holds(self, start: datetime, end: datetime) -> bool:
        """Whether a stretch is (partly) shown."""
        return start <= self.end and end >= self.start

    def cut(self, at: datetime) -> datetime:
        """The moment, moved inside."""
        return min(max(at, self.start), self.end)


def wall(at: datetime, zone: ZoneInfo) -> datetime:
    """A moment on the clock of the workspace: the browser must not shift it to its own zone."""
    return at.astimezone(zone).replace(tzinfo=None)


def naive(zone: ZoneInfo) -> pl.Expr:
    """The column `time` on the clock of the workspace."""
    return pl.col("time").dt.convert_time_zone(zone.key).dt.replace_time_zone(None)


def shape(kind: str, axis: str, **where: Any) -> dict[str, Any]:
    """A shape on the axes of a panel."""
    return {"type": kind, "xref": f"x{axis}", "yref": f"y{axis}", **where}


def zero(axis: str) -> dict[str, Any]:
    """The line below which a budget is overspent."""
    across = {"x0": 0, "x1": 1, "y0": 0, "y1": 0, "line": {"color": AXIS, "width": 1}}
    return shape("line", axis, **across) | {"xref": f"x{axis} domain"}


def ideal(start: datetime, end: datetime, axis: str) -> dict[str, Any]:
    """From all at the start to nothing at the end: above it the budget lasts."""
    line = {"color": alpha(MUTE, 0.9), "width": 1.2, "dash": "dot"}
    return shape("line", axis, x0=start, x1=end, y0=1, y1=0, line=line, layer="below")


def exhausted(at: datetime, word: str, extent: Extent, axis: str) -> dict[str, Any]:
    """Where the budget was spent for good."""
    # The line falls from the upper left: the text stands to its right, or below it near the end.
    early = at < extent.start + extent.width * 0.6
    return note(
        at,
        0,
        f"{word} {at.day} {at:%b %H:%M}",
        xref=f"x{axis}",
        yref=f"y{axis}",
        font={"size": 11, "color": BAD},
        xanchor="left" if early else "right",
        showarrow=True,
        arrowhead=6,
        arrowsize=2.2,
        arrowwidth=1,
        arrowcolor=BAD,
        ax=30 if early else -30,
        ay=-24 if early else 16,
    )


def changes(
    events: pl.DataFrame, extent: Extent, now: datetime, axis: str, zone: ZoneInfo, *, named: bool, ink: str = MUTE
) -> Marks:
    """A vertical line per change (`events`: time, kind, version), named in `ink` where there is room; newest first."""
    inside = (
        events.with_columns(naive(zone))
        .filter(pl.col("time").is_between(extent.start, extent.end))
        .sort("time", descending=True)
    )
    line = {"color": alpha(MUTE, 0.9), "width": 1, "dash": "dash"}
    shapes: list[dict[str, Any]] = []
    notes: list[dict[str, Any]] = []
    free = extent.end + extent.width
    for event in inside.iter_rows(named=True):
        at = event["time"]
        shapes.append(shape("line", axis, x0=at, x1=at, y0=0, y1=1, yref=f"y{axis} domain", line=line, layer="below"))
        if named and free - at >= _NAME_WIDTH * extent.width:
            free = at
            notes.append(_name(event, axis, ink, left=now - at < _NAME_WIDTH * extent.width))
    return shapes, notes


def _name(event: dict[str, Any], axis: str, ink: str, *, left: bool) -> dict[str, Any]:
    return note(
        event["time"],
        1,
        " ".join(filter(None, (event["kind"], event["version"]))),
        xref=f"x{axis}",
        yref=f"y{axis} domain",
        xanchor="right" if left else "left",
        yanchor="top",
        font={"size": 10, "color": ink},
    )


def incidents(stretches: Sequence[Stretch], extent: Extent, axis: str, zone: ZoneInfo) -> list[dict[str, Any]]:
    """A strip at the foot of the panel from onset to end, and a breath of its colour above it."""
    shapes = []
    for one in stretches:
        start, end = wall(one.start, zone), wall(one.end, zone)
        if one.severity is not None and extent.holds(start, end):
            color = _SEVERITY[one.severity]
            for top, strength in ((_STRIP, 0.85), (1.0, 0.07)):
                look = {"fillcolor": alpha(color, strength), "line": {"width": 0}, "layer": "below"}
                shapes.append(_block(extent.cut(start), extent.cut(end), axis, top, look))
    return shapes


def incident_words(stretches: Sequence[Stretch], extent: Extent, foot: float, zone: ZoneInfo) -> go.Scatter | None:
    """An invisible point in the middle of each incident that says what it is to the mouse; `foot` is its height."""
    shown = [s for s in stretches if s.severity and extent.holds(wall(s.start, zone), wall(s.end, zone))]
    if not shown:
        return None
    spans = [(extent.cut(wall(s.start, zone)), extent.cut(wall(s.end, zone))) for s in shown]
    return go.Scatter(
        x=[start + (end - start) / 2 for start, end in spans],
        y=[foot] * len(shown),
        mode="markers",
        marker={"opacity": 0, "size": 14},
        text=[s.text for s in shown],
        hovertemplate="%{text}<extra></extra>",
    )


def corrected(stretches: Sequence[Stretch], extent: Extent, axis: str, zone: ZoneInfo) -> Marks:
    """Grey where events are left out, with the reason where there is room."""
    shapes: list[dict[str, Any]] = []
    notes: list[dict[str, Any]] = []
    free = extent.end + extent.width
    for one in sorted(stretches, key=lambda s: s.start, reverse=True):
        start, end = wall(one.start, zone), wall(one.end, zone)
        if one.severity is not None or not extent.holds(start, end):
            continue
        look = {"fillcolor": alpha(MUTE, 0.24), "line": {"color": alpha(MUTE, 0.6), "width": 1}, "layer": "below"}
        shapes.append(_block(extent.cut(start), extent.cut(end), axis, 1.0, look))
        if free - start >= _NAME_WIDTH * extent.width:
            free = start
            left = extent.end - start < 1.5 * _NAME_WIDTH * extent.width
            notes.append(
                note(
                    extent.cut(start),
                    0.08,
                    f"left out: {one.text}",
                    xref=f"x{axis}",
                    yref=f"y{axis} domain",
                    xanchor="right" if left else "left",
                    yanchor="bottom",
                    font={"size": 10, "color": MUTE},
                )
            )
    return shapes, notes


def present(at: datetime, axis: str) -> Marks:
    """A line between what was and what may come."""
    line = {"color": alpha(MUTE, 0.9), "width": 1}
    named = note(
        at,
        1,
        "now",
        xref=f"x{axis}",
        yref=f"y{axis} domain",
        xanchor="center",
        yanchor="bottom",
        font={"size": 10, "color": MUTE},
    )
    return [shape("line", axis, x0=at, x1=at, y0=0, y1=1, yref=f"y{axis} domain", line=line)], [named]


def band(focus: tuple[datetime, datetime], axis: str, zone: ZoneInfo) -> dict[str, Any]:
    """A chosen day."""
    start, end = (wall(at, zone) for at in focus)
    return _block(start, end, axis, 1.0, {"fillcolor": alpha(INFO, 0.16), "line": {"width": 0}, "layer": "below"})


def _block(start: datetime, end: datetime, axis: str, top: float, look: dict[str, Any]) -> dict[str, Any]:
    return shape("rect", axis, x0=start, x1=end, y0=0, y1=top, yref=f"y{axis} domain", **look)
