"""Which model, which SLO: always in the address."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from burnline.dashboard import state, wording
from burnline.dashboard.parts import guard
from burnline.dashboard.parts.attention import ranked
from burnline.results import ModelStatus, SloStatus


def pick_model(models: Sequence[ModelStatus]) -> ModelStatus:
    """The model of the address; without one, the model that needs attention most."""
    known = {m.model: m for m in ranked(models)}
    if missing := state.remember("model", list(known), next(iter(known))):
        guard.no_such(f"model {missing}")
    # No default: a default would be dropped from the address, and tomorrow's worst is another one.
    name = st.selectbox("Model", list(known), index=None, key="model", bind="query-params", width=240)
    return known[name or next(iter(known))]


def pick_slo(model: ModelStatus) -> SloStatus:
    """The SLO of the address; without one, the one that needs attention most."""
    head = wording.worst_first(model.slos)
    known = {s.slo: s for s in (*head, *(s for s in model.slos if s not in head))}
    if missing := state.remember("slo", list(known), next(iter(known))):
        guard.no_such(f"SLO {missing} of {model.model}")
    name = st.selectbox("SLO", list(known), index=None, key="slo", bind="query-params", width=200)
    return known[name or next(iter(known))]
