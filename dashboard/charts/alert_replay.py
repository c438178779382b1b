"""One history, twice judged: burn over time with its true burns, and when each set of alerts fired."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import plotly.graph_objects as go
import polars as pl
from plotly.subplots import make_subplots

from burnline.dashboard.charts.alert_timeline import COLORS, hatch, hover, milliseconds, wall
from burnline.dashboard.charts.canvas import dress, note
from burnline.dashboard.charts.palette import BAD, INFO, MUTE, alpha
from burnline.results import Alert, Replay

# Below a tenth of the pace a burn is as good as none; a logarithm needs a floor.
_FLOOR = 0.1
_POINTS = 500
_LEAST = 0.003


def coarse(arrived: pl.DataFrame, objective: float) -> pl.DataFrame:
    """Burn over steps of whole hours, at most about 500 of them: time, burn (never below the floor)."""
    hours = max(1, -(-arrived.height // _POINTS))
    return (
        arrived.sort("time")
        .group_by_dynamic("time", every=f"{hours}h")
        .agg(pl.col("valid", "bad").sum())
        .select(
            "time",
            burn=pl.when(pl.col("valid") > 0).then(
                (pl.col("bad") / pl.col("valid") / (1 - objective)).clip(lower_bound=_FLOOR)
            ),
        )
    )


def replay_figure(found: Replay, arrived: pl.DataFrame, zone: ZoneInfo) -> go.Figure:
    """Draws the burn (logarithmic) above, the alerts of the rules alone and of those with evidence below."""
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, row_heights=[0.6, 0.4], vertical_spacing=0.03)
    line = coarse(arrived, found.objective)
    times = [wall(at, zone) for at in line["time"]]
    figure.add_trace(_burn(times, line["burn"].to_list()), row=1, col=1)
    first, last = wall(found.from_, zone), wall(found.to, zone)
    for trace in (*_lane(found.raw_alerts, 0, first, last, zone), *_lane(found.alerts, 1, first, last, zone)):
        figure.add_trace(trace, row=2, col=1)
    dress(figure, 330)
    top = max([10.0, *(b for b in line["burn"] if b is not None)])
    figure.update_yaxes(
        type="log",
        range=[-1, math.log10(top) + 0.12],
        tickvals=[0.1, 1, 10, 100, 1000],
        ticktext=["≤0.1×", "1×", "10×", "100×", "1000×"],
        row=1,
        col=1,
    )
    figure.update_yaxes(range=[2, 0], visible=False, row=2, col=1)
    figure.update_xaxes(type="date", range=[first, last], tickformat="%-d %b", nticks=6)
    figure.update_layout(
        barmode="overlay",
        hovermode="closest",
        shapes=[_pace(), *(_burnt(span, zone) for span in found.burns)],
        annotations=[
            _title(0, "Rules alone", len(found.raw_alerts)),
            _title(1, "With evidence", len(found.alerts)),
        ],
    )
    return figure


def _burn(times: Sequence[datetime], burn: Sequence[float | None]) -> go.Scatter:
    return go.Scatter(
        x=list(times),
        y=list(burn),
        mode="lines",
        line={"color": INFO, "width": 1.6},
        hovertemplate="%{x|%-d %b %H:%M} · burned <b>%{y:.1f}×</b><extra></extra>",
    )


def _lane(alerts: Sequence[Alert], lane: int, first: datetime, last: datetime, zone: ZoneInfo) -> list[go.Bar]:
    """A lane of bars; pages stand tall, tickets are low and hatched."""
    traces = []
    for severity, color in COLORS.items():
        mine = [a for a in alerts if a.severity == severity]
        starts = [max(wall(a.started_at, zone), first) for a in mine]
        ends = [wall(a.resolved_at, zone) if a.resolved_at else last for a in mine]
        least = (last - first) * _LEAST
        traces.append(
            go.Bar(
                name=severity,
                orientation="h",
                base=starts,
                x=[milliseconds(max(e - s, least)) for s, e in zip(starts, ends, strict=True)],
                y=[lane + (0.55 if severity == "page" else 0.8)] * len(mine),
                width=0.24 if severity == "page" else 0.16,
                text=[hover(a, zone) for a in mine],
                textposition="none",
                hovertemplate="%{text}<extra></extra>",
                marker={
                    "color": color,
                    "cornerradius": 2,
                    "pattern": hatch(severity),
                },
            )
        )
    return traces


def _burnt(span: tuple[datetime, datetime], zone: ZoneInfo) -> dict[str, Any]:
    """A true burn: shaded through burn and lanes."""
    start, end = (wall(at, zone) for at in span)
    look = {"fillcolor": alpha(BAD, 0.12), "line": {"width": 0}, "layer": "below"}
    return {"type": "rect", "xref": "x", "yref": "paper", "x0": start, "x1": end, "y0": 0, "y1": 1, **look}


def _pace() -> dict[str, Any]:
    line = {"color": alpha(MUTE, 0.9), "width": 1, "dash": "dot"}
    return {"type": "line", "xref": "x domain", "yref": "y", "x0": 0, "x1": 1, "y0": 1, "y1": 1, "line": line}


def _title(lane: int, name: str, alerts: int) -> dict[str, Any]:
    count = "1 alert" if alerts == 1 else f"{alerts} alerts"
    text = f"<b>{name}</b>  <span style='color:{MUTE}'>{count}</span>"
    where: dict[str, Any] = {"xref": "x2 domain", "yref": "y2", "xanchor": "left", "yanchor": "middle"}
    return note(0, lane + 0.24, text, font={"size": 11}, **where)
