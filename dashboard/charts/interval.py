"""What is promised, what was delivered, and where the true value lies, on one line."""

from __future__ import annotations

import plotly.graph_objects as go

from burnline.dashboard.charts.canvas import dress, note
from burnline.dashboard.charts.palette import BAD, INFO, MUTE, OK, alpha


def interval(value: float, limits: tuple[float, float], objective: float, labels: tuple[str, str, str]) -> go.Figure:
    """Draws the interval as a bar, the value as a dot and the objective as a line.

    The bar is green above the objective, red below and blue across it. `labels` are the words of the lower
    limit, the upper limit and the objective.
    """
    low, high = limits
    color = BAD if high < objective else OK if low > objective else INFO
    figure = go.Figure(
        [
            go.Scatter(
                x=[low, high],
                y=[0, 0],
                mode="lines",
                line={"color": alpha(color, 0.5), "width": 14},
                hoverinfo="skip",
            ),
            go.Scatter(
                x=[value],
                y=[0],
                mode="markers",
                marker={"color": color, "size": 11, "line": {"color": "#FFFFFF", "width": 1.5}},
                hovertemplate="%{x:.3%} delivered<extra></extra>",
            ),
        ]
    )
    dress(figure, 84)
    left, right = min(low, objective), max(high, objective)
    pad = max((right - left) * 0.3, 1e-6)
    figure.update_xaxes(range=[left - pad, right + pad], visible=False)
    figure.update_yaxes(range=[-1, 1], visible=False)
    line = {"color": MUTE, "width": 2}
    figure.update_layout(
        margin={"l": 4, "r": 4, "t": 2, "b": 2},
        shapes=[{"type": "line", "x0": objective, "x1": objective, "y0": -0.55, "y1": 0.55, "line": line}],
        annotations=[
            note(low, -0.72, labels[0], font={"size": 11}, xanchor="right"),
            note(high, -0.72, labels[1], font={"size": 11}, xanchor="left"),
            note(objective, 0.8, labels[2], font={"size": 11, "color": MUTE}, xanchor="center"),
        ],
    )
    return figure
