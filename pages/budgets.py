"""Budgets: where does the budget go?"""

from zoneinfo import ZoneInfo

import streamlit as st

from burnline.dashboard import reads, wording
from burnline.dashboard.charts.burndown import exhausted_at
from burnline.dashboard.parts import guard
from burnline.dashboard.parts.budget_view import budget_view
from burnline.dashboard.parts.burn_pairs import burn_pairs
from burnline.dashboard.parts.header import head, state_badge
from burnline.dashboard.parts.pickers import pick_model, pick_slo
from burnline.dashboard.parts.spend import spend

fleet = reads.status()
zone = ZoneInfo(fleet.timezone)
assert fleet.at is not None

title = st.container()
with st.container(horizontal=True, vertical_alignment="bottom"):
    model = pick_model(fleet.models)
    if not model.slos:
        guard.no_slos(model.model)
        st.stop()
    slo = pick_slo(model)
    state_badge(slo.state)
    st.badge(wording.TRACKS[slo.track], icon=":material/layers:", color="blue")

with title:
    head(f"{model.model} · {slo.slo}", f"{wording.window(slo, zone)} · as of {wording.moment(fleet.at, zone)}")
    if slo.total is None:
        st.markdown(f"No data: {slo.reason or 'nothing in the window'}.")
        st.stop()
    since = exhausted_at(reads.burndown(model.model, slo.slo))
    st.markdown(wording.cost(slo, since, zone))

budget_view(model.model, slo, reads.events(model.model, fleet.at), zone)
left, right = st.columns(2)
with left:
    burn_pairs(slo, reads.period(model.model, slo).length)
with right:
    spend(reads.segments(model.model, slo.slo))
