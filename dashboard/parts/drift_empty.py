"""What the drift page says while there is nothing, or not yet enough, to compare."""

from __future__ import annotations

import streamlit as st

from burnline.dashboard import drift_words, reads, state, wording
from burnline.results.drift import DriftReport


def no_columns(report: DriftReport) -> None:
    """Says what a log needs to be compared."""
    with st.container(border=True, key="card-empty", horizontal_alignment="center"):
        st.space("medium")
        st.markdown("## :material/data_object:", text_alignment="center")
        st.subheader("No inputs in the log", anchor=False, text_alignment="center")
        st.markdown(
            f"Drift is measured on the columns `f_<name>`, `prediction`, `confidence`, `label` and the segments. The "
            f"log of **{report.model}** has none of them in this window. Log them, or map yours in `burnline.yaml`, "
            "then:",
            text_alignment="center",
        )
        st.code(f"burnline ingest -w {state.workspace_folder()}", language="sh", width="content")
        st.space("medium")


def hints(report: DriftReport) -> None:
    """Says what limits the comparison: a baseline that is still filled, no baseline, notes of the report."""
    if report.reference is None:
        st.info(
            "There is no baseline yet: it is the first days of the log, or a file named under `reference` in "
            "`burnline.yaml`. Until then nothing counts as drift.",
            icon=":material/hourglass_empty:",
        )
    elif report.reference.provisional:
        until = f" ({wording.count(report.reference.rows)} rows so far)"
        st.info(
            f"The baseline is not complete yet{until}: what is found until then is provisional, and a weekend can "
            "look like drift.",
            icon=":material/hourglass_empty:",
        )
    if reads.definition(report.model) is None:
        st.info(
            f"Nothing is promised for {report.model}: drift is measured all the same, at the usual threshold "
            f"{report.threshold:g}. Write `models/{report.model}.yaml` to give it a budget.",
            icon=":material/help:",
        )
    for note in report.notes:
        st.markdown(f":small[:gray[:material/info: {drift_words.plain(note)}]]")
