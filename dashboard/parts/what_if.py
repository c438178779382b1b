"""What another promise would mean: sliders for the objective and the threshold."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal

import streamlit as st

from burnline.dashboard import wording
from burnline.results import SloStatus

_OBJECTIVES = (
    *("50", "60", "70", "75", "80", "85", "90", "91", "92", "93", "94", "95", "96", "97", "97.5", "98", "98.5"),
    *("99", "99.25", "99.5", "99.75", "99.9", "99.95", "99.98", "99.99", "99.995", "99.999"),
)
_ROUND = (1, 1.1, 1.25, 1.4, 1.5, 1.6, 1.75, 2, 2.25, 2.5, 2.75, 3, 3.5, 4, 4.5, 5, 5.5, 6, 7, 8, 9)
_OF = "what_if_of"


@dataclass(frozen=True)
class WhatIf:
    """Another promise; None where it is the present one."""

    objective: float | None
    threshold: float | None

    @property
    def moved(self) -> bool:
        """Whether anything is changed."""
        return self.objective is not None or self.threshold is not None


def what_if(model: str, slo: SloStatus, thresholds: tuple[float, float] | None) -> WhatIf:
    """Draws the sliders and returns where they stand."""
    promised = _percent(slo.objective)
    current = _number(slo.threshold)
    _follow(model, slo.slo, promised, current if thresholds else None)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        objective = st.select_slider(
            f"Objective · promised {wording.objective(slo.objective)}",
            _objectives(promised),
            value=promised,
            key="objective",
            bind="query-params",
            width=360,
        )
        threshold = current
        if thresholds is not None and slo.threshold is not None:
            threshold = st.select_slider(
                f"Threshold · promised {wording.threshold(slo.threshold, slo.unit)}",
                _thresholds(thresholds, slo.threshold),
                value=current,
                key="threshold",
                bind="query-params",
                width=360,
            )
        moved = (objective, threshold) != (promised, current)
        st.button(
            "Reset",
            icon=":material/restart_alt:",
            disabled=not moved,
            on_click=_reset,
            args=(promised, current if thresholds else None),
        )
    return WhatIf(
        None if objective == promised else float(Decimal(objective) / 100),
        None if threshold == current else float(threshold),
    )


def _follow(model: str, slo: str, promised: str, threshold: str | None) -> None:
    """Another SLO begins at its own promise; the first one shown keeps what the address says."""
    before = st.session_state.get(_OF)
    st.session_state[_OF] = (model, slo)
    if before is not None and before != (model, slo):
        _reset(promised, threshold)


def _reset(promised: str, threshold: str | None) -> None:
    st.session_state["objective"] = promised
    if threshold is not None:
        st.session_state["threshold"] = threshold


def _objectives(promised: str) -> list[str]:
    return sorted({*_OBJECTIVES, promised}, key=Decimal)


def _thresholds(limits: tuple[float, float], current: float) -> list[str]:
    """Round numbers within the limits and the present threshold.

    They do not depend on the limits, which move with the data: a link stays what it was.
    """
    low, high = limits
    if high <= 1:
        steps = [hundredth / 100 for hundredth in range(1, 101)]
    else:
        decades = range(math.floor(math.log10(max(low, 0.01))), math.ceil(math.log10(high)) + 1)
        steps = [step * 10.0**decade for decade in decades for step in _ROUND]
    return sorted({*(_number(s) for s in steps if low <= s <= high), _number(current)}, key=float)


def _percent(objective: float) -> str:
    return wording.objective(objective).split("\u00a0")[0]


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:g}"
