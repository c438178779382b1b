"""The pairs of windows over which a budget must not burn too fast."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import polars as pl
import streamlit as st

from burnline.budgets.burn_rules import Rule, can_fire, firing, rules, ticket_rules
from burnline.dashboard import wording
from burnline.dashboard.parts.pills import pills
from burnline.dashboard.wording import Mark
from burnline.results import SloStatus

_STATES = {
    "firing": Mark("Firing", ":material/notifications_active:", "red"),
    "exceeds": Mark("Not proven", ":material/hourglass_empty:", "yellow"),
    "quiet": Mark("Quiet", ":material/check_circle:", "green"),
    "no_data": Mark("No data", ":material/visibility_off:", "gray"),
    "never": Mark("Never", ":material/do_not_disturb:", "gray"),
}


def burn_pairs(slo: SloStatus, length: timedelta) -> None:
    """Draws a row per pair; it fires while both burn rates exceed the threshold and the evidence proves the burn."""
    pairs = ticket_rules(length) if slo.sli == "drift" else rules(length)
    exceeding = firing(pairs, slo.burn_rates, Decimal(repr(slo.objective)))
    with st.container(border=True, key="card-pairs", height="stretch"):
        st.subheader("Burn rate", anchor=False)
        st.caption(
            "A pair fires while both windows burn faster than its threshold and the evidence proves the burn real; "
            "**not proven** means that the burn exceeds it and chance may explain that."
            + (" Drift never pages, and files a ticket only where no label judges the answers." * (slo.sli == "drift"))
        )
        st.dataframe(
            pl.DataFrame([_row(slo, pair, pair in exceeding) for pair in pairs], infer_schema_length=None),
            hide_index=True,
            row_height=38,
            column_config={
                "pair": st.column_config.TextColumn("Pair"),
                "severity": st.column_config.TextColumn("Severity"),
                "long": st.column_config.TextColumn("Long", alignment="right"),
                "short": st.column_config.TextColumn("Short", alignment="right"),
                "threshold": st.column_config.TextColumn("Threshold", alignment="right"),
                "spends": st.column_config.TextColumn(
                    "Spends", alignment="right", help="Of the budget, by the time the long window is full"
                ),
                "state": pills("State", _STATES.values(), 90),
            },
            alt="Burn-rate pairs with their thresholds and whether they fire",
        )


def _row(slo: SloStatus, pair: Rule, exceeds: bool) -> dict[str, Any]:
    return {
        "pair": f"{pair.long} / {pair.short}",
        "severity": pair.severity,
        "long": wording.times(slo.burn_rates.get(pair.long)),
        "short": wording.times(slo.burn_rates.get(pair.short)),
        "threshold": wording.times(pair.threshold),
        "spends": wording.percent(float(pair.budget)),
        "state": [_STATES[_state(slo, pair, exceeds)].word],
    }


def _state(slo: SloStatus, pair: Rule, exceeds: bool) -> str:
    """What a pair does: an alert that fires keeps the pair that fired it until both windows are quiet again."""
    alerts = [a for a in slo.alerts if a.severity == pair.severity]
    if any(a.rule == pair.name for a in alerts) or (exceeds and alerts):
        return "firing"
    if exceeds:
        return "exceeds"
    if not can_fire(pair, Decimal(repr(slo.objective))):
        return "never"
    known = slo.burn_rates.get(pair.long) is not None and slo.burn_rates.get(pair.short) is not None
    return "quiet" if known else "no_data"
