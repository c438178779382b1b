"""When alerts fired: a lane per SLO, a bar from start to resolution, pages above tickets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import plotly.graph_objects as go

from burnline.dashboard import wording
from burnline.dashboard.charts.canvas import GRID, dress, note
from burnline.dashboard.charts.palette import BAD, INFO, MUTE, WARN, alpha
from burnline.results import Alert, Severity

COLORS: Mapping[Severity, str] = {"page": BAD, "ticket": WARN}
# Places within a lane of height 1: the name above, the page below it, the ticket at the bottom.
_NAME, _PLACE, _HEIGHT = 0.2, {"page": 0.56, "ticket": 0.82}, {"page": 0.28, "ticket": 0.18}
_LANE = 37
_LEAST = 0.004


def lanes(alerts: Sequence[Alert]) -> list[tuple[str, str]]:
    """The SLOs that alerted, the one that began last on top."""
    last: dict[tuple[str, str], datetime] = {}
    for alert in alerts:
        key = alert.model, alert.slo
        last[key] = max(alert.started_at, last.get(key, alert.started_at))
    return sorted(last, key=lambda key: (last[key], key), reverse=True)


def timeline(
    alerts: Sequence[Alert], start: datetime, end: datetime, zone: ZoneInfo, selected: str | None = None
) -> go.Figure:
    """Draws the alerts that fire in [start, end]; `customdata` of a bar is the id of its alert.

    Noise is faded, an open alert ends in an arrow, the selected one is framed.
    """
    rows = {key: row for row, key in enumerate(lanes(alerts))}
    first, last = wall(start, zone), wall(end, zone)
    figure = go.Figure([_bars(alerts, s, rows, first, last, zone, selected) for s in COLORS])
    figure.add_trace(_open([a for a in alerts if a.resolved_at is None], rows, last))
    dress(figure, _LANE * len(rows) + 36)
    figure.update_layout(
        barmode="overlay",
        # A margin of its own: a figure of one lane is too low for one that Plotly works out.
        margin_b=24,
        hovermode="closest",
        shapes=[_rule(row) for row in range(1, len(rows))],
        annotations=[_name(model, slo, row) for (model, slo), row in rows.items()],
    )
    figure.update_xaxes(type="date", range=[first, last + (last - first) * 0.012], tickformat="%-d %b", nticks=8)
    figure.update_yaxes(range=[len(rows), 0], visible=False)
    return figure


def wall(at: datetime, zone: ZoneInfo) -> datetime:
    """The wall clock of the workspace: the browser must not shift it to its own zone."""
    return at.astimezone(zone).replace(tzinfo=None)


def milliseconds(span: timedelta) -> float:
    """The length of a bar on a date axis."""
    return span.total_seconds() * 1000


def hover(alert: Alert, zone: ZoneInfo) -> str:
    """What a bar says."""
    ends = f"resolved {wording.brief(alert.resolved_at, zone)}" if alert.resolved_at else "fires still"
    return (
        f"<b>{alert.severity}</b> · {alert.model} · {alert.slo}<br>{wording.brief(alert.started_at, zone)}, {ends}<br>"
        f"{alert.rule} at {wording.times(alert.burn_long)} / {wording.times(alert.burn_short)}, "
        f"{wording.percent(alert.budget_spent, 1)} spent"
    )


def hatch(severity: Severity) -> dict[str, Any]:
    """The pattern of a bar: a ticket is told from a page without its colour, too."""
    if severity == "page":
        return {"shape": ""}
    return {"shape": "/", "size": 5, "solidity": 0.5, "bgcolor": alpha(COLORS[severity], 0.3)}


def _bars(
    alerts: Sequence[Alert],
    severity: Severity,
    rows: Mapping[tuple[str, str], int],
    first: datetime,
    last: datetime,
    zone: ZoneInfo,
    selected: str | None,
) -> go.Bar:
    mine = [a for a in alerts if a.severity == severity]
    starts = [max(wall(a.started_at, zone), first) for a in mine]
    ends = [wall(a.resolved_at, zone) if a.resolved_at else last for a in mine]
    least = (last - first) * _LEAST
    return go.Bar(
        name=severity,
        orientation="h",
        base=starts,
        x=[milliseconds(max(end - start, least)) for start, end in zip(starts, ends, strict=True)],
        y=[rows[a.model, a.slo] + _PLACE[severity] for a in mine],
        width=_HEIGHT[severity],
        customdata=[[a.id] for a in mine],
        text=[hover(a, zone) for a in mine],
        textposition="none",
        hovertemplate="%{text}<extra></extra>",
        marker={
            "color": [_color(a) for a in mine],
            "cornerradius": 3,
            "line": {"color": INFO, "width": [2.5 if a.id == selected else 0 for a in mine]},
            "pattern": hatch(severity),
        },
        selected={"marker": {"opacity": 1}},
        unselected={"marker": {"opacity": 1}},
    )


def _color(alert: Alert) -> str:
    color = COLORS[alert.severity]
    return alpha(color, 0.35) if alert.mark == "noise" else color


def _open(alerts: Sequence[Alert], rows: Mapping[tuple[str, str], int], last: datetime) -> go.Scatter:
    return go.Scatter(
        x=[last] * len(alerts),
        y=[rows[a.model, a.slo] + _PLACE[a.severity] for a in alerts],
        mode="markers",
        marker={
            "symbol": "triangle-right",
            "size": [13 if a.severity == "page" else 10 for a in alerts],
            "color": [_color(a) for a in alerts],
        },
        customdata=[[a.id] for a in alerts],
        hoverinfo="skip",
        cliponaxis=False,
        selected={"marker": {"opacity": 1}},
        unselected={"marker": {"opacity": 1}},
    )


def _name(model: str, slo: str, row: int) -> dict[str, Any]:
    text = f"<b>{model}</b> <span style='color:{MUTE}'>{slo}</span>"
    return note(0, row + _NAME, text, xref="x domain", xanchor="left", yanchor="middle", xshift=-2, font={"size": 11})


def _rule(row: int) -> dict[str, Any]:
    line = {"color": GRID, "width": 1}
    return {"type": "line", "xref": "x domain", "x0": 0, "x1": 1, "y0": row - 0.04, "y1": row - 0.04, "line": line}
