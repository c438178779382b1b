"""Every column in a row: how far it moved, since when and whether it hurts; the same as JSON and CSV."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import streamlit as st

from burnline.dashboard import drift_errors, drift_words, wording
from burnline.dashboard.charts.drift_grid import ranked
from burnline.dashboard.drift_errors import Unit
from burnline.dashboard.drift_words import HARMS, harm
from burnline.dashboard.parts import drift_place
from burnline.dashboard.parts.exports import exports
from burnline.dashboard.parts.pills import pills
from burnline.results.drift import DriftReport, FeatureDrift

_ROW, _MOST_ROWS = 38, 16
_OPEN = "open-column"


def drift_table(report: DriftReport, unit: Unit, zone: ZoneInfo) -> None:
    """Draws the table; the name of a column looks at it."""
    known = ranked(report.features)
    with st.container(border=True, key="card-drift-table"):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.subheader(f"Columns · {len(known)}", anchor=False, width="content")
            with st.container(horizontal=True, gap="small", width="content"):
                exports(report, "drift")
        st.dataframe(
            pl.DataFrame([_row(c, report, unit, zone) for c in known], infer_schema_length=None),
            hide_index=True,
            placeholder=wording.NONE,
            row_height=_ROW,
            height=_ROW * min(len(known), _MOST_ROWS) + _ROW,
            column_config=_columns([c.feature for c in known]),
            alt="Columns with harm, PSI, effect, tests, missing shares and since when they moved",
        )


def _row(column: FeatureDrift, report: DriftReport, unit: Unit, zone: ZoneInfo) -> dict[str, Any]:
    sure = [p for p in (column.p_adjusted, column.p_block) if p is not None]
    test = column.ks if column.kind == "numeric" else column.chi2
    return {
        "column": column.feature,
        "harm": [HARMS[harm(column)].word],
        "psi": drift_words.strength(column.psi, column.psi_seasonal),
        "effect": column.effect,
        "since": drift_words.since(column.first_seen, report.window.to, zone),
        "moved": drift_errors.change(column.badness_moved, unit),
        "test": "" if test is None else f"KS {test:.3f}" if column.kind == "numeric" else f"χ² {test:,.0f}",
        "p": drift_words.p_value(max(sure)) if sure else wording.NONE,
        "nulls": _then_now(*column.nulls),
        "outside": _then_now(*column.outside),
        "unseen": None if column.unseen is None else column.unseen * 100,
        "role": drift_words.ROLES[column.role],
        "n": wording.count(column.n),
    }


def _then_now(then: float | None, now: float | None) -> str:
    if then is None and now is None:
        return wording.NONE
    return f"{wording.percent(then, 1)} → {wording.percent(now, 1)}"


def _columns(names: Sequence[str]) -> dict[str, Any]:
    config = st.column_config

    def figure(label: str, about: str) -> Any:
        return config.NumberColumn(label, format="%.2f", width=66, help=about)

    return {
        "column": config.ButtonColumn(
            "Column",
            key=_OPEN,
            on_click=_open,
            args=(names,),
            type="tertiary",
            alignment="left",
            pinned=True,
            width=140,
        ),
        "harm": pills("Verdict", HARMS.values(), 106),
        "psi": figure("PSI", "Without the part that chance adds, and without what comes back every week"),
        "effect": figure("Effect", "Shift of the mean in standard deviations, or Cramér's V"),
        "since": config.TextColumn("Since", width=144),
        "moved": config.TextColumn("Errors moved", width=104, alignment="right"),
        "test": config.TextColumn("Test", width=92, alignment="right"),
        "p": config.TextColumn("p", width=84, alignment="right", help="The larger of the adjusted and the block p"),
        "nulls": config.TextColumn("Missing", width=116, alignment="right", help="Share then → now"),
        "outside": config.TextColumn("Out of range", width=106, alignment="right", help="Share then → now"),
        "unseen": config.NumberColumn("Unseen", format="%.1f %%", width=68, help="Share of values never seen before"),
        "role": config.TextColumn("Kind", width=84),
        "n": config.TextColumn("Rows", width=76, alignment="right"),
    }


def _open(names: Sequence[str]) -> None:
    drift_place.look_at(names[st.session_state[_OPEN].row])
