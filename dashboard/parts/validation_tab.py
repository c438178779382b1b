"""The tab "Data quality": the pipeline, what fails, what passes, the schema, and downloads."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import streamlit as st

from burnline.dashboard import reads, state, wording
from burnline.dashboard.drift_words import plain
from burnline.dashboard.parts.exports import exports
from burnline.dashboard.parts.validation_checks import failed_checks, passed_checks
from burnline.dashboard.parts.validation_strip import strip
from burnline.dashboard.parts.validation_words import verdict
from burnline.errors import BurnlineError
from burnline.results.validation import ValidationReport

_ROWS = ("Newest day", "Window")
_DAY = timedelta(days=1)


@st.fragment
def validation_tab(model: str, start: datetime, end: datetime, zone: ZoneInfo) -> None:
    """Validates the newest day of [start, end), or all of it, and draws the answer; the rest of the page does not
    wait for it."""
    rows = st.segmented_control("Rows", _ROWS, default=_ROWS[0], required=True, key="rows", bind="query-params")
    since = start if rows == "Window" else max(start, end - _DAY)
    try:
        with st.spinner(f"Checking the data of {model} stage by stage …", show_time=True):
            report = reads.validation(model, since, end)
    except BurnlineError as error:
        st.error(str(error), icon=":material/error:")
        return
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        mark = verdict(report)
        with st.container(horizontal=True, vertical_alignment="center", gap="small", width="content"):
            st.badge(mark.word, icon=mark.icon, color=mark.color)
            if report.time_to_detection is not None:
                took = wording.duration(timedelta(seconds=report.time_to_detection))
                st.badge(f"Detectable after {took}", icon=":material/timer:", color="gray")
        with st.container(horizontal=True, gap="small", width="content"):
            _schema(report)
            exports(report, "validation")
    st.markdown(plain(report.sentence))
    for note in report.notes:
        st.markdown(f":small[:gray[:material/info: {plain(note)}]]")
    strip(report.stages)
    failed_checks(report.stages, zone)
    passed_checks(report.stages)


def _schema(report: ValidationReport) -> None:
    with st.popover("Schema", icon=":material/schema:"):
        try:
            text = reads.schema(report.model)
        except BurnlineError as error:
            st.caption(str(error))
            return
        if report.schema_path is not None:
            st.caption(f"Checked against `{Path(report.schema_path).name}` beside the Model; edit it there.")
        else:
            st.caption("Inferred from the reference anew each time. To edit and keep it, write it beside the Model:")
            st.code(f"burnline validate {report.model} --write-schema -w {state.workspace_folder()}", language="sh")
        st.code(text, language="yaml", height=420)
        st.download_button(
            "Download",
            text.encode(),
            file_name=f"{report.model}.schema.yaml",
            mime="application/yaml",
            icon=":material/download:",
            on_click="ignore",
            key="schema-yaml",
        )
