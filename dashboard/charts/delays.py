"""How fast labels come: the share of good and of bad outcomes known by an age."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from burnline.dashboard.charts.canvas import dress
from burnline.dashboard.charts.palette import BAD, INFO
from burnline.results import DelayPoint

_DAY = 24.0
_SETTLED = 0.99


def delays(points: Sequence[DelayPoint]) -> go.Figure:
    """Draws both curves over the age of a request, up to where they stay flat; in days beyond four of them."""
    settled = next(
        (p.hours for p in points if min(p.good, p.bad) >= _SETTLED * min(points[-1].good, points[-1].bad)), 0
    )
    longest = min(max(1.6 * settled, 1.0), max(p.hours for p in points))
    unit, per = ("d", _DAY) if longest > 4 * _DAY else ("h", 1.0)
    figure = go.Figure()
    for name, shares, color in (("good", [p.good for p in points], INFO), ("bad", [p.bad for p in points], BAD)):
        figure.add_trace(
            go.Scatter(
                x=[p.hours / per for p in points],
                y=shares,
                mode="lines",
                line={"color": color, "width": 2},
                hovertemplate=f"%{{y:.0%}} of {name} outcomes known after %{{x:.1f}} {unit}<extra></extra>",
            )
        )
    dress(figure, 150)
    figure.update_layout(hovermode="x")
    figure.update_xaxes(range=[0, longest / per], ticksuffix=f" {unit}", nticks=6)
    figure.update_yaxes(range=[0, 1.08], tickformat=".0%", nticks=3)
    return figure
