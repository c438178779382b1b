"""Drift: what changed in the inputs, and does it matter?"""

import streamlit as st

from burnline.dashboard import drift_words, reads, wording
from burnline.dashboard.charts.drift_grid import grid
from burnline.dashboard.parts import drift_place
from burnline.dashboard.parts.drift_concept import drift_concept
from burnline.dashboard.parts.drift_controls import controls
from burnline.dashboard.parts.drift_detail import drift_detail
from burnline.dashboard.parts.drift_empty import hints, no_columns
from burnline.dashboard.parts.drift_map import PAGE, drift_map, shows_all
from burnline.dashboard.parts.drift_table import drift_table
from burnline.dashboard.parts.drift_tiles import tiles
from burnline.dashboard.parts.header import head
from burnline.dashboard.parts.validation_tab import validation_tab

at, zone = reads.as_of()

title = st.container()
asked = controls(reads.status().models, at)
name, step, way = asked.model.model, asked.step, asked.baseline
with st.spinner(f"Comparing the inputs of {name} with their baseline …"):
    report = reads.drift(name, asked.start, asked.end, way, step)
    drawn = reads.drift(name, asked.since, asked.end, way, step)
with title:
    head(
        drift_words.headline(report),
        f"{drift_words.span(report.window.from_, report.window.to, zone)} · {drift_words.against(report.reference)} · "
        f"as of {wording.moment(at, zone)}",
    )
    st.markdown(report.sentence)
hints(report)

inputs, concept, quality = st.tabs(
    ["Inputs and outputs", "Concept drift", "Data quality"], key="tab", bind="query-params"
)
if inputs.open:
    with inputs:
        if not report.features:
            no_columns(report)
        else:
            drift_place.follow_clicks()
            tiles(report, drawn)
            found = grid(report.features, drawn.buckets, step, most=None if shows_all(len(report.features)) else PAGE)
            here = drift_place.place(name, report.features, found.times)
            drift_map(report, found, asked, drawn.concept.days, here, zone)
            bucket = reads.drift(name, here.start, here.end, way, step) if here.start and here.end else None
            shares = reads.distribution(name, here.feature, here.start or asked.start, here.end or asked.end, way)
            drift_detail(report, bucket, shares, here, found.times, zone)
            drift_table(report, zone)
if concept.open:
    with concept:
        drift_concept(name, report.concept, drawn.concept.days, zone)
if quality.open:
    with quality:
        validation_tab(name, zone)
