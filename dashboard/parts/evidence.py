"""How sure a number is: the evidence about one SLO."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from burnline.dashboard import proof, wording
from burnline.dashboard.charts.interval import interval
from burnline.results import SloStatus


def evidence(slo: SloStatus, warnings: Sequence[str]) -> None:
    """Draws the verdict in words, the interval beside the promise, what would decide it, and what was spent on what."""
    found = slo.evidence
    if found is None or slo.value is None:
        return
    with st.container(border=True, key="card-evidence", height="stretch"):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.subheader("Evidence", anchor=False, width="content")
            evidence_badge(slo)
        st.plotly_chart(
            interval(slo.value, found.interval, slo.objective, _labels(slo, found.interval)),
            key="interval",
            config={"displayModeBar": False},
            alt=f"{wording.sli(slo.value, slo.objective)} delivered, the true value between {proof.interval(slo)}, "
            f"{wording.objective(slo.objective)} promised",
        )
        st.markdown(proof.evidence(slo))
        for said in (proof.to_decide(slo), proof.overdispersion(found), proof.odds(found), proof.spent(slo)):
            if said:
                st.markdown(f":small[{said}]")
        for said in warnings:
            st.markdown(f":small[:orange[:material/warning:] {said}]")


def evidence_badge(slo: SloStatus) -> None:
    """The verdict of the evidence as icon, word and colour."""
    if slo.evidence is not None:
        mark = wording.EVIDENCE[slo.evidence.verdict]
        st.badge(mark.word, icon=mark.icon, color=mark.color)


def _labels(slo: SloStatus, limits: tuple[float, float]) -> tuple[str, str, str]:
    low, high = (wording.sli(value, slo.objective) for value in limits)
    return low, high, f"promised {wording.objective(slo.objective)}"
