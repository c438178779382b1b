"""The head of a page: its question answered in words, and badges."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from burnline.dashboard.wording import DECISIONS, STATES, TRACKS, Shown
from burnline.results import Decision, ModelStatus, SloStatus


def head(title: str, caption: str) -> None:
    """Title and the moment it speaks of."""
    st.title(title, anchor=False)
    st.caption(caption)


def state_badge(state: Shown, prefix: str = "") -> None:
    """A state as icon, word and colour."""
    mark = STATES[state]
    st.badge(f"{prefix}{mark.word}", icon=mark.icon, color=mark.color)


def gate_badge(decision: Decision) -> None:
    """The deployment gate as icon, word and colour."""
    mark = DECISIONS[decision]
    st.badge(f"Deploy: {mark.word.lower()}", icon=mark.icon, color=mark.color)


def counts(states: Sequence[Shown]) -> None:
    """How many models are in each state, worst first; a state nobody is in is left out."""
    with st.container(horizontal=True, gap="small"):
        for state, mark in STATES.items():
            if number := states.count(state):
                st.badge(f"{number} {mark.label}", icon=mark.icon, color=mark.color)


def both_tracks(model: ModelStatus) -> None:
    """The two budgets of a model as badges, each under its own name."""
    state_badge(model.tracks.infrastructure.state, "Infrastructure: ")
    state_badge(model.tracks.model.state, "Model: ")


def slo_badges(slo: SloStatus) -> None:
    """State and track of an SLO."""
    state_badge(slo.state)
    st.badge(TRACKS[slo.track], icon=":material/layers:", color="blue")


def profile(model: ModelStatus) -> str:
    """Type, tier, team and owner in one line."""
    facts = (model.type, f"tier {model.tier}" if model.tier else None, model.labels.get("team"))
    return " · ".join(fact for fact in facts if fact) or "in the logs only"
