"""How far each column has moved from its baseline, over time; errors and what explains them on the same axis."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import plotly.graph_objects as go
import polars as pl

from burnline.dashboard import drift_words, wording
from burnline.dashboard.charts import drift_changes, drift_lane
from burnline.dashboard.charts.canvas import AXIS, dress, note
from burnline.dashboard.charts.drift_grid import Grid, Row
from burnline.dashboard.charts.palette import BAD, INFO, MUTE, OK, WARN, alpha
from burnline.dashboard.drift_errors import Unit
from burnline.dashboard.drift_words import Harm, harm
from burnline.results.drift import ConceptDay

# log2 of the PSI in thresholds: an eighth of it is as good as nothing, eight times as bad as anything.
_LOW, _HIGH = -3.0, 3.0
WORST = 2**_HIGH
_CALM = -1e-3
_ZERO = -_LOW / (_HIGH - _LOW)
_SCALE = [
    [0.0, alpha(OK, 0.07)],
    [_ZERO - 1e-4, alpha(OK, 0.42)],
    [_ZERO, alpha(WARN, 0.45)],
    [_ZERO + 1.0 / (_HIGH - _LOW), WARN],
    [_ZERO + 2.0 / (_HIGH - _LOW), "#E06A2B"],
    [1.0, BAD],
]
# What does no harm never looks like an alarm, however far it moved.
_HARMLESS = [*_SCALE[:2], [_ZERO, alpha(WARN, 0.3)], [1.0, alpha(WARN, 0.65)]]
# That requests come from elsewhere is news, no alarm.
_QUIET = [
    [0.0, alpha(MUTE, 0.07)],
    [_ZERO - 1e-4, alpha(MUTE, 0.25)],
    [_ZERO, alpha(INFO, 0.4)],
    [1.0, alpha(INFO, 0.75)],
]
_ROW, _DENSE_ROW, _MANY_ROWS = 23, 17, 40
_TOP, _FOOT = 22, 26
_WORDS = 66
_LONGEST = 24
# As many days as can be named on a telephone.
_MOST_TICKS = 4
# Unseen markers take the clicks; beyond this number only what stands out has one.
MOST_TARGETS = 4500
_INKS: dict[Harm, str] = {"harmful": BAD, "unknown": "#B0741A"}
_SHORT: dict[Harm, str] = {
    "harmful": "<b>harmful</b>",
    "unknown": "unknown",
    "harmless": "harmless",
    "moved": "moved",
    "no_data": "no data",
    "steady": "",
}


def drift_heatmap(
    found: Grid,
    threshold: float,
    zone: ZoneInfo,
    *,
    concept: Sequence[ConceptDay] = (),
    unit: Unit = "share",
    changes: pl.DataFrame | None = None,
    judged: tuple[datetime, datetime] | None = None,
    selected: tuple[str, datetime | None] | None = None,
) -> go.Figure:
    """Columns from above to below, buckets from left to right, below them realised and expected errors per day.

    No data is grey and hatched, colour begins at ``threshold``; what is beyond it without proof stays calm.
    ``judged`` is bracketed, the cell or row of ``selected`` framed, triangles on top are ``changes``. Heatmaps take
    no clicks, so an unseen marker lies on the cells; its ``customdata`` is the column and the begin of the bucket.
    """
    rows, width = len(found.rows), len(found.times)
    tall = _ROW if rows <= _MANY_ROWS else _DENSE_ROW
    lane = drift_lane.HEIGHT if concept else 0
    total = _TOP + tall * rows + lane + _FOOT
    psi = found.judged()
    figure = go.Figure([_nothing(psi, found), _hatch(psi, found), *_heat(psi, found, threshold)])
    if unfinished := _unfinished(psi, found):
        figure.add_trace(unfinished)
    shapes = _frames(found, judged, selected)
    if changes is not None:
        triangles, lines = drift_changes.marks(found, changes, zone)
        figure.add_trace(triangles)
        shapes = [*lines, *shapes]
    figure.add_trace(_targets(psi, found, threshold, zone))
    dress(figure, total, right=_WORDS)
    inside = total - 8
    bottom = (lane + _FOOT - 8) / inside if concept else 0.0
    notes = _words(found)
    if concept:
        notes += drift_lane.draw(figure, found, concept, unit, domain=(0.0, (lane - drift_lane.HEAD) / inside))
    figure.update_layout(hovermode="closest", annotations=notes, shapes=shapes, margin={"t": _TOP, "b": _FOOT})
    places, labels = _ticks(found, zone)
    # Who scrolls through many rows wants the days where the page begins.
    above = rows > _MANY_ROWS
    figure.update_xaxes(
        range=[-0.5, width - 0.5],
        tickvals=places,
        ticktext=labels,
        tickangle=0,
        side="top" if above else "bottom",
        anchor="y2" if concept and not above else "y",
    )
    figure.layout.yaxis.update(
        domain=[bottom, 1.0],
        range=[rows - 0.5, -0.5],
        tickvals=list(range(rows)),
        ticktext=[_label(row) for row in found.rows],
        showgrid=False,
        ticksuffix="  ",
    )
    return figure


def _label(row: Row) -> str:
    if row.column is None:
        return f"<b>{row.title}</b>"
    feature = row.column.feature
    return feature if len(feature) <= _LONGEST else f"{feature[: _LONGEST - 1]}…"


def _gap(found: Grid) -> int:
    return 2 if len(found.times) <= 16 else 1 if len(found.times) <= 200 else 0


def _nothing(psi: np.ndarray[Any, Any], found: Grid) -> go.Heatmap:
    """Grey where a column has no value."""
    empty = np.isnan(psi)
    empty[[i for i, r in enumerate(found.rows) if r.column is None]] = False
    grey = alpha(MUTE, 0.13)
    return go.Heatmap(
        z=np.where(empty, 1.0, np.nan).astype("float32"),
        xgap=_gap(found),
        ygap=2,
        colorscale=[[0, grey], [1, grey]],
        hoverinfo="skip",
        showscale=False,
    )


def _hatch(psi: np.ndarray[Any, Any], found: Grid) -> go.Scatter:
    cells = [(r, c) for r, c in np.argwhere(np.isnan(psi)) if found.rows[r].column is not None]
    return go.Scatter(
        x=[int(c) for _, c in cells],
        y=[int(r) for r, _ in cells],
        mode="markers",
        marker={"symbol": "line-ne", "size": _mark(found), "line": {"width": 1.1, "color": alpha(MUTE, 0.6)}},
        hoverinfo="skip",
    )


def _heat(psi: np.ndarray[Any, Any], found: Grid, threshold: float) -> list[go.Heatmap]:
    """Segments in quiet colours, what does no harm in amber, all else in colours that call for attention."""
    with np.errstate(divide="ignore"):
        z = np.clip(np.log2(psi / threshold), _LOW, _HIGH)
    proven = np.array([[b is not None and b.drifted for b in cells] for cells in found.cells], dtype=bool)
    z = np.where(~proven & (z >= _CALM), _CALM, z)
    segments = np.array([r.column is not None and r.column.role == "segment" for r in found.rows])[:, None]
    harmless = np.array([r.column is not None and harm(r.column) == "harmless" for r in found.rows])[:, None]
    return [
        go.Heatmap(
            z=np.where(kept, z, np.nan).astype("float32"),
            xgap=_gap(found),
            ygap=2,
            zmin=_LOW,
            zmax=_HIGH,
            colorscale=scale,
            hoverinfo="skip",
            showscale=False,
        )
        for kept, scale in ((~segments & ~harmless, _SCALE), (harmless, _HARMLESS), (segments, _QUIET))
    ]


def _unfinished(psi: np.ndarray[Any, Any], found: Grid) -> go.Scatter | None:
    """A dot in the cells of a bucket that is not over."""
    cells = [
        (r, c)
        for r, row in enumerate(found.cells)
        for c, bucket in enumerate(row)
        if bucket is not None and bucket.provisional and not np.isnan(psi[r, c])
    ]
    if not cells:
        return None
    return go.Scatter(
        x=[c for _, c in cells],
        y=[r for r, _ in cells],
        mode="markers",
        marker={"symbol": "circle", "size": 3.5, "color": alpha(MUTE, 0.9)},
        hoverinfo="skip",
    )


def _targets(psi: np.ndarray[Any, Any], found: Grid, threshold: float, zone: ZoneInfo) -> go.Scatter:
    cells = [(r, c) for r, row in enumerate(found.rows) if row.column is not None for c in range(len(found.times))]
    if len(cells) > MOST_TARGETS:
        far = {(r, c): psi[r, c] for r, c in cells if not np.isnan(psi[r, c])}
        cells = sorted(sorted(far, key=far.__getitem__, reverse=True)[:MOST_TARGETS])
    names = [drift_words.bucket_name(at, found.step, zone) for at in found.times]
    features = [row.column.feature if row.column is not None else "" for row in found.rows]
    return go.Scatter(
        x=[c for _, c in cells],
        y=[r for r, _ in cells],
        mode="markers",
        marker={"symbol": "square", "size": _mark(found) + 6, "opacity": 0},
        customdata=[[features[r], found.times[c].isoformat()] for r, c in cells],
        text=[
            f"<b>{features[r]}</b> · {names[c]}<br>{drift_words.cell(found.cells[r][c], threshold)}" for r, c in cells
        ],
        hovertemplate="%{text}<extra></extra>",
        selected={"marker": {"opacity": 0}},
        unselected={"marker": {"opacity": 0}},
    )


def _mark(found: Grid) -> int:
    return 9 if len(found.times) <= 60 and len(found.rows) <= _MANY_ROWS else 5


def _words(found: Grid) -> list[dict[str, Any]]:
    """At the right end of a row: whether it hurts."""
    said = [(i, harm(r.column)) for i, r in enumerate(found.rows) if r.column is not None]
    return [
        note(
            1,
            i,
            _SHORT[what],
            xref="paper",
            xanchor="left",
            xshift=8,
            font={"size": 11, "color": _INKS.get(what, MUTE)},
        )
        for i, what in said
        if _SHORT[what]
    ]


def _frames(
    found: Grid, judged: tuple[datetime, datetime] | None, selected: tuple[str, datetime | None] | None
) -> list[dict[str, Any]]:
    shapes: list[dict[str, Any]] = []
    rows, width = len(found.rows), len(found.times)
    if judged is not None:
        left, right = (min(max(found.index(at), -0.5), width - 0.5) for at in judged)
        line = {"color": AXIS, "width": 2}
        shapes.append({"type": "line", "x0": left, "x1": right, "y0": 1.0, "y1": 1.0, "yref": "paper", "line": line})
        if left > -0.5:
            shapes.append(
                {
                    "type": "line",
                    "x0": left,
                    "x1": left,
                    "y0": -0.5,
                    "y1": rows - 0.5,
                    "line": {"color": alpha(MUTE, 0.55), "width": 1, "dash": "dot"},
                }
            )
    row = found.row_of(selected[0]) if selected is not None else None
    if row is not None and selected is not None:
        column = None if selected[1] is None else round(found.index(selected[1]) + 0.5)
        whole = column is None or not 0 <= column < width
        edges = (-0.5, width - 0.5) if whole else (column - 0.5, column + 0.5)  # type: ignore[operator]
        shapes.append(
            {
                "type": "rect",
                "x0": edges[0],
                "x1": edges[1],
                "y0": row - 0.5,
                "y1": row + 0.5,
                "line": {"color": INFO, "width": 1.2 if whole else 2.4},
            }
        )
    return shapes


def _ticks(found: Grid, zone: ZoneInfo) -> tuple[list[int], list[str]]:
    """Days to name below the map, the last one among them where days are shown."""
    if found.step == "1d":
        every = max(1, -(-len(found.times) // _MOST_TICKS))
        places = list(range((len(found.times) - 1) % every, len(found.times), every))
        return places, [wording.day(drift_words.utc_day(found.times[i])) for i in places]
    begins = [i for i, at in enumerate(found.times) if at.astimezone(zone).hour == 0]
    begins = begins[:: max(1, -(-len(begins) // _MOST_TICKS))]
    return begins, [wording.day(found.times[i].astimezone(zone).date()) for i in begins]
