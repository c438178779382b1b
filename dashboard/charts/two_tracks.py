"""What is left of both budgets of every model: two lanes that are never added up."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from burnline.dashboard import wording
from burnline.dashboard.charts.canvas import AXIS, dress, note
from burnline.dashboard.charts.palette import INK, MUTE, STATE, alpha
from burnline.results import ModelStatus, Track, TrackStatus

_ROW = 21
# A budget overspent many times over must not squeeze all others; its label has the number.
_FLOOR = -0.5
# Where the column of numbers ends, right of the longest bar.
_FIGURES = 1.62
_TRACKS: tuple[Track, ...] = ("infrastructure", "model")


def two_tracks(models: Sequence[ModelStatus]) -> go.Figure:
    """One row per model in the given order; `customdata` of every bar is the model."""
    figure = make_subplots(rows=1, cols=2, shared_yaxes=True, horizontal_spacing=0.04)
    names = [m.model for m in models]
    notes = []
    for column, track in enumerate(_TRACKS, start=1):
        lanes: list[TrackStatus] = [getattr(m.tracks, track) for m in models]
        figure.add_trace(_lane(lanes, names), row=1, col=column)
        figure.add_trace(_figures(lanes, names), row=1, col=column)
        axis = "" if column == 1 else "2"
        notes.append(
            note(
                0,
                1,
                f"<b>{wording.TRACKS[track]}</b>",
                xref=f"x{axis} domain",
                yref="paper",
                xanchor="left",
                yanchor="bottom",
                yshift=4,
            )
        )
    dress(figure, _ROW * len(models) + 36)
    zero = {"color": AXIS, "width": 1}
    figure.update_layout(annotations=notes, margin_t=24, bargap=0.42, hovermode="closest")
    figure.update_xaxes(
        range=[_FLOOR - 0.05, _FIGURES + 0.05],
        tickvals=[0, 1],
        tickangle=0,
        tickformat=".0%",
        zeroline=True,
        zerolinecolor=zero["color"],
        zerolinewidth=1,
    )
    figure.update_yaxes(range=[len(names) - 0.4, -0.6], type="category", showgrid=False, ticksuffix="  ")
    return figure


def _lane(lanes: Sequence[TrackStatus], names: Sequence[str]) -> go.Bar:
    left = [lane.budget_remaining for lane in lanes]
    return go.Bar(
        # Without data the whole lane is hatched.
        x=[0.75 if value is None else max(value, _FLOOR) for value in left],
        y=list(names),
        orientation="h",
        marker={
            "color": [_fill(lane) for lane in lanes],
            "cornerradius": 3,
            "pattern": {
                "shape": ["/" if value is None else "" for value in left],
                "fgcolor": alpha(MUTE, 0.55),
                "bgcolor": alpha(MUTE, 0.1),
                "size": 5,
                "solidity": 0.25,
            },
        },
        customdata=[[name] for name in names],
        hovertext=[lane.binding_slo or "no data" for lane in lanes],
        hovertemplate="<b>%{y}</b> · bound by %{hovertext}<extra></extra>",
        selected={"marker": {"opacity": 1}},
        unselected={"marker": {"opacity": 1}},
    )


def _figures(lanes: Sequence[TrackStatus], names: Sequence[str]) -> go.Scatter:
    return go.Scatter(
        x=[_FIGURES] * len(lanes),
        y=list(names),
        mode="text",
        text=["no data" if lane.budget_remaining is None else wording.percent(lane.budget_remaining) for lane in lanes],
        textposition="middle left",
        textfont={"size": 11, "color": [_ink(lane) for lane in lanes]},
        hoverinfo="skip",
    )


def _ink(lane: TrackStatus) -> str:
    return INK[lane.state]


def _fill(lane: TrackStatus) -> str:
    color = STATE[lane.state]
    return alpha(color, 0.5) if lane.state == "healthy" else alpha(color, 0.9)
