"""Drift: what changed in the inputs, and does it matter?"""

import streamlit as st

from burnline.dashboard import drift_words, reads, wording
from burnline.dashboard.charts.drift_grid import grid
from burnline.dashboard.charts.drift_lane import judged
from burnline.dashboard.drift_errors import unit_of
from burnline.dashboard.parts import drift_place
from burnline.dashboard.parts.drift_concept import drift_concept
from burnline.dashboard.parts.drift_controls import controls
from burnline.dashboard.parts.drift_detail import drift_detail
from burnline.dashboard.parts.drift_empty import hints, no_columns
from burnline.dashboard.parts.drift_map import PAGE, drift_map, shows_all
from burnline.dashboard.parts.drift_table import drift_table
from burnline.dashboard.parts.drift_tiles import tiles
from burnline.dashboard.parts.drift_wait import looked, wait
from burnline.dashboard.parts.header import head
from burnline.dashboard.parts.validation_tab import validation_tab

at, zone = reads.as_of()

title = st.container()
asked = controls(reads.status().models, at)
name, unit = asked.model.model, unit_of(asked.model)
with st.spinner(f"Comparing the inputs of {name} with their baseline …"):
    # Rollups answer at once; whether it hurts is in the raw logs, and is waited for below.
    report = reads.drift(name, asked.start, asked.end, asked.baseline, asked.step, raw=looked(asked))
    drawn = reads.drift_course(name, asked.since, asked.end, asked.baseline, asked.step)
with title:
    head(
        drift_words.headline(report, looked=looked(asked)),
        f"{drift_words.span(report.window.from_, report.window.to, zone)} · {drift_words.against(report.reference)} · "
        f"as of {wording.moment(at, zone)}",
    )
    if looked(asked):
        st.markdown(drift_words.plain(report.sentence))
hints(report)

names = ["Inputs and outputs", "Concept drift", "Data quality"]
days = judged(drawn.days, report.concept.days)
inputs, concept, quality = st.tabs(names, key="tab", bind="query-params")
if inputs.open:
    with inputs:
        if not report.features:
            no_columns(report)
        else:
            drift_place.follow_clicks()
            tiles(report, drawn.buckets, days, unit)
            found = grid(
                report.features, drawn.buckets, asked.step, most=None if shows_all(len(report.features)) else PAGE
            )
            here = drift_place.place(name, report.features, found.times)
            changes = reads.changes(name, asked.since, asked.end)
            drift_map(report, found, asked, days, changes, here, unit, zone)
            values = reads.distribution(
                name, here.feature, here.start or asked.start, here.end or asked.end, asked.baseline
            )
            drift_detail(report, values, drawn.buckets, here, found.times, unit, zone)
            drift_table(report, unit, zone)
if concept.open:
    with concept:
        drift_concept(name, report.concept, days, unit, zone)
if quality.open:
    with quality:
        validation_tab(name, asked.start, asked.end, zone)

with title:
    wait(asked)
