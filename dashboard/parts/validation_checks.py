"""Checks of the data: those that fail in full, those that pass folded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from zoneinfo import ZoneInfo

import polars as pl
import streamlit as st

from burnline.dashboard import wording
from burnline.dashboard.drift_words import plain
from burnline.dashboard.parts.validation_words import FAILED, STAGES, WARNS, evidence, name
from burnline.results.validation import Check, StageReport

_ROW, _MOST_ROWS, _SHOWN = 38, 14, 12


def failing(stages: Sequence[StageReport]) -> Iterator[tuple[StageReport, Check]]:
    """What fails, errors before warnings, in each the most rows first."""
    bad = [(s, c) for s in stages for c in s.checks if not c.passed]
    yield from sorted(bad, key=lambda p: (p[1].severity != "error", -_share(p[1])))


def failed_checks(stages: Sequence[StageReport], zone: ZoneInfo) -> None:
    """Draws what fails."""
    found = list(failing(stages))
    with st.container(border=True, key="card-failed"):
        st.subheader(f"What fails · {len(found)}", anchor=False)
        if not found:
            st.markdown(":green[:material/check_circle:] Every check passes.")
        for stage, check in found[:_SHOWN]:
            _entry(stage, check, zone)
        if len(found) > _SHOWN:
            with st.expander(f"{len(found) - _SHOWN} more"):
                for stage, check in found[_SHOWN:]:
                    _entry(stage, check, zone)


def passed_checks(stages: Sequence[StageReport]) -> None:
    """Draws what passes, folded."""
    found = [(s, c) for s in stages for c in s.checks if c.passed]
    if not found:
        return
    with st.expander(f"{len(found)} checks pass", icon=":material/check_circle:"):
        rows = [
            {
                "stage": STAGES[stage.stage][0],
                "check": check.check.replace("_", " "),
                "column": check.column,
                "sentence": check.sentence,
                "rows": wording.count(None if check.rows is None else float(check.rows)),
            }
            for stage, check in found
        ]
        st.dataframe(
            pl.DataFrame(rows, schema_overrides={"column": pl.String}, infer_schema_length=None),
            hide_index=True,
            placeholder=wording.NONE,
            row_height=_ROW,
            height=_ROW * min(len(rows), _MOST_ROWS) + _ROW,
            column_config={
                "stage": st.column_config.TextColumn("Stage", width=110),
                "check": st.column_config.TextColumn("Check", width=120),
                "column": st.column_config.TextColumn("Column", width=150),
                "sentence": st.column_config.TextColumn("What it says", width="large"),
                "rows": st.column_config.TextColumn("Rows", width=80, alignment="right"),
            },
            alt="Checks that pass, by stage and column",
        )


def _entry(stage: StageReport, check: Check, zone: ZoneInfo) -> None:
    mark = FAILED if check.severity == "error" else WARNS
    with st.container(border=True, gap="xxsmall"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.badge("Failed" if check.severity == "error" else "Warning", icon=mark.icon, color=mark.color)
            st.markdown(f"**{name(check)}**", width="content")
            st.markdown(f":gray[:small[{STAGES[stage.stage][0]}]]", width="content")
        st.markdown(plain(check.sentence))
        if said := evidence(check, zone):
            st.markdown(f":gray[:small[{said}]]")


def _share(check: Check) -> float:
    return (check.failed_rows or 0) / (check.rows or 1)
