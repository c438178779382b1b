"""Model: how is this one?"""

import polars as pl
import streamlit as st

from burnline.dashboard import reads, sentences, wording
from burnline.dashboard.parts import guard
from burnline.dashboard.parts.budget_panel import exhausted_since
from burnline.dashboard.parts.changes import changes
from burnline.dashboard.parts.day import day_numbers, day_picker
from burnline.dashboard.parts.drift_links import inputs_card
from burnline.dashboard.parts.dual_burndown import dual_burndown
from burnline.dashboard.parts.gate import gate
from burnline.dashboard.parts.header import both_tracks, head, profile
from burnline.dashboard.parts.latency import latency
from burnline.dashboard.parts.pickers import pick_model
from burnline.dashboard.parts.recent_incidents import recent_incidents
from burnline.dashboard.parts.slo_table import slo_table

at, zone = reads.as_of()

title = st.container()
controls = st.container(horizontal=True, vertical_alignment="bottom")
with controls:
    model = pick_model(reads.status().models)
with title:
    head(model.model, f"{profile(model)} · as of {wording.moment(at, zone)}")
if not model.slos:
    guard.no_slos(model)
    st.stop()

daily = reads.daily(30)
events = reads.events(model.model, at)
worst = sentences.worst(model)
since = exhausted_since(model.model, worst) if worst else None

with title:
    st.markdown(sentences.verdict(model, since, zone))
with controls:
    day = day_picker(daily)
    both_tracks(model)
if day:
    day_numbers(model, daily.filter(pl.col("model") == model.model), day)
wide, narrow = st.columns([7, 3])
with wide:
    dual_burndown(model, events, zone, day)
    changes(events, zone)
with narrow:
    gate(model, reads.definition(model.model), zone)
    inputs_card(model)
    recent_incidents(model.model, reads.incidents(model.model), zone)
slo_table(model, zone)
latency(model, reads.percentiles(model.model), zone)
