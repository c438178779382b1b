"""Where the bad events come from: the share of bad beside the share of traffic, per slice."""

from __future__ import annotations

import plotly.graph_objects as go
import polars as pl

from burnline.dashboard import wording
from burnline.dashboard.charts.canvas import dress
from burnline.dashboard.charts.palette import BAD, INFO, MUTE, alpha

# A slice stands out when it has this much more of the bad events than of the traffic.
_STANDS_OUT = 1.25
_MOST = 8


def slices(segments: pl.DataFrame, dimension: str) -> go.Figure:
    """The slices of one dimension, most bad events above (`segments`: dimension, value, valid, bad, …)."""
    rows = segments.filter(pl.col("dimension") == dimension).sort("share_of_bad", descending=True).head(_MOST)
    names = [f"{value}  " for value in rows["value"]]
    standing_out = rows["share_of_bad"] > rows["share_of_valid"] * _STANDS_OUT
    counts = [
        f"{wording.count(bad)} bad of {wording.count(valid)} · {wording.percent(rate, 2)} bad"
        for bad, valid, rate in rows.select("bad", "valid", "rate").iter_rows()
    ]
    figure = go.Figure(
        [
            go.Bar(
                x=rows["share_of_valid"].to_list(),
                y=names,
                orientation="h",
                marker={"color": alpha(MUTE, 0.35), "cornerradius": 3},
                text=[f" {wording.percent(v)} of traffic" for v in rows["share_of_valid"]],
                textposition="outside",
                textfont={"size": 11, "color": MUTE},
                hoverinfo="skip",
                cliponaxis=False,
            ),
            go.Bar(
                x=rows["share_of_bad"].to_list(),
                y=names,
                orientation="h",
                marker={"color": [BAD if out else INFO for out in standing_out], "cornerradius": 3},
                text=[f" {wording.percent(v)} of bad" for v in rows["share_of_bad"]],
                textposition="outside",
                textfont={"size": 11},
                customdata=counts,
                hovertemplate="<b>%{y}</b><br>%{customdata}<extra></extra>",
                cliponaxis=False,
            ),
        ]
    )
    dress(figure, 46 * len(names) + 20)
    figure.update_layout(barmode="group", bargap=0.32, bargroupgap=0.08)
    top = max([0.2, *rows["share_of_bad"].to_list(), *rows["share_of_valid"].to_list()])
    figure.update_xaxes(visible=False, range=[0, top * 1.3])
    figure.update_yaxes(autorange="reversed", showgrid=False, type="category")
    return figure
