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

from burnline.dashboard.charts import burndown_bands as bands
from burnline.dashboard.charts import burndown_marks as marks
from burnline.dashboard.charts.burndown_bands import Outlook, Waiting
from burnline.dashboard.charts.burndown_marks import Extent, Stretch, naive, wall
from burnline.dashboard.charts.canvas import dress, note, thin
from burnline.dashboard.charts.palette import BAD, INFO, MUTE, WHAT_IF, alpha

_CONE_BELOW = 1.0
# A shorter stretch has no room for its name.
_NAMED = 0.05
_MARGIN = 0.01


@dataclass(frozen=True)
class Panel:
    """One budget: `frame` has time and remaining; `ends` is where the ideal line meets zero, if drawn.

    `what_if` is the budget of another promise and `raw` the same one before corrections, both like
    `frame`; `spend` what it was spent on, `cone` what may come and `outlook` its words; `waiting` is
    what late labels leave open and `stretches` are incidents and corrections; `spent_word` says what
    befell the budget where the line meets zero for good.
    """

    title: str
    subtitle: str
    frame: pl.DataFrame
    ends: datetime | None = None
    what_if: pl.DataFrame | None = None
    raw: pl.DataFrame | None = None
    spend: pl.DataFrame | None = None
    cone: pl.DataFrame | None = None
    outlook: Outlook | None = None
    waiting: Waiting | None = None
    stretches: tuple[Stretch, ...] = ()
    spent_word: str = "exhausted"


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
    extents: list[Extent] = []
    for row, panel in enumerate(panels, start=1):
        axis = "" if row == 1 else str(row)
        notes.append(_title(panel, axis))
        frame = _local(panel.frame, zone)
        if frame.is_empty():
            notes.append(_nothing(axis))
            continue
        low, high = _range(panel, frame)
        drawn = _Drawing(panel, frame, axis, zone, (low, high), panel_height / (high - low))
        extents.append(drawn.extent)
        for trace in drawn.traces():
            figure.add_trace(trace, row=row, col=1)
        notes += drawn.notes()
        shapes += drawn.shapes(focus)
        if events is not None:
            marked = marks.changes(events, drawn.extent, drawn.now, axis, zone, named=row == 1, ink=drawn.ink)
            shapes += marked[0]
            notes += marked[1]
        figure.update_yaxes(range=[low, high], tickformat=".0%", nticks=5, row=row, col=1)
    dress(figure, panel_height * len(panels) + 40)
    figure.update_layout(shapes=shapes, annotations=notes, hovermode="x", margin_t=30)
    figure.update_xaxes(tickformat="%-d %b", nticks=7, showticklabels=True)
    if extents:
        start, end = min(e.start for e in extents), max(e.end for e in extents)
        figure.update_xaxes(range=[start, end + (end - start) * _MARGIN])
    return figure


