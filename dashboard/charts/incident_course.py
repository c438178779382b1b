"""One incident in time: the burn of each SLO, the alerts it raised, and what changed around it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import plotly.graph_objects as go
import polars as pl
from plotly.subplots import make_subplots

from burnline.dashboard import wording
from burnline.dashboard.charts.canvas import AXIS, GRID, dress, note
from burnline.dashboard.charts.incident_timeline import COLORS, INKS, wall
from burnline.dashboard.charts.palette import BAD, INFO, MUTE, OK, WARN, alpha
from burnline.dashboard.incident_case import Case, elapsed
from burnline.dashboard.incident_words import apart, change_name, share
from burnline.results import Alert

_PANEL, _HEAD, _LANE, _FOOT = 128, 40, 24, 24
# Right of the panels the pairs are named beside their thresholds.
_PAIRS = 72
# Burn from a tenth of the budget's pace up to a thousand times it, in powers of ten.
_LOWEST, _TICKS = -1.0, (0.1, 1.0, 10.0, 100.0, 1000.0)
_FAST = 10.0
# Nothing bad is a thin line, so that no data is what has none.
_LEAST = 0.05
# Names of changes closer than this share of the width would lie on each other: they go a line down.
_NAME_WIDTH, _MOST_LINES = 0.2, 4


def incident_course(case: Case, courses: Mapping[str, pl.DataFrame], step: timedelta) -> go.Figure:
    """Draws a panel per SLO (`courses`: time, valid, bad, burn), then the lanes of alerts and of changes."""
    changes = _placed(case)
    lines = max((line for line, _ in changes), default=0) + 1
    heights = [*([_HEAD + _PANEL] * len(courses)), _HEAD + _LANE * max(1, len(case.alerts)), _HEAD + _LANE * lines]
    total = sum(heights) + _FOOT
    figure = make_subplots(rows=len(heights), cols=1, shared_xaxes=True)
    notes: list[dict[str, Any]] = []
    shapes: list[dict[str, Any]] = []
    top = total
    for row, height in enumerate(heights, start=1):
        figure.update_yaxes(domain=[(top - height) / total, (top - _HEAD) / total], row=row, col=1)
        top -= height
    for row, (slo, course) in enumerate(courses.items(), start=1):
        _burn(figure, row, course, case, step)
        drawn = case.thresholds.get(slo, {})
        shapes += [_level(row, value) for value in (1.0, *drawn.values())]
        notes += [_pair(row, pair, value) for pair, value in drawn.items()]
        notes.append(_title(row, slo, _costs(case, slo)))
        _scale(figure, row, course, drawn)
    _alerts(figure, len(courses) + 1, case)
    notes.append(_title(len(courses) + 1, "Alerts", "from firing to resolved"))
    _changes(figure, len(courses) + 2, changes, lines, case)
    nothing = "" if changes else "no deploy, retrain or other change is on record here"
    notes.append(_title(len(courses) + 2, "Changes", nothing or "before and after, whatever they did"))
    dress(figure, total, right=_PAIRS)
    notes += _moments(case)
    shapes += _span(case, total)
    figure.update_layout(annotations=notes, shapes=shapes, hovermode="closest", bargap=0, margin_t=14)
    figure.update_xaxes(
        type="date",
        range=[wall(at, case.zone) for at in case.span],
        showticklabels=False,
        tickformatstops=[
            {"dtickrange": [None, 86_400_000 - 1], "value": "%-d %b %H:%M"},
            {"dtickrange": [86_400_000, None], "value": "%-d %b"},
        ],
        nticks=6,
        tickangle=0,
    )
    figure.update_xaxes(showticklabels=True, row=len(heights), col=1)
    return figure


def _burn(figure: go.Figure, row: int, course: pl.DataFrame, case: Case, step: timedelta) -> None:
    known = course.drop_nulls("burn")
    rates = known["burn"].to_list()
    figure.add_trace(
        go.Bar(
            x=[wall(at, case.zone) for at in known["time"]],
            y=[max(_height(rate) - _LOWEST, _LEAST) for rate in rates],
            base=[_LOWEST] * known.height,
            width=[step / timedelta(milliseconds=1)] * known.height,
            offset=0,
            marker={"color": [_color(rate) for rate in rates], "line": {"width": 0}},
            customdata=[
                f"<b>{wording.times(rate)}</b> · {wording.count(bad)} bad of {wording.count(valid)}"
                for rate, bad, valid in known.select("burn", "bad", "valid").iter_rows()
            ],
            hovertemplate="%{x|%-d %b %H:%M} · %{customdata}<extra></extra>",
        ),
        row=row,
        col=1,
    )


def _height(rate: float) -> float:
    return max(_LOWEST, math.log10(rate)) if rate > 0 else _LOWEST


def _color(rate: float) -> str:
    if rate <= 1:
        return alpha(OK, 0.4)
    return alpha(BAD, 0.85) if rate >= _FAST else alpha(WARN, 0.85)


def _scale(figure: go.Figure, row: int, course: pl.DataFrame, thresholds: Mapping[str, float]) -> None:
    highest = course["burn"].max()
    top = max([2.0, *thresholds.values(), highest if isinstance(highest, float) else 0.0])
    ticks = [tick for tick in _TICKS if tick <= top * 1.5]
    figure.update_yaxes(
        range=[_LOWEST, math.log10(top) + 0.25],
        tickvals=[math.log10(tick) for tick in ticks],
        ticktext=[f"{tick:g}×" for tick in ticks],
        gridcolor=GRID,
        row=row,
        col=1,
    )


def _alerts(figure: go.Figure, row: int, case: Case) -> None:
    """A line per alert; its dot is where it fired."""
    for place, alert in enumerate(case.alerts):
        until = min(alert.resolved_at or case.at, case.span[1])
        ends = [wall(alert.started_at, case.zone), wall(until, case.zone)]
        figure.add_trace(
            go.Scatter(
                x=ends,
                y=[place, place],
                mode="lines+markers+text",
                line={"color": COLORS[alert.severity], "width": 3},
                marker={
                    "size": [9, 7],
                    "symbol": ["circle", "line-ns-open" if alert.resolved_at else "arrow-right"],
                    "color": COLORS[alert.severity],
                    "line": {"width": [0, 2], "color": COLORS[alert.severity]},
                },
                text=[f"{alert.severity} {alert.slo} {alert.rule}  ", ""],
                textposition="middle left",
                textfont={"size": 10.5, "color": INKS[alert.severity]},
                hovertext=_fired(alert, case),
                hovertemplate="%{hovertext}<extra></extra>",
                customdata=[[alert.id], [alert.id]],
                cliponaxis=False,
            ),
            row=row,
            col=1,
        )
    figure.update_yaxes(
        range=[max(1, len(case.alerts)) - 0.4, -0.6], showticklabels=False, showgrid=False, row=row, col=1
    )


def _fired(alert: Alert, case: Case) -> str:
    until = wording.brief(alert.resolved_at, case.zone) if alert.resolved_at else "still open"
    return (
        f"<b>{alert.severity} · {alert.slo} · {alert.rule}</b><br>{wording.brief(alert.started_at, case.zone)} "
        f"to {until}<br>burn {wording.times(alert.burn_long)} / {wording.times(alert.burn_short)} when it fired, "
        f"{share(alert.budget_spent)} of the budget spent by then"
    )


Placed = tuple[int, dict[str, Any]]


def _placed(case: Case) -> list[Placed]:
    """The changes, each on the first line on which its name does not lie on another."""
    start, end = case.span
    free = [start] * _MOST_LINES
    placed = []
    for change in case.changes.sort("time").iter_rows(named=True):
        line = next((n for n, since in enumerate(free) if change["time"] >= since), 0)
        free[line] = change["time"] + (end - start) * _NAME_WIDTH
        placed.append((line, change))
    return placed


def _changes(figure: go.Figure, row: int, changes: Sequence[Placed], lines: int, case: Case) -> None:
    start, end = case.span
    late = start + (end - start) * (1 - _NAME_WIDTH)
    figure.add_trace(
        go.Scatter(
            x=[wall(change["time"], case.zone) for _, change in changes],
            y=[line for line, _ in changes],
            mode="markers+text",
            marker={"symbol": "diamond", "size": 10, "color": INFO},
            text=[f"  {change_name(change)}  " for _, change in changes],
            textposition=["middle left" if change["time"] > late else "middle right" for _, change in changes],
            textfont={"size": 10.5},
            hovertext=[_changed(change, case) for _, change in changes],
            hovertemplate="%{hovertext}<extra></extra>",
            cliponaxis=False,
        ),
        row=row,
        col=1,
    )
    figure.update_yaxes(range=[lines - 0.4, -0.6], showticklabels=False, showgrid=False, row=row, col=1)


def _changed(change: dict[str, Any], case: Case) -> str:
    when = f"{wording.brief(change['time'], case.zone)}, {apart(change['time'], case.incident)}"
    return "<br>".join(filter(None, (f"<b>{change_name(change)}</b>", change["note"], when)))


def _moments(case: Case) -> list[dict[str, Any]]:
    """Onset, detection and end, named at the head; a name that would lie on the next one goes a line up."""
    one, (start, end) = case.incident, case.span
    named = [(one.started_at, "onset"), (one.detected_at, "detected")]
    named.append((one.ended_at, "end") if one.ended_at else (case.at, "now"))
    crowded = elapsed(one.detected_at, named[2][0]) < (end - start) * _NAME_WIDTH / 2
    return [
        note(
            wall(at, case.zone),
            1,
            name,
            xref="x",
            yref="paper",
            xanchor="right" if name in ("onset", "now") else "left",
            yanchor="top",
            xshift=-3 if name in ("onset", "now") else 3,
            yshift=12 if crowded and name == "detected" else 0,
            font={"size": 10.5, "color": MUTE},
        )
        for at, name in named
    ]


def _span(case: Case, total: int) -> list[dict[str, Any]]:
    """The incident as a band through all panels, with lines at its three moments."""
    one = case.incident
    ends = [wall(one.started_at, case.zone), wall(one.ended_at or case.at, case.zone)]
    place = {"xref": "x", "yref": "paper", "y0": _FOOT / total, "y1": 1 - 16 / total, "layer": "below"}
    band = {"type": "rect", "x0": ends[0], "x1": ends[1], "fillcolor": alpha(BAD, 0.07), "line": {"width": 0}}
    lines = [
        {"type": "line", "x0": at, "x1": at, "line": {"color": AXIS, "width": 1, "dash": dash}}
        for at, dash in ((ends[0], "solid"), (wall(one.detected_at, case.zone), "dash"), (ends[1], "solid"))
    ]
    return [shape | place for shape in (band, *lines)]


def _level(row: int, value: float) -> dict[str, Any]:
    line = {"color": AXIS, "width": 1, "dash": "solid" if value == 1 else "dot"}
    height = math.log10(value)
    axes = {"xref": f"{_axis('x', row)} domain", "yref": _axis("y", row)}
    return {"type": "line", **axes, "x0": 0, "x1": 1, "y0": height, "y1": height, "line": line}


def _pair(row: int, pair: str, value: float) -> dict[str, Any]:
    return note(
        1,
        math.log10(value),
        f"{value:g}× {pair}",
        xref=f"{_axis('x', row)} domain",
        yref=_axis("y", row),
        xanchor="left",
        yanchor="middle",
        xshift=5,
        font={"size": 10, "color": MUTE},
    )


def _title(row: int, name: str, about: str) -> dict[str, Any]:
    return note(
        0,
        1,
        f"<b>{name}</b>  <span style='color:{MUTE}'>{about}</span>",
        xref="paper",
        yref=f"{_axis('y', row)} domain",
        xanchor="left",
        yanchor="bottom",
        yshift=4,
    )


def _costs(case: Case, slo: str) -> str:
    spent = case.incident.budget_spent.get(slo)
    return "no figures: it is promised no more" if spent is None else f"{share(spent)} of its budget spent"


def _axis(letter: str, row: int) -> str:
    return letter if row == 1 else f"{letter}{row}"
