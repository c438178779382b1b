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
    follow, missing = state.entity("model", list(known), next(iter(known)))
    if missing:
        guard.no_such(f"model {missing}")
    return known[st.selectbox("Model", list(known), width=240, **follow)]


def pick_slo(model: ModelStatus) -> SloStatus:
    """The SLO of the address; without one, the one that needs attention most."""
    head = wording.worst_first(model.slos)
    known = {s.slo: s for s in (*head, *(s for s in model.slos if s not in head))}
    follow, missing = state.entity("slo", list(known), next(iter(known)))
    if missing:
        guard.no_such(f"SLO {missing} of {model.model}")
    return known[st.selectbox("SLO", list(known), width=200, **follow)]


def any_model(models: Sequence[ModelStatus]) -> ModelStatus | None:
    """The model of the address; None for all of them."""
    known = {m.model: m for m in ranked(models) if m.slos}
    follow, missing = state.choice("model", list(known))
    if missing:
        guard.no_such(f"model {missing}")
    return known.get(
        st.selectbox("Model", list(known), index=None, placeholder="All models", width=240, **follow) or ""
    )


def any_slo(model: ModelStatus) -> SloStatus | None:
    """The SLO of the address; None for all of the model."""
    known = {s.slo: s for s in model.slos}
    follow, missing = state.choice("slo", list(known))
    if missing:
        guard.no_such(f"SLO {missing} of {model.model}")
    return known.get(st.selectbox("SLO", list(known), index=None, placeholder="All SLOs", width=200, **follow) or "")
