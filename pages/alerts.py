"""Alerts: is the alerting worth having?"""

import streamlit as st

from burnline.dashboard import reads, wording
from burnline.dashboard.parts import alert_actions, alert_words
from burnline.dashboard.parts.alert_firing import firing_now
from burnline.dashboard.parts.alert_history import alert_history
from burnline.dashboard.parts.alert_kpis import alert_kpis, lines
from burnline.dashboard.parts.alert_replay import alert_replay
from burnline.dashboard.parts.alert_silences import notifications, silences
from burnline.dashboard.parts.header import head
from burnline.dashboard.parts.pickers import any_model, any_slo

at, zone = reads.as_of()
status = reads.status()
alert_actions.heard()
with st.spinner("Replaying the history of every SLO …"):
    everything = reads.alerting()
    on_burns = everything.on_burns
    incidents = {name: incident for incident in everything.incidents for name in incident.alerts}

title, controls = st.columns([7, 3], vertical_alignment="bottom")
with controls, st.container(horizontal=True):
    model = any_model(status.models)
    slo = any_slo(model) if model else None
chosen = [m for m in status.models if model in (None, m)]
alerts = [
    a for a in everything.alerts if (model is None or a.model == model.model) and (slo is None or a.slo == slo.slo)
]
statuses = {(m.model, s.slo): s for m in status.models for s in m.slos}
fires = alert_words.firing(alerts, everything.groups, statuses)
days = min(alert_words.DAYS, reads.daily(alert_words.DAYS)["day"].n_unique())
found = alert_words.worth(alerts, on_burns, at, days)

with title:
    head(alert_words.answer(fires), f"{status.workspace} · as of {wording.moment(at, zone)}")
    st.markdown(f"{alert_words.judged(found, days)}  \n{alert_words.woke(alerts, at, zone)}")
alert_kpis(fires, found, lines(alerts, on_burns, at, zone))
firing_now(fires, statuses, incidents, everything.records, at, zone)
if alerts:
    alert_history(alerts, on_burns, statuses, incidents, everything.records, at, zone)
else:
    with st.container(border=True, key="card-never"):
        st.markdown(
            ":material/notifications_off: No alert ever: nothing has burned fast enough with evidence. "
            "The replay shows what would."
        )
begin = next(((a.model, a.slo) for one in fires for a in one.alerts), None)
named = (model.model, slo.slo) if model and slo else None
alert_replay(chosen, named or begin, zone, sum(len(m.slos) for m in status.models))
left, right = st.columns([2, 3])
with left:
    silences(everything.records, at, zone)
with right:
    notifications(everything.records, everything.groups)
