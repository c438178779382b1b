"""Coloured words in the cells of a table."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import streamlit as st

from burnline.dashboard.charts.palette import BAD, MUTE, OK, WARN
from burnline.dashboard.wording import Mark

_COLORS = {"red": BAD, "orange": WARN, "yellow": WARN, "green": OK, "gray": MUTE}
# Healthy is quiet: its pill is barely there, the worst is nearly solid.
_STRENGTH = {"red": "66", "orange": "55", "yellow": "40", "green": "26", "gray": "26"}


def pills(label: str, marks: Iterable[Mark], width: int) -> Any:
    """A column of one-word lists, each word in the colour of its mark."""
    known = list(marks)
    return st.column_config.MultiselectColumn(
        label,
        options=[mark.word for mark in known],
        color=[f"{_COLORS[mark.color]}{_STRENGTH[mark.color]}" for mark in known],
        width=width,
    )
