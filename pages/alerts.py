"""Alerts: is the alerting worth having?"""

import streamlit as st

from burnline.dashboard import reads, wording
from burnline.dashboard.parts import alert_actions, alert_words
from burnline.dashboard.parts.alert_board import board
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

title, controls = st.columns([7, 3], vertical_alignment="bottom")
with controls, st.container(horizontal=True):
    model = any_model(status.models)
    slo = any_slo(model) if model else None
with st.spinner("Replaying the history of every SLO …"):
    shown = board(
        reads.alerting(), status, at, zone, model=model.model if model else None, slo=slo.slo if slo else None
    )
fires = alert_words.firing(shown)
days = min(alert_words.DAYS, reads.daily(alert_words.DAYS)["day"].n_unique())
worth = alert_words.worth(shown, days)

with title:
    head(alert_words.answer(fires), f"{status.workspace} · as of {wording.moment(at, zone)}")
    st.markdown(f"{alert_words.judged(worth, days)}  \n{alert_words.woke(shown)}")
alert_kpis(fires, worth, lines(shown))
firing_now(shown, fires)
if shown.alerts:
    alert_history(shown)
else:
    with st.container(border=True, key="card-never"):
        st.markdown(
            ":material/notifications_off: No alert ever: nothing has burned fast enough with evidence. "
            "The replay shows what would."
        )
begin = (fires[0].alerts[0].model, fires[0].alerts[0].slo) if fires else None
named = (model.model, slo.slo) if model and slo else begin
chosen = [m for m in status.models if model in (None, m)]
alert_replay(chosen, named, zone, sum(len(m.slos) for m in status.models))
left, right = st.columns([2, 3])
with left:
    silences(shown)
with right:
    notifications(shown)
