"""Latency percentiles, named at the end of their lines."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import plotly.graph_objects as go
import polars as pl

from burnline.dashboard.charts.canvas import dress, note
from burnline.dashboard.charts.palette import BAD, INFO, alpha

_LINES = (("p50", 0.45, 1.5), ("p90", 0.6, 1.5), ("p95", 0.8, 1.8), ("p99", 1.0, 2.2))


def percentiles(frame: pl.DataFrame, zone: ZoneInfo, threshold: float | None, height: int = 230) -> go.Figure:
    """p50 to p99 in milliseconds over time (`frame`: time, n, p50 …), with the promised threshold."""
    times = frame["time"].dt.convert_time_zone(zone.key).dt.replace_time_zone(None).to_list()
    figure = go.Figure(
        [
            go.Scatter(
                x=times,
                y=frame[name].to_list(),
                mode="lines",
                line={"color": alpha(INFO, opacity), "width": width},
                hovertemplate=f"{name} <b>%{{y:,.0f}} ms</b><extra></extra>",
            )
            for name, opacity, width in _LINES
        ]
    )
    notes = _names(frame, times[-1]) if times else []
    if threshold is not None:
        figure.add_shape(
            type="line",
            xref="paper",
            x0=0,
            x1=1,
            y0=threshold,
            y1=threshold,
            line={"color": BAD, "width": 1.2, "dash": "dot"},
        )
        look = {"size": 11, "color": BAD}
        notes.append(
            note(0, threshold, f"promised {threshold:g} ms", xref="paper", xanchor="left", yanchor="bottom", font=look)
        )
    dress(figure, height, right=38)
    figure.update_layout(annotations=notes, hovermode="x unified")
    figure.update_xaxes(tickformat="%-d %b", hoverformat="%-d %b", nticks=7)
    figure.update_yaxes(rangemode="tozero", ticksuffix=" ms", nticks=5)
    return figure


def _names(frame: pl.DataFrame, last: object) -> list[dict[str, object]]:
    """Names at the line ends, spread so that they do not lie on each other."""
    known = [(name, frame[name][-1], opacity) for name, opacity, _ in _LINES if frame[name][-1] is not None]
    top = max((value for _, value, _ in known), default=0.0)
    notes, floor = [], -1.0
    for name, value, opacity in known:
        at = max(value, floor)
        floor = at + top * 0.085
        look = {"size": 11, "color": alpha(INFO, max(opacity, 0.75))}
        notes.append(note(last, at, name, xanchor="left", xshift=5, font=look))
    return notes
