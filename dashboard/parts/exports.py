"""The buttons that download an answer as JSON and as CSV."""

from __future__ import annotations

import streamlit as st

from burnline.results.drift import DriftReport
from burnline.results.validation import ValidationReport


def exports(report: DriftReport | ValidationReport, kind: str) -> None:
    """Draws both; files and keys are named by the ``kind`` of the answer."""
    for label, content, mime in (
        ("JSON", report.model_dump_json(by_alias=True, indent=2), "application/json"),
        ("CSV", report.to_polars().write_csv(), "text/csv"),
    ):
        ending = label.lower()
        st.download_button(
            label,
            content.encode(),
            file_name=f"burnline-{kind}-{report.model}.{ending}",
            mime=mime,
            icon=":material/download:",
            on_click="ignore",
            key=f"{kind}-{ending}",
        )
