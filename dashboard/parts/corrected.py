"""An SLO before its corrections beside what counts, and why."""

from __future__ import annotations

import streamlit as st

from burnline.dashboard import wording
from burnline.results import SloStatus


def corrected(slo: SloStatus) -> None:
    """Draws both sets of figures; nothing where no correction touches the window."""
    raw = slo.raw
    if raw is None:
        return
    unit = wording.unit_of(slo)
    with st.container(border=True, key="card-corrected"):
        st.subheader("Corrections", anchor=False)
        st.markdown(
            f"{wording.count(raw.excluded_total)} {unit} are left out, {wording.count(raw.excluded_bad)} of them bad. "
            f"As measured: **{wording.sli(raw.value, slo.objective)}**, {wording.left(raw.budget_remaining)}, "
            f"{wording.count(raw.bad)} bad of {wording.count(raw.total)}. Corrected: "
            f"**{wording.sli(slo.value, slo.objective)}**, {wording.budget(slo)}, "
            f"{wording.count(slo.bad)} bad of {wording.count(slo.total)}."
        )
        st.markdown("\n".join(f"- :small[{reason}]" for reason in raw.reasons))
