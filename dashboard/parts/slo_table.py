"""The SLOs of one model: what was promised, delivered and spent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import streamlit as st

from burnline.dashboard import proof, state, wording
from burnline.dashboard.parts.pills import pills
from burnline.dashboard.wording import STATES
from burnline.results import BURN_WINDOWS, ModelStatus, SloStatus

_ROW = 38


def slo_table(model: ModelStatus, zone: ZoneInfo) -> None:
    """Draws the table, infrastructure first; the name of an SLO opens its budget."""
    slos = sorted(model.slos, key=lambda s: s.track)
    late = any(s.estimate is not None for s in slos)
    with st.container(border=True, key="card-slos"):
        st.subheader("SLOs", anchor=False)
        st.dataframe(
            pl.DataFrame([_row(s, zone, late=late) for s in slos], infer_schema_length=None),
            hide_index=True,
            placeholder=wording.NONE,
            row_height=_ROW,
            height=_ROW * len(slos) + _ROW,
            column_config=_columns(model.model, slos),
            alt=f"The SLOs of {model.model}",
        )


def _row(slo: SloStatus, zone: ZoneInfo, *, late: bool) -> dict[str, Any]:
    left = slo.budget_remaining
    mark = proof.standing(slo)
    spare = None if slo.budget_total is None or slo.bad is None else slo.budget_total - slo.bad
    return {
        "slo": slo.slo,
        "track": wording.TRACKS[slo.track],
        "state": [STATES[slo.state].word],
        "evidence": [] if mark is None else [mark.word],
        "value": wording.sli(slo.value, slo.objective),
        "interval": proof.interval(slo),
        **({"estimate": _estimated(slo)} if late else {}),
        "objective": wording.objective(slo.objective),
        "threshold": wording.threshold(slo.threshold, slo.unit),
        "left": None if left is None else left * 100,
        "forecast": proof.short_outlook(slo, zone),
        **{f"burn_{w}": slo.burn_rates.get(w) for w in BURN_WINDOWS},
        "spare": wording.count(spare),
        "minutes": wording.budget_minutes(slo),
        "total": None if slo.total is None else f"{wording.count(slo.total)} {wording.unit_of(slo)}",
        "coverage": None if slo.coverage is None else slo.coverage * 100,
        "reason": slo.reason,
    }


def _estimated(slo: SloStatus) -> str:
    if slo.estimate is None:
        return wording.NONE
    found = slo.estimate
    return f"{wording.sli(found.value, slo.objective)} ({proof.between(found.interval, slo.objective)})"


def _columns(model: str, slos: Sequence[SloStatus]) -> dict[str, Any]:
    config = st.column_config
    names = [s.slo for s in slos]
    return {
        "slo": config.ButtonColumn(
            "SLO",
            key="open-slo",
            on_click=_open,
            args=(model, names),
            type="tertiary",
            alignment="left",
            pinned=True,
            width=112,
        ),
        "track": config.TextColumn("Track", width=98),
        "state": pills("State", STATES.values(), 84),
        "evidence": pills("Evidence", proof.STANDINGS, 134),
        "value": config.TextColumn("Delivered", width=78, alignment="right"),
        "interval": config.TextColumn(
            "95 % interval", width=146, alignment="right", help="Where the true value lies, however often one looks"
        ),
        "estimate": config.TextColumn(
            "With late labels", width=178, alignment="right", help="Expected of all events, labelled or not, 95 %"
        ),
        "objective": config.TextColumn("Promised", width=70, alignment="right"),
        "threshold": config.TextColumn("Threshold", width=74, alignment="right"),
        "left": config.ProgressColumn(
            "Budget left", min_value=0, max_value=100, format="%.1f %%", color="blue", width=120
        ),
        "forecast": config.TextColumn(
            "Exhausted", width=104, help="If recent behaviour continues: when, and how likely before the window ends"
        ),
        **{
            f"burn_{w}": config.NumberColumn(
                f"Burn {w}" if w == "5m" else w,
                format="%.1f×",
                width=66 if w == "5m" else 54,
                help=f"Burn rate over the last {w}",
            )
            for w in BURN_WINDOWS
        },
        "spare": config.TextColumn(
            "Still allowed", width=88, help="Bad events or slices until the budget is spent", alignment="right"
        ),
        "minutes": config.NumberColumn(
            "Minutes", format="%,.0f", width=64, help="Minutes of total failure the budget still holds"
        ),
        "total": config.TextColumn("Judged on", width=116, alignment="right"),
        "coverage": config.NumberColumn(
            "Coverage", format="%.0f %%", width=70, help="Share of events whose outcome is known"
        ),
        "reason": config.TextColumn("Why no data", width=220),
    }


def _open(model: str, names: Sequence[str]) -> None:
    state.go("budgets", model=model, slo=names[st.session_state["open-slo"].row])
