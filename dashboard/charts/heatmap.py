"""Daily burn of every model: where colour begins, attention is due."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Literal, NamedTuple

import numpy as np
import plotly.graph_objects as go
import polars as pl

from burnline.dashboard import wording
from burnline.dashboard.charts.canvas import dress
from burnline.dashboard.charts.palette import BAD, MUTE, OK, WARN, alpha

Side = Literal["worst", "infrastructure", "model"]

# log2 of the burn rate: an eighth is as good as nothing, eight times as bad as anything.
_LOW, _HIGH = -3.0, 3.0
_SCALE = [
    [0.0, alpha(OK, 0.08)],
    [0.499, alpha(OK, 0.48)],
    [0.5, alpha(WARN, 0.35)],
    [0.667, WARN],
    [0.84, "#E06A2B"],
    [1.0, BAD],
]
_ROW = 22


class Cell(NamedTuple):
    """One square: a model on a day."""

    model: str
    day: date


def worst_per_day(daily: pl.DataFrame, side: Side) -> pl.DataFrame:
    """The SLO that burned most per model and day: model, day, slo, burn."""
    kept = daily if side == "worst" else daily.filter(pl.col("track") == side)
    return (
        kept.drop_nulls("burn")
        .sort("burn", descending=True)
        .group_by("model", "day", maintain_order=True)
        .agg(pl.col("slo").first(), pl.col("burn").first())
    )


def heatmap(daily: pl.DataFrame, models: Sequence[str], days: Sequence[date], side: Side) -> go.Figure:
    """Models from above to below as given, days from left to right; no data is grey and hatched.

    Heatmaps take no clicks, so an unseen marker lies on every cell; its `customdata` is the cell.
    """
    burn, slo = _grid(worst_per_day(daily, side), models, days)
    labels = [wording.day(d) for d in days]
    missing = np.argwhere(np.isnan(burn))
    figure = go.Figure(
        [
            go.Heatmap(
                z=np.where(np.isnan(burn), 1.0, np.nan).astype("float32"),
                x=labels,
                y=list(models),
                xgap=2,
                ygap=2,
                colorscale=[[0, alpha(MUTE, 0.13)], [1, alpha(MUTE, 0.13)]],
                hoverinfo="skip",
                showscale=False,
            ),
            _hatch(missing, labels, models),
            go.Heatmap(
                z=np.log2(np.clip(burn, 2**_LOW, 2**_HIGH)).astype("float32"),
                x=labels,
                y=list(models),
                xgap=2,
                ygap=2,
                zmin=_LOW,
                zmax=_HIGH,
                colorscale=_SCALE,
                hoverinfo="skip",
                showscale=False,
            ),
            _targets(burn, slo, labels, models, days),
        ]
    )
    dress(figure, _ROW * len(models) + 34)
    figure.update_layout(hovermode="closest")
    every = max(1, len(days) // 4)
    figure.update_xaxes(
        range=[-0.5, len(days) - 0.5], tickvals=labels[len(days) % every :: every], tickangle=0, type="category"
    )
    figure.update_yaxes(range=[len(models) - 0.5, -0.5], showgrid=False, type="category", ticksuffix="  ")
    return figure


def _grid(
    worst: pl.DataFrame, models: Sequence[str], days: Sequence[date]
) -> tuple[np.ndarray[tuple[int, int], np.dtype[np.float64]], list[list[str]]]:
    rows, columns = {m: i for i, m in enumerate(models)}, {d: i for i, d in enumerate(days)}
    burn = np.full((len(models), len(days)), np.nan)
    slo = [[""] * len(days) for _ in models]
    for model, day, name, rate in worst.select("model", "day", "slo", "burn").iter_rows():
        if model in rows and day in columns:
            burn[rows[model], columns[day]] = rate
            slo[rows[model]][columns[day]] = name
    return burn, slo


def _hatch(
    cells: np.ndarray[tuple[int, int], np.dtype[np.int64]], labels: Sequence[str], models: Sequence[str]
) -> go.Scatter:
    return go.Scatter(
        x=[labels[c] for _, c in cells],
        y=[models[r] for r, _ in cells],
        mode="markers",
        marker={
            "symbol": "line-ne",
            "size": 9,
            "line": {"width": 1.2, "color": alpha(MUTE, 0.65)},
        },
        hoverinfo="skip",
    )


def _targets(
    burn: np.ndarray[tuple[int, int], np.dtype[np.float64]],
    slo: list[list[str]],
    labels: Sequence[str],
    models: Sequence[str],
    days: Sequence[date],
) -> go.Scatter:
    cells = [(r, c) for r in range(len(models)) for c in range(len(days))]
    what = [
        "no data" if np.isnan(burn[r, c]) else f"{slo[r][c]} burned <b>{wording.times(float(burn[r, c]))}</b>"
        for r, c in cells
    ]
    return go.Scatter(
        x=[labels[c] for _, c in cells],
        y=[models[r] for r, _ in cells],
        mode="markers",
        marker={"symbol": "square", "size": 16, "opacity": 0},
        customdata=[[models[r], days[c].isoformat()] for r, c in cells],
        text=what,
        hovertemplate="<b>%{y}</b> · %{x}<br>%{text}<extra></extra>",
        selected={"marker": {"opacity": 0}},
        unselected={"marker": {"opacity": 0}},
    )
