"""The tab "Data quality": the pipeline, what fails, what passes, the schema, and downloads."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import streamlit as st

from burnline.dashboard import reads, state
from burnline.dashboard.parts.validation_checks import failed_checks, passed_checks
from burnline.dashboard.parts.validation_strip import strip
from burnline.dashboard.parts.validation_words import verdict
from burnline.errors import BurnlineError
from burnline.results.validation import ValidationReport


@st.fragment
def validation_tab(model: str, zone: ZoneInfo) -> None:
    """Validates the newest data of a model and draws the answer; the rest of the page does not wait for it."""
    if reads.definition(model) is None:
        _undefined(model)
        return
    try:
        with st.spinner(f"Checking the data of {model} stage by stage …", show_time=True):
            report = reads.validation(model)
    except BurnlineError as error:
        st.error(str(error), icon=":material/error:")
        return
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        mark = verdict(report)
        with st.container(horizontal=True, vertical_alignment="center", gap="small", width="content"):
            st.badge(mark.word, icon=mark.icon, color=mark.color)
            st.markdown(report.sentence, width="content")
        with st.container(horizontal=True, gap="small", width="content"):
            _schema(report)
            _exports(report)
    for note in report.notes:
        st.markdown(f":small[:gray[:material/info: {note}]]")
    strip(report.stages)
    failed_checks(report.stages, zone)
    passed_checks(report.stages)


def _undefined(model: str) -> None:
    with st.container(border=True, key="card-empty", horizontal_alignment="center"):
        st.space("medium")
        st.markdown("## :material/rule:", text_alignment="center")
        st.subheader("Nothing says how the data must be", anchor=False, text_alignment="center")
        st.markdown(
            f"The schema of a model stands beside its definition, and **{model}** has none. Write "
            f"`models/{model}.yaml`; its schema is then inferred from the reference.",
            text_alignment="center",
        )
        st.code(f"burnline validate {model} -w {state.workspace_folder()}", language="sh", width="content")
        st.space("medium")


def _schema(report: ValidationReport) -> None:
    with st.popover("Schema", icon=":material/schema:"):
        if report.schema_path is None:
            st.caption(
                "The checks are inferred from the reference each time. Write them down to edit and keep them, beside "
                "the Model:"
            )
            return
        path = Path(report.schema_path)
        text = path.read_text(encoding="utf-8")
        st.caption(f"Checked against `{path.name}` beside the Model; edit it there.")
        st.code(text, language="yaml", height=420)
        st.download_button(
            "Download",
            text.encode(),
            file_name=path.name,
            mime="application/yaml",
            icon=":material/download:",
            on_click="ignore",
            key="schema-yaml",
        )


def _exports(report: ValidationReport) -> None:
    name = f"burnline-validation-{report.model}"
    st.download_button(
        "JSON",
        report.model_dump_json(by_alias=True, indent=2).encode(),
        file_name=f"{name}.json",
        mime="application/json",
        icon=":material/download:",
        on_click="ignore",
        key="validation-json",
    )
    st.download_button(
        "CSV",
        report.to_polars().write_csv().encode(),
        file_name=f"{name}.csv",
        mime="text/csv",
        icon=":material/download:",
        on_click="ignore",
        key="validation-csv",
    )
