"""Deploys and other changes on the time axis of the drift map: what moved may have begun with one."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import plotly.graph_objects as go
import polars as pl

from burnline.dashboard import wording
from burnline.dashboard.charts.drift_grid import Grid
from burnline.dashboard.charts.palette import MUTE, alpha


def marks(found: Grid, changes: pl.DataFrame, zone: ZoneInfo) -> tuple[go.Scatter, list[dict[str, Any]]]:
    """A triangle above the map and a dotted line through it per change (`changes`: time, kind, version, note)."""
    width, height = len(found.times), len(found.rows)
    placed = [(found.index(c["time"]), c) for c in changes.sort("time").iter_rows(named=True)]
    placed = [(x, c) for x, c in placed if -0.5 <= x <= width - 0.5]
    trace = go.Scatter(
        x=[x for x, _ in placed],
        y=[-0.5] * len(placed),
        mode="markers",
        marker={"symbol": "triangle-down", "size": 9, "color": MUTE},
        text=[_said(c, zone) for _, c in placed],
        hovertemplate="%{text}<extra></extra>",
        cliponaxis=False,
    )
    line = {"color": alpha(MUTE, 0.6), "width": 1, "dash": "dot"}
    return trace, [{"type": "line", "x0": x, "x1": x, "y0": -0.5, "y1": height - 0.5, "line": line} for x, _ in placed]


def _said(change: dict[str, Any], zone: ZoneInfo) -> str:
    what = " ".join(filter(None, (change["kind"], change["version"])))
    note = f"<br>{change['note']}" if change["note"] else ""
    return f"<b>{what}</b> · {wording.brief(change['time'], zone)}{note}"
