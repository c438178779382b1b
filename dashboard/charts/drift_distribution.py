"""One column then and now: bins side by side for numbers, bars sorted by share for categories."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import plotly.graph_objects as go

from burnline.dashboard import drift_words, wording
from burnline.dashboard.charts.canvas import AXIS, dress
from burnline.dashboard.charts.palette import INFO, MUTE, WARN, alpha
from burnline.results.drift import Distribution

OTHER = "<other>"
# More bars than this are not told apart; what lies in the outermost two thousandths on both sides is left out.
_MOST_BARS, _TAIL = 44, 0.002
_MOST_VALUES = 12
_NOTABLE = 0.02
_LONGEST = 26


@dataclass(frozen=True)
class Bar:
    """A bin or category, then and now; ``low`` and ``high`` are NaN for a category."""

    name: str
    before: float
    now: float
    low: float = math.nan
    high: float = math.nan

    @property
    def grown(self) -> float:
        """By how much its share grew."""
        return self.now - self.before


def outside(found: Distribution) -> tuple[Bar, ...]:
    """The open bins below and above what the baseline holds."""
    return tuple(b for b in _bins(found) if math.isinf(b.low) or math.isinf(b.high))


def inside(found: Distribution) -> list[Bar]:
    """The bins that are drawn: closed ones, without far tails, joined until they can be told apart."""
    bins = [b for b in _bins(found) if not (math.isinf(b.low) or math.isinf(b.high))]
    total, seen, kept = sum(b.before + b.now for b in bins), 0.0, []
    for one in bins:
        seen += one.before + one.now
        if total * _TAIL / 2 < seen and seen - one.before - one.now < total * (1 - _TAIL / 2):
            kept.append(one)
    every = -(-len(kept) // _MOST_BARS) if kept else 1
    return [_joined(kept[i : i + every]) for i in range(0, len(kept), every)]


def categories(found: Distribution) -> list[Bar]:
    """The categories, the most frequent now at the head and the rest of them together at the end."""
    known = [Bar(v, b, n) for v, b, n in zip(found.values, found.baseline, found.window, strict=True)]
    named = sorted((b for b in known if b.name != OTHER), key=lambda b: (-max(b.now, b.before), b.name))
    rest = [*named[_MOST_VALUES:], *(b for b in known if b.name == OTHER)]
    shown = named[:_MOST_VALUES]
    if rest and (before := sum(b.before for b in rest)) + (now := sum(b.now for b in rest)) > 0:
        shown.append(Bar("all others", before, now))
    return shown


def grown(found: Distribution, most: int = 3) -> list[Bar]:
    """What grew most: missing values, categories, or stretches of neighbouring bins."""
    bars = categories(found) if found.kind == "categorical" else _stretches(inside(found))
    bars.append(Bar("missing", *found.nulls))
    return [b for b in sorted(bars, key=lambda b: -b.grown)[:most] if b.grown > _NOTABLE]


def _stretches(bins: list[Bar]) -> list[Bar]:
    runs = groupby(bins, key=lambda b: b.grown > 0)
    return [_joined(list(run)) for growing, run in runs if growing]


def distribution(found: Distribution) -> go.Figure:
    """Shares of the known values then (grey) and now (blue; amber where it grew from nothing)."""
    return _categorical(found) if found.kind == "categorical" else _numeric(found)


def _bins(found: Distribution) -> list[Bar]:
    return [
        Bar("", before, now, low, high)
        for low, high, before, now in zip(found.low, found.high, found.baseline, found.window, strict=True)
    ]


def _joined(bins: list[Bar]) -> Bar:
    low, high = bins[0].low, bins[-1].high
    name = f"{drift_words.number(low)} to {drift_words.number(high)}" if high > low else drift_words.number(low)
    return Bar(name, sum(b.before for b in bins), sum(b.now for b in bins), low, high)


def _numeric(found: Distribution) -> go.Figure:
    bars = inside(found)
    logarithmic = _logarithmic(bars)
    text = [f"<b>{b.name}</b><br>{_share(b.before)} then, {_share(b.now)} now" for b in bars]
    edges = [b.low for b in bars] + [bars[-1].high] if bars else []
    figure = go.Figure(
        [
            _steps(edges, [b.before for b in bars], MUTE, 0.3, 1.2),
            _steps(edges, [b.now for b in bars], INFO, 0.22, 2.0),
            go.Scatter(
                x=[math.sqrt(b.low * b.high) if logarithmic else (b.low + b.high) / 2 for b in bars],
                y=[max(b.before, b.now) for b in bars],
                mode="markers",
                marker={"size": 12, "opacity": 0},
                text=text,
                hovertemplate="%{text}<extra></extra>",
            ),
        ]
    )
    dress(figure, 280)
    figure.update_layout(hovermode="x")
    figure.update_xaxes(type="log" if logarithmic else "linear", nticks=7, tickangle=0, showline=True, linecolor=AXIS)
    figure.update_yaxes(tickformat=".1~%", rangemode="tozero", nticks=4, ticksuffix=" ")
    return figure


def _logarithmic(bars: list[Bar]) -> bool:
    """Whether the bins are wider the larger the values are, over more than two powers of ten."""
    if not bars or bars[0].low <= 0:
        return False
    first, last = bars[0], bars[-1]
    return last.high / first.low > 100 and last.high - last.low > 10 * (first.high - first.low)


def _steps(edges: list[float], shares: list[float], color: str, fill: float, width: float) -> go.Scatter:
    xs: list[float] = []
    ys: list[float] = []
    for left, right, share in zip(edges[:-1], edges[1:], shares, strict=True):
        xs += [left, right]
        ys += [share, share]
    if edges:
        xs, ys = [edges[0], *xs, edges[-1]], [0.0, *ys, 0.0]
    return go.Scatter(
        x=xs,
        y=ys,
        mode="lines",
        line={"color": color, "width": width},
        fill="tozeroy",
        fillcolor=alpha(color, fill),
        hoverinfo="skip",
    )


def _categorical(found: Distribution) -> go.Figure:
    bars = categories(found)
    names = [_short(b.name) for b in bars]
    text = [f"<b>{b.name}</b><br>{_share(b.before)} then, {_share(b.now)} now" for b in bars]
    figure = go.Figure(
        [
            _bars(names, [b.before for b in bars], [alpha(MUTE, 0.4)] * len(bars), text, MUTE, "then"),
            _bars(
                names,
                [b.now for b in bars],
                [WARN if not b.before and b.now else INFO for b in bars],
                text,
                None,
                "now",
            ),
        ]
    )
    dress(figure, max(120, 40 * len(bars) + 16))
    figure.update_layout(barmode="group", bargap=0.3, bargroupgap=0.06)
    top = max([0.05, *(max(b.before, b.now) for b in bars)])
    figure.update_xaxes(visible=False, range=[0, top * 1.35])
    figure.update_yaxes(autorange="reversed", showgrid=False, type="category", ticksuffix="  ")
    return figure


def _bars(
    names: list[str], shares: list[float], colors: list[str], text: list[str], ink: str | None, when: str
) -> go.Bar:
    font: dict[str, Any] = {"size": 11} if ink is None else {"size": 11, "color": ink}
    return go.Bar(
        x=shares,
        y=names,
        orientation="h",
        marker={"color": colors, "cornerradius": 3},
        text=[f" {_share(s)} {when}" for s in shares],
        textposition="outside",
        textfont=font,
        customdata=text,
        hovertemplate="%{customdata}<extra></extra>",
        cliponaxis=False,
    )


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…"


def _share(value: float) -> str:
    return wording.percent(value, 1 if value < 0.1 else 0)
