"""Incidents: what broke, when, at what cost?"""

import streamlit as st

from burnline.dashboard import reads, wording
from burnline.dashboard.incident_case import around, by_need, costliest, gather, slos_by_cost, step_of
from burnline.dashboard.incident_words import summary, title
from burnline.dashboard.parts.drift_links import around_incident
from burnline.dashboard.parts.header import head
from burnline.dashboard.parts.incident_evidence import incident_alerts, incident_course_card, incident_slices
from burnline.dashboard.parts.incident_header import incident_header
from burnline.dashboard.parts.incident_overview import overview, state_counts
from burnline.dashboard.parts.incident_picker import no_incident, pick_incident
from burnline.dashboard.parts.incident_response import response
from burnline.dashboard.parts.incident_similar import similar_incidents

at, zone = reads.as_of()
status = reads.status()
with st.spinner("Replaying the history of every SLO …"):
    alerting = reads.alerting()
    incidents = by_need(alerting.incidents)

if not incidents:
    head(title(incidents), f"{status.workspace} · as of {wording.moment(at, zone)}")
    no_incident(at, zone)
    st.stop()

one, opened = pick_incident(incidents)
start, end = around(one, at)
step = step_of((start, end))
case = gather(one, alerting.alerts, incidents, reads.changes(one.model, start, end), status, at)
courses = {slo: alerting.course(one.model, slo, start=start, end=end, step=step) for slo in slos_by_cost(one)}
slices = {slo: reads.segments_between(one.model, slo, one.started_at, one.ended_at or at) for slo in slos_by_cost(one)}

# An incident that the address names comes first, else all of them do.
first, second = st.container(), st.container()
with second if opened else first:
    if not opened:
        head(title(incidents), f"{status.workspace} · as of {wording.moment(at, zone)}")
        st.markdown(summary(incidents, zone, at))
        state_counts(incidents)
    else:
        st.header("All incidents", anchor=False)
    overview(incidents, at, zone, one.id)
with first if opened else second:
    incident_header(case, opened=opened)
    if one.track == "model":
        around_incident(one.model, one.started_at, one.ended_at or at)
    incident_course_card(case, courses, step)
    left, right = st.columns([2, 1])
    with left:
        incident_alerts(case)
        incident_slices(case, slices[costliest(one)])
    with right:
        response(case, slices)
        similar_incidents(case)
