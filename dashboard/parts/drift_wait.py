"""Whether a drift hurts is found in the raw logs: what rollups know is shown first, this as soon as it is known."""

from __future__ import annotations

import streamlit as st

from burnline.dashboard import reads
from burnline.dashboard.parts.drift_controls import Question

_LOOKED = "drift-looked"


def looked(asked: Question) -> bool:
    """Whether this session has waited for the raw logs of this question."""
    return bool(st.session_state.get(_LOOKED) == _key(asked))


def wait(asked: Question) -> None:
    """Looks into the raw logs, once per question, and draws the page anew with what they say."""
    if looked(asked):
        return
    with st.spinner("Looking at single requests: does it hurt?", show_time=True):
        reads.drift(asked.model.model, asked.start, asked.end, asked.baseline, asked.step)
    st.session_state[_LOOKED] = _key(asked)
    st.rerun()


def _key(asked: Question) -> tuple[object, ...]:
    return asked.model.model, asked.start, asked.end, asked.baseline, asked.step
