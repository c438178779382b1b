"""The pipeline as a strip: each stage with how many of its checks pass."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from burnline.dashboard import wording
from burnline.dashboard.parts.validation_words import STAGES, counts, mark_of
from burnline.results.validation import StageReport


def strip(stages: Sequence[StageReport]) -> None:
    """Draws one card per stage, from left to right as data pass through them."""
    with st.grid(5, min_column_width=178):
        for place, stage in enumerate(stages):
            _stage(stage, place, last=place == len(stages) - 1)


def _stage(stage: StageReport, place: int, *, last: bool) -> None:
    title, icon, about = STAGES[stage.stage]
    mark = mark_of(stage)
    with st.container(border=True, key=f"card-stage-{stage.stage}", height="stretch", gap="xsmall"):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.markdown(f"{icon} **{title}**", width="content", help=about)
            if not last:
                st.markdown(":gray[:material/arrow_forward:]", width="content")
        st.badge(mark.word, icon=mark.icon, color=mark.color)
        if stage.checks:
            st.markdown(f":small[{counts(stage)}]  \n:small[:gray[{wording.count(float(stage.rows))} rows]]")
        else:
            st.markdown(f":small[:gray[{stage.reason or 'nothing to check'}]]")
