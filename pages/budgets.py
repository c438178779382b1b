"""Budgets: where does the budget go?"""

import streamlit as st

from burnline.dashboard import reads, sentences, wording
from burnline.dashboard.parts import guard
from burnline.dashboard.parts.budget_panel import exhausted_since
from burnline.dashboard.parts.budget_view import budget_view
from burnline.dashboard.parts.burn_pairs import burn_pairs
from burnline.dashboard.parts.corrected import corrected
from burnline.dashboard.parts.drift_links import what_drifted
from burnline.dashboard.parts.evidence import evidence
from burnline.dashboard.parts.header import head, slo_badges
from burnline.dashboard.parts.late_labels import late_labels
from burnline.dashboard.parts.pickers import pick_model, pick_slo
from burnline.dashboard.parts.spend import spend

at, zone = reads.as_of()

title = st.container()
with st.container(horizontal=True, vertical_alignment="bottom"):
    model = pick_model(reads.status().models)
    if not model.slos:
        guard.no_slos(model)
        st.stop()
    slo = pick_slo(model)
    slo_badges(slo)
with title:
    head(
        f"{model.model} · {slo.slo}",
        f"{wording.window(slo, zone)} · {wording.known(slo)} · as of {wording.moment(at, zone)}",
    )
    if slo.total is None:
        st.markdown(f"No data: {slo.reason or 'nothing in the window'}.")
    else:
        st.markdown(sentences.cost(slo, exhausted_since(model.model, slo), zone))
    if slo.sli == "drift":
        what_drifted(model.model)

if slo.total is None:
    late_labels(model.model, slo, reads.surrogate(model.model))
    st.stop()

if slo.notes:
    st.markdown("\n".join(f"- :material/history: {note}" for note in slo.notes))
budget_view(model.model, slo, reads.events(model.model, at), zone)
late_labels(model.model, slo, reads.surrogate(model.model))
corrected(slo)
left, right = st.columns(2)
with left:
    evidence(slo, reads.warnings(model.model, slo.slo))
with right:
    burn_pairs(slo, slo.window.ends_at - slo.window.from_)
spend(reads.segments(model.model, slo.slo))
