"""Model: how is this one?"""

from zoneinfo import ZoneInfo

import polars as pl
import streamlit as st

from burnline.dashboard import reads, wording
from burnline.dashboard.charts.burndown import exhausted_at
from burnline.dashboard.parts import guard
from burnline.dashboard.parts.changes import changes
from burnline.dashboard.parts.day import day_numbers, day_picker
from burnline.dashboard.parts.dual_burndown import dual_burndown
from burnline.dashboard.parts.gate import gate
from burnline.dashboard.parts.header import both_tracks, head, profile
from burnline.dashboard.parts.latency import latency
from burnline.dashboard.parts.pickers import pick_model
from burnline.dashboard.parts.slo_table import slo_table

fleet = reads.status()
zone = ZoneInfo(fleet.timezone)
assert fleet.at is not None
daily = reads.daily(30)

title = st.container()
with st.container(horizontal=True, vertical_alignment="bottom"):
    model = pick_model(fleet.models)
    day = day_picker(daily)
    both_tracks(model)

worst = next(iter(wording.worst_first(model.slos)), None)
since = exhausted_at(reads.burndown(model.model, worst.slo)) if worst else None
with title:
    head(model.model, f"{profile(model)} · as of {wording.moment(fleet.at, zone)}")
    st.markdown(wording.verdict(model, since, zone))

if not model.slos:
    guard.no_slos(model.model)
    st.stop()

if day:
    day_numbers(model, daily.filter(pl.col("model") == model.model), day)
events = reads.events(model.model, fleet.at)
wide, narrow = st.columns([7, 3])
with wide:
    dual_burndown(model, events, zone, day)
with narrow:
    gate(model.gate)
    changes(events, zone)
slo_table(model)
latency(model, reads.percentiles(model.model), zone)