@dataclass(frozen=True)
class _Drawing:
    """One panel on its axes: `span` is that of its y axis, `pixels` the height of a whole budget."""

    panel: Panel
    frame: pl.DataFrame
    axis: str
    zone: ZoneInfo
    span: tuple[float, float]
    pixels: float

    @property
    def now(self) -> datetime:
        """The moment between what is known and what may come."""
        cone = self.panel.cone
        at: datetime = self.frame["time"][-1] if cone is None else wall(cone["time"][0], self.zone)
        return at

    @property
    def ink(self) -> str:
        """The colour of words at the top of the panel, which lie on the bands where there are some."""
        return MUTE if self.panel.spend is None else bands.INK

    @property
    def extent(self) -> Extent:
        """What the panel shows, the future included."""
        ends = [self.now]
        if self.panel.cone is not None:
            ends.append(wall(self.panel.cone["time"][-1], self.zone))
        if self.panel.ends is not None:
            ends.append(wall(self.panel.ends, self.zone))
        return Extent(self.frame["time"][0], max(ends))

    def traces(self) -> list[go.Scatter]:
        """Areas first, lines over them."""
        panel, zone = self.panel, self.zone
        found: list[go.Scatter] = []
        if panel.spend is not None:
            found += bands.spent(panel.spend, zone)
        if panel.waiting is not None:
            found += bands.waiting(panel.waiting, self.now, zone, self.span[0])
        found += _lines(self.frame, filled=panel.spend is None)
        if panel.cone is not None:
            found += bands.ahead(panel.cone, zone)
            if panel.outlook is not None:
                found += bands.outlook(panel.outlook, panel.cone, zone)
        incidents = marks.incident_words(panel.stretches, self.extent, self.span[0], zone)
        if incidents is not None:
            found.append(incidents)
        if panel.raw is not None:
            found.append(_line(_local(panel.raw, zone), MUTE, "3px,2px", "before corrections"))
        if panel.what_if is not None:
            found.append(_line(_local(panel.what_if, zone), WHAT_IF, "dash", "what if"))
        return found

    def shapes(self, focus: tuple[datetime, datetime] | None) -> list[dict[str, Any]]:
        """The ideal line, zero, the present, incidents, corrections and the chosen day."""
        panel, axis, zone = self.panel, self.axis, self.zone
        found = [marks.zero(axis)]
        if panel.ends is not None:
            found.append(marks.ideal(self.frame["time"][0], wall(panel.ends, zone), axis))
        found += marks.incidents(panel.stretches, self.extent, axis, zone)
        found += marks.corrected(panel.stretches, self.extent, axis, zone)[0]
        if panel.cone is not None:
            found += marks.present(self.now, axis)[0]
        if focus is not None:
            found.append(marks.band(focus, axis, zone))
        return found

    def notes(self) -> list[dict[str, Any]]:
        """Words beside what they name."""
        panel, axis, zone = self.panel, self.axis, self.zone
        found: list[dict[str, Any]] = []
        gone = exhausted_at(panel.frame)
        if gone is not None:
            found.append(marks.exhausted(wall(gone, zone), panel.spent_word, self.extent, axis))
        found += marks.corrected(panel.stretches, self.extent, axis, zone)[1]
        if panel.spend is not None:
            found += bands.spent_names(panel.spend, axis, zone, pixels=self.pixels)
        if panel.waiting is not None and self.extent.share(wall(panel.waiting.since, zone), self.now) > _NAMED:
            found.append(bands.waiting_name(panel.waiting, axis, zone, self.ink))
        if panel.cone is not None:
            found += marks.present(self.now, axis)[1]
        return found


def _local(frame: pl.DataFrame, zone: ZoneInfo) -> pl.DataFrame:
    """Wall-clock times of the workspace, few enough to draw."""
    return thin(frame.select("time", "remaining").drop_nulls()).with_columns(naive(zone))


def _lines(frame: pl.DataFrame, *, filled: bool) -> list[go.Scatter]:
    """The line, blue above zero and red below, over a fading fill; below zero only where `filled`."""
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
                fill="tozeroy" if filled or sign > 0 else None,
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


def _line(frame: pl.DataFrame, color: str, dash: str, name: str) -> go.Scatter:
    return go.Scatter(
        x=frame["time"].to_list(),
        y=frame["remaining"].to_list(),
        mode="lines",
        line={"color": color, "width": 2, "dash": dash},
        hovertemplate=f"{name}: <b>%{{y:.1%}}</b> left<extra></extra>",
    )


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


def _range(panel: Panel, frame: pl.DataFrame) -> tuple[float, float]:
    """From the lowest value to a whole budget; a cone that falls without end is cut below what has happened."""
    values = frame["remaining"].to_list()
    for other in (panel.what_if, panel.raw):
        values += [] if other is None else other["remaining"].drop_nulls().to_list()
    if panel.waiting is not None:
        values.append(panel.waiting.low)
    lowest = min(values, default=0.0)
    if panel.cone is not None and not panel.cone.is_empty():
        lowest = min(lowest, max(float(panel.cone["low"].min()), min(lowest, 0.0) - _CONE_BELOW))  # type: ignore[arg-type]
    return min(-0.24 if lowest < 0 else -0.04, lowest * 1.08), 1.06
