"""What every figure has in common: no frame, no legend, no tools, quiet axes."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go
import polars as pl

from burnline.dashboard.charts.palette import MUTE, alpha

GRID = alpha(MUTE, 0.16)
AXIS = alpha(MUTE, 0.7)


def dress(figure: go.Figure, height: int, *, right: int = 8) -> go.Figure:
    """Gives a figure its height and the common looks."""
    figure.update_layout(
        height=height,
        margin={"l": 0, "r": right, "t": 8, "b": 0},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        showlegend=False,
        dragmode=False,
        hoverlabel={"font": {"size": 12}},
        font={"size": 11},
    )
    figure.update_xaxes(showgrid=False, zeroline=False, automargin=True, tickfont={"size": 11}, fixedrange=True)
    figure.update_yaxes(gridcolor=GRID, zeroline=False, automargin=True, tickfont={"size": 11}, fixedrange=True)
    return figure


def note(x: Any, y: Any, text: str, **more: Any) -> dict[str, Any]:
    """A line of text in a figure."""
    return {"x": x, "y": y, "text": text, "showarrow": False, "font": {"size": 12}, **more}


def thin(frame: pl.DataFrame, limit: int = 600) -> pl.DataFrame:
    """At most about `limit` rows, evenly spaced, the first and the last among them."""
    if frame.height <= limit:
        return frame
    step = -(-frame.height // limit)
    return frame[::step] if (frame.height - 1) % step == 0 else pl.concat([frame[::step], frame[-1:]])
