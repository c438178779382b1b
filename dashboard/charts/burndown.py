"""Error budgets over time: one panel per SLO, one above the other on the same days."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import plotly.graph_objects as go
import polars as pl
from plotly.subplots import make_subplots

from burnline.dashboard.charts.canvas import AXIS, dress, note, thin
from burnline.dashboard.charts.palette import BAD, INFO, MUTE, WHAT_IF, alpha

# Names of changes closer than this share of the width would lie on each other.
_NAME_WIDTH = 0.14


@dataclass(frozen=True)
class Panel:
    """One budget: `frame` has time and remaining; `ends` is where the ideal line meets zero, if drawn."""

    title: str
    subtitle: str
    frame: pl.DataFrame
    ends: datetime | None = None
    what_if: pl.DataFrame | None = None


def exhausted_at(frame: pl.DataFrame) -> datetime | None:
    """When the budget was last exhausted and has stayed so; None if there is some left."""
    known = frame.drop_nulls("remaining")
    if known.is_empty() or known["remaining"][-1] >= 0:
        return None
    above = known.filter(pl.col("remaining") >= 0)
    later = known if above.is_empty() else known.filter(pl.col("time") > above["time"][-1])
    moment: datetime = later["time"][0]
    return moment


def burndown(
    panels: Sequence[Panel],
    zone: ZoneInfo,
    *,
    events: pl.DataFrame | None = None,
    focus: tuple[datetime, datetime] | None = None,
    panel_height: int = 190,
) -> go.Figure:
    """Draws the panels; `events` (time, kind, version) are marked, `focus` is shaded."""
    figure = make_subplots(rows=len(panels), cols=1, shared_xaxes=True, vertical_spacing=0.19 if len(panels) > 1 else 0)
    shapes: list[dict[str, Any]] = []
    notes: list[dict[str, Any]] = []
    for row, panel in enumerate(panels, start=1):
        axis = "" if row == 1 else str(row)
        frame = _local(panel.frame, zone)
        notes.append(_title(panel, axis))
        if frame.is_empty():
            notes.append(_nothing(axis))
            continue
        shapes += _ideal(panel, frame, axis, zone)
        for trace in _traces(frame):
            figure.add_trace(trace, row=row, col=1)
        if panel.what_if is not None:
            figure.add_trace(_what_if(_local(panel.what_if, zone)), row=row, col=1)
        shapes.append(_zero(axis))
        notes += _exhausted(exhausted_at(panel.frame), frame, axis, zone)
        if events is not None:
            marked = _marks(events, frame, axis, zone, named=row == 1)
            shapes += marked[0]
            notes += marked[1]
        if focus is not None:
            shapes.append(_band(focus, axis, zone))
        figure.update_yaxes(range=_range(panel, frame), tickformat=".0%", nticks=5, row=row, col=1)
    dress(figure, panel_height * len(panels) + 40)
    figure.update_layout(shapes=shapes, annotations=notes, hovermode="x", margin_t=30)
    figure.update_xaxes(tickformat="%-d %b", nticks=7, showticklabels=True)
    return figure


def _local(frame: pl.DataFrame, zone: ZoneInfo) -> pl.DataFrame:
    """Wall-clock times of the workspace: the browser must not shift them to its own zone."""
    known = thin(frame.select("time", "remaining").drop_nulls())
    return known.with_columns(_naive(zone))


def _naive(zone: ZoneInfo) -> pl.Expr:
    return pl.col("time").dt.convert_time_zone(zone.key).dt.replace_time_zone(None)


def _wall(at: datetime, zone: ZoneInfo) -> datetime:
    return at.astimezone(zone).replace(tzinfo=None)


def _traces(frame: pl.DataFrame) -> list[go.Scatter]:
    """The line, blue above zero and red below, over a fading fill."""
    crossed = _with_crossings(frame)
    traces = []
    for color, sign in ((INFO, 1), (BAD, -1)):
        side = crossed.with_columns(
            pl.when(pl.col("remaining") * sign >= 0).then("remaining").otherwise(None).alias("line")
        )
        if side["line"].drop_nulls().len() < 2:
            continue
        fade = [[0, alpha(color, 0.04)], [1, alpha(color, 0.34)]] if sign > 0 else None
        traces.append(
            go.Scatter(
                x=side["time"].to_list(),
                y=side["line"].to_list(),
                mode="lines",
                line={"color": color, "width": 2},
                fill="tozeroy",
                fillcolor=alpha(color, 0.3),
                fillgradient={"type": "vertical", "colorscale": fade} if fade else None,
                hovertemplate="%{x|%-d %b %H:%M} · <b>%{y:.1%}</b> left<extra></extra>",
            )
        )
    return traces


def _with_crossings(frame: pl.DataFrame) -> pl.DataFrame:
    """Adds the moments at which the line meets zero, so that both colours end there."""
    before = frame.with_columns(
        pl.col("time").shift(-1).alias("next"), pl.col("remaining").shift(-1).alias("then")
    ).filter(pl.col("remaining") * pl.col("then") < 0)
    met = before.select(
        (
            pl.col("time")
            + (pl.col("next") - pl.col("time")) * (pl.col("remaining") / (pl.col("remaining") - pl.col("then")))
        ).alias("time"),
        pl.lit(0.0).alias("remaining"),
    )
    return pl.concat([frame, met.cast({"time": frame.schema["time"]})]).sort("time")


def _what_if(frame: pl.DataFrame) -> go.Scatter:
    return go.Scatter(
        x=frame["time"].to_list(),
        y=frame["remaining"].to_list(),
        mode="lines",
        line={"color": WHAT_IF, "width": 2, "dash": "dash"},
        hovertemplate="what if: <b>%{y:.1%}</b> left<extra></extra>",
    )


def _ideal(panel: Panel, frame: pl.DataFrame, axis: str, zone: ZoneInfo) -> list[dict[str, Any]]:
    """From all at the start to nothing at the end: above it the budget lasts."""
    if panel.ends is None:
        return []
    line = {"color": alpha(MUTE, 0.9), "width": 1.2, "dash": "dot"}
    start, end = frame["time"][0], _wall(panel.ends, zone)
    return [_shape("line", axis, x0=start, x1=end, y0=1, y1=0, line=line, layer="below")]


def _zero(axis: str) -> dict[str, Any]:
    line = {"color": AXIS, "width": 1}
    return {
        "type": "line",
        "xref": f"x{axis} domain",
        "yref": f"y{axis}",
        "x0": 0,
        "x1": 1,
        "y0": 0,
        "y1": 0,
        "line": line,
    }


def _exhausted(at: datetime | None, frame: pl.DataFrame, axis: str, zone: ZoneInfo) -> list[dict[str, Any]]:
    if at is None:
        return []
    moment = _wall(at, zone)
    # The line falls from the upper left: the text stands to its right, or below it near the end.
    early = moment < frame["time"][0] + (frame["time"][-1] - frame["time"][0]) * 0.6
    return [
        note(
            moment,
            0,
            f"exhausted {moment.day} {moment:%b %H:%M}",
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
    ]


def _marks(
    events: pl.DataFrame, frame: pl.DataFrame, axis: str, zone: ZoneInfo, *, named: bool
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """A vertical line per change, named where there is room; the newest first."""
    inside = (
        events.with_columns(_naive(zone))
        .filter(pl.col("time").is_between(frame["time"][0], frame["time"][-1]))
        .sort("time", descending=True)
    )
    line = {"color": alpha(MUTE, 0.9), "width": 1, "dash": "dash"}
    shapes: list[dict[str, Any]] = []
    notes: list[dict[str, Any]] = []
    span = frame["time"][-1] - frame["time"][0]
    free = frame["time"][-1] + span
    for event in inside.iter_rows(named=True):
        at = event["time"]
        shapes.append(_shape("line", axis, x0=at, x1=at, y0=0, y1=1, yref=f"y{axis} domain", line=line, layer="below"))
        if named and free - at >= _NAME_WIDTH * span:
            free = at
            notes.append(_name(event, axis, left=frame["time"][-1] - at < _NAME_WIDTH * span))
    return shapes, notes


def _name(event: dict[str, Any], axis: str, *, left: bool) -> dict[str, Any]:
    return note(
        event["time"],
        1,
        " ".join(filter(None, (event["kind"], event["version"]))),
        xref=f"x{axis}",
        yref=f"y{axis} domain",
        xanchor="right" if left else "left",
        yanchor="top",
        font={"size": 10, "color": MUTE},
    )


def _band(focus: tuple[datetime, datetime], axis: str, zone: ZoneInfo) -> dict[str, Any]:
    start, end = (_wall(at, zone) for at in focus)
    look = {"fillcolor": alpha(INFO, 0.16), "line": {"width": 0}, "layer": "below"}
    return _shape("rect", axis, x0=start, x1=end, y0=0, y1=1, yref=f"y{axis} domain", **look)


def _shape(kind: str, axis: str, **where: Any) -> dict[str, Any]:
    return {"type": kind, "xref": f"x{axis}", "yref": f"y{axis}", **where}


def _title(panel: Panel, axis: str) -> dict[str, Any]:
    text = f"<b>{panel.title}</b>  <span style='color:{MUTE}'>{panel.subtitle}</span>"
    return note(
        0,
        1,
        text,
        xref=f"x{axis} domain",
        yref=f"y{axis} domain",
        xanchor="left",
        yanchor="bottom",
        yshift=6,
        align="left",
    )


def _nothing(axis: str) -> dict[str, Any]:
    return note(0.5, 0.5, "no data", xref=f"x{axis} domain", yref=f"y{axis} domain", font={"size": 12, "color": MUTE})


def _range(panel: Panel, frame: pl.DataFrame) -> list[float]:
    values = frame["remaining"] if panel.what_if is None else frame["remaining"].append(panel.what_if["remaining"])
    lowest = min((v for v in values if v is not None), default=0.0)
    return [min(-0.24 if lowest < 0 else -0.04, lowest * 1.08), 1.06]
