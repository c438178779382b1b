"""Every incident in time: a panel per track, a row per model, a bar from onset to end."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from burnline.dashboard import wording
from burnline.dashboard.charts.canvas import AXIS, dress, note
from burnline.dashboard.charts.palette import BAD, MUTE, WARN, alpha
from burnline.dashboard.incident_case import cost, detected_after, lasted, slos_by_cost
from burnline.dashboard.incident_words import STATES, share
from burnline.results import Incident, Severity, Track

COLORS: dict[Severity, str] = {"page": BAD, "ticket": WARN}
INKS: dict[Severity, str] = {"page": BAD, "ticket": "#B0741A"}
_TRACKS: tuple[Track, ...] = ("infrastructure", "model")
_ROW, _HEAD, _FOOT = 27, 34, 26
# An hour among weeks must still be seen and hit.
_THINNEST = 0.008
# The label of a bar that begins later than this would leave the figure: it stands to its left.
_LATE = 0.86


def incident_timeline(
    incidents: Sequence[Incident], start: datetime, at: datetime, zone: ZoneInfo, *, shown: str | None = None
) -> go.Figure:
    """Draws incidents that touch [start, at]; `customdata` of every bar is its incident, `shown` is framed."""
    tracks = [(track, [i for i in incidents if i.track == track]) for track in _TRACKS]
    panels = [(track, mine, _rows(mine)) for track, mine in tracks if mine]
    heights = [_HEAD + _ROW * len(names) for _, _, names in panels]
    total = sum(heights) + _FOOT
    figure = make_subplots(rows=max(1, len(panels)), cols=1, shared_xaxes=True)
    notes: list[dict[str, Any]] = []
    top = total
    for row, ((track, mine, names), height) in enumerate(zip(panels, heights, strict=True), start=1):
        axis = "" if row == 1 else str(row)
        figure.add_trace(_bars(mine, start, at, zone, shown), row=row, col=1)
        figure.add_trace(_detections(mine, start, zone), row=row, col=1)
        notes += [_label(i, axis, start, at, zone) for i in mine]
        notes.append(_title(track, len(mine), axis))
        figure.update_yaxes(
            range=[len(names) - 0.45, -0.55],
            categoryarray=names,
            domain=[(top - height) / total, (top - _HEAD) / total],
            row=row,
            col=1,
        )
        top -= height
    dress(figure, total)
    figure.update_layout(annotations=notes, hovermode="closest", barmode="overlay", bargap=0.3, margin_t=0)
    figure.update_yaxes(type="category", showgrid=True, ticksuffix="  ")
    figure.update_xaxes(
        type="date",
        range=[wall(start, zone), wall(at + (at - start) * 0.012, zone)],
        tickformat="%-d %b",
        nticks=8,
        showgrid=True,
        gridcolor=alpha(MUTE, 0.1),
        showticklabels=False,
    )
    figure.update_xaxes(showticklabels=True, row=len(panels), col=1)
    now = wall(at, zone)
    figure.add_shape(
        type="line", xref="x", yref="paper", x0=now, x1=now, y0=_FOOT / total, y1=1 - _HEAD / total, line_width=1
    )
    figure.update_shapes(line_color=AXIS, line_dash="dot", layer="below")
    return figure


def wall(at: datetime, zone: ZoneInfo) -> datetime:
    """The wall clock of the workspace: the browser must not shift it to its own zone."""
    return at.astimezone(zone).replace(tzinfo=None)


def _rows(incidents: Sequence[Incident]) -> list[str]:
    """Models, the one whose last incident began last on top."""
    newest = sorted(incidents, key=lambda i: i.started_at, reverse=True)
    return list(dict.fromkeys(i.model for i in newest))


def _bars(incidents: Sequence[Incident], start: datetime, at: datetime, zone: ZoneInfo, shown: str | None) -> go.Bar:
    thinnest = (at - start) * _THINNEST
    begins = [max(i.started_at, start) for i in incidents]
    ends = [max(i.ended_at or at, since + thinnest) for i, since in zip(incidents, begins, strict=True)]
    return go.Bar(
        base=[wall(since, zone) for since in begins],
        x=[
            (wall(until, zone) - wall(since, zone)) / timedelta(milliseconds=1)
            for since, until in zip(begins, ends, strict=True)
        ],
        y=[i.model for i in incidents],
        orientation="h",
        marker={
            "color": [alpha(COLORS[i.severity], 0.9 if i.state == "open" else 0.42) for i in incidents],
            "cornerradius": 3,
            "line": {"color": AXIS, "width": [2 if i.id == shown else 0 for i in incidents]},
        },
        customdata=[[i.id] for i in incidents],
        hovertext=[_told(i, at, zone) for i in incidents],
        hovertemplate="%{hovertext}<extra></extra>",
        selected={"marker": {"opacity": 1}},
        unselected={"marker": {"opacity": 1}},
    )


def _detections(incidents: Sequence[Incident], start: datetime, zone: ZoneInfo) -> go.Scatter:
    """A diamond where the first alert started."""
    seen = [i for i in incidents if i.detected_at >= start]
    return go.Scatter(
        x=[wall(i.detected_at, zone) for i in seen],
        y=[i.model for i in seen],
        mode="markers",
        marker={"symbol": "diamond", "size": 9, "color": "#FFFFFF", "line": {"width": 1.2, "color": MUTE}},
        hoverinfo="skip",
    )


def _told(incident: Incident, at: datetime, zone: ZoneInfo) -> str:
    until = wording.brief(incident.ended_at, zone) if incident.ended_at else "now, still open"
    length = wording.duration(lasted(incident, at))
    costs = [
        f"{slo}: <b>{share(incident.budget_spent[slo])}</b> of its budget"
        for slo in slos_by_cost(incident)
        if slo in incident.budget_spent
    ]
    lines = [
        f"<b>{incident.model}</b> · {wording.TRACKS[incident.track]} · {incident.severity}",
        f"{wording.brief(incident.started_at, zone)} to {until}",
        f"{'over' if incident.ended_at else 'lasts for'} {'after ' if incident.ended_at else ''}{length}, "
        f"detected after {wording.duration(detected_after(incident))}",
        *costs,
    ]
    return "<br>".join([*lines, "postmortem required"] if incident.postmortem_required else lines)


def _label(incident: Incident, axis: str, start: datetime, at: datetime, zone: ZoneInfo) -> dict[str, Any]:
    """Severity, state and cost in words, beside the bar."""
    end = max(incident.ended_at or at, max(incident.started_at, start) + (at - start) * _THINNEST)
    late = (end - start) / (at - start) > _LATE
    word = incident.severity
    state = f" {STATES[incident.state].label}" if incident.state == "open" else ""
    return note(
        wall(max(incident.started_at, start) if late else end, zone),
        incident.model,
        f"{word}{state} {share(cost(incident))}",
        xref=f"x{axis}",
        yref=f"y{axis}",
        xanchor="right" if late else "left",
        yanchor="middle",
        xshift=-8 if late else 4,
        font={"size": 10.5, "color": INKS[incident.severity] if incident.state == "open" else MUTE},
    )


def _title(track: Track, count: int, axis: str) -> dict[str, Any]:
    some = "1 incident" if count == 1 else f"{count} incidents"
    return note(
        0,
        1,
        f"<b>{wording.TRACKS[track]}</b>  <span style='color:{MUTE}'>{some}</span>",
        xref="paper",
        yref=f"y{axis} domain",
        xanchor="left",
        yanchor="bottom",
        yshift=5,
    )
