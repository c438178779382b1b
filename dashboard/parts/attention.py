"""The list of models that need a human, worst first, one sentence each."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

import streamlit as st

from burnline.budgets.state import severity
from burnline.dashboard import sentences, state, wording
from burnline.dashboard.parts.header import state_badge
from burnline.results import ModelStatus

_MOST = 6


def ranked(models: Sequence[ModelStatus]) -> list[ModelStatus]:
    """Worst first: what fails beyond doubt, then by state, then by what is left of the tightest budget.

    Models without SLOs come before healthy ones.
    """

    def urgency(model: ModelStatus) -> tuple[bool, int, float, str]:
        left = [
            t.budget_remaining
            for t in (model.tracks.infrastructure, model.tracks.model)
            if t.budget_remaining is not None
        ]
        certain = sentences.failing_now(model) and sentences.proven(model)
        return not certain, -severity(model.state), min(left, default=1.0), model.model

    return sorted(models, key=urgency)


def needs_a_human(models: Sequence[ModelStatus], zone: ZoneInfo) -> None:
    """Draws the list in the order given; what is only to be watched is counted below it."""
    waiting = [m for m in models if sentences.failing_now(m)]
    watched = [m for m in models if not sentences.failing_now(m) and wording.shown_state(m) != "healthy"]
    with st.container(border=True, key="card-attention", height="stretch"):
        st.subheader("Needs a human", anchor=False)
        if not waiting:
            st.markdown(":green[:material/check_circle:] No budget is spent or burns too fast.")
        for model in waiting[:_MOST]:
            _entry(model, zone)
        if len(waiting) > _MOST:
            st.caption(f"and {len(waiting) - _MOST} more in the table below")
        if watched:
            st.caption(f"{len(watched)} to watch: at risk, without data or without an SLO")


def _entry(model: ModelStatus, zone: ZoneInfo) -> None:
    certain = sentences.proven(model)
    with st.container(border=True, key=f"card-wait-{model.model}", gap="xxsmall"):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.page_link(
                state.page("model"),
                label=f"**{model.model}**",
                icon=":material/arrow_forward:",
                query_params={"model": model.model},
            )
            if certain:
                state_badge(wording.shown_state(model))
            else:
                st.badge("Undecided", icon=wording.EVIDENCE["undecided"].icon, color="gray")
        silent = "**silent** · " if model.verdict == "silent_model_failure" else ""
        st.markdown(f":small[{silent}{sentences.attention(model, zone)}]")
