"""Search and filters over the models, held in the address."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import streamlit as st

from burnline.dashboard.charts.heatmap import Side
from burnline.dashboard.wording import STATES, Shown, shown_state
from burnline.results import ModelStatus

_SIDES: dict[str, str] = {"worst": "Worst of both", "infrastructure": "Infrastructure", "model": "Model"}


@dataclass(frozen=True)
class Filter:
    """Which models are shown; nothing chosen means all."""

    text: str
    teams: tuple[str, ...]
    tiers: tuple[str, ...]
    states: tuple[str, ...]

    def admits(self, model: ModelStatus) -> bool:
        """Whether a model is shown."""
        words = f"{model.model} {model.owner or ''} {model.type or ''}".lower()
        return (
            self.text.lower().strip() in words
            and (not self.teams or team(model) in self.teams)
            and (not self.tiers or tier(model) in self.tiers)
            and (not self.states or shown_state(model) in self.states)
        )


def team(model: ModelStatus) -> str:
    """The team label of a model."""
    return model.labels.get("team", "")


def tier(model: ModelStatus) -> str:
    """The tier as `T1`."""
    return "" if model.tier is None else f"T{model.tier}"


def filters(models: Sequence[ModelStatus]) -> Filter:
    """Draws the controls and returns what they say."""
    present: list[Shown] = [s for s in STATES if any(shown_state(m) == s for m in models)]
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        text = st.text_input(
            "Search",
            key="q",
            bind="query-params",
            placeholder="Name, owner, type",
            icon=":material/search:",
            width=210,
            live="300ms",
        )
        teams = st.multiselect(
            "Team", sorted({team(m) for m in models} - {""}), key="team", bind="query-params", width=210
        )
        tiers = st.pills(
            "Tier",
            sorted({tier(m) for m in models} - {""}),
            selection_mode="multi",
            key="tier",
            bind="query-params",
            width="content",
        )
        states = st.pills(
            "State",
            present,
            format_func=lambda s: STATES[cast(Shown, s)].word,
            selection_mode="multi",
            key="state",
            bind="query-params",
            width="content",
        )
    return Filter(text, tuple(teams), tuple(tiers), tuple(states))


def side() -> Side:
    """Which budget the heatmap shows."""
    chosen = st.segmented_control(
        "Budget",
        list(_SIDES),
        default="worst",
        format_func=lambda s: _SIDES[s],
        key="track",
        bind="query-params",
        label_visibility="collapsed",
        required=True,
    )
    return cast(Side, chosen)
