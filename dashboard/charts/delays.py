"""How fast labels come: the share of good and of bad outcomes known by an age."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from burnline.dashboard.charts.canvas import dress, note
from burnline.dashboard.charts.palette import BAD, INFO
from burnline.results import DelayPoint

_DAY = 24.0


def delays(points: Sequence[DelayPoint]) -> go.Figure:
    """Draws both curves over the age of a request, in hours or, beyond four days, in days."""
    longest = max(point.hours for point in points)
    unit, per = ("d", _DAY) if longest > 4 * _DAY else ("h", 1.0)
    ages = [point.hours / per for point in points]
    figure = go.Figure()
    curves = (("good", [p.good for p in points], INFO), ("bad", [p.bad for p in points], BAD))
    for name, shares, color in curves:
        figure.add_trace(
            go.Scatter(
                x=ages,
                y=shares,
                mode="lines",
                line={"color": color, "width": 2},
                hovertemplate=f"%{{y:.0%}} of {name} outcomes known after %{{x:.1f}} {unit}<extra></extra>",
            )
        )
    dress(figure, 150)
    figure.update_layout(hovermode="x", annotations=_names(ages, curves))
    figure.update_xaxes(ticksuffix=f" {unit}", nticks=6)
    figure.update_yaxes(range=[0, 1.08], tickformat=".0%", nticks=3)
    return figure


def _names(ages: Sequence[float], curves: Sequence[tuple[str, Sequence[float], str]]) -> list[dict[str, object]]:
    """The names where the curves are farthest apart, each on its own side."""
    (_, good, _), (_, bad, _) = curves
    apart = max(range(len(ages)), key=lambda i: abs(good[i] - bad[i]))
    upper = "good" if good[apart] >= bad[apart] else "bad"
    return [
        note(
            ages[apart],
            shares[apart],
            f"{name} outcomes",
            xanchor="right" if name == upper else "left",
            yanchor="bottom" if name == upper else "top",
            xshift=-4 if name == upper else 4,
            font={"size": 11, "color": color},
        )
        for name, shares, color in curves
    ]
