"""Which column and which bucket of the drift map is looked at: in the address, set by clicks and pickers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import streamlit as st

from burnline.dashboard import drift_words
from burnline.dashboard.charts.drift_grid import ranked
from burnline.dashboard.drift_words import Step
from burnline.dashboard.parts import guard
from burnline.dashboard.parts.drift_controls import STEPS
from burnline.results.drift import FeatureDrift

KEY = "drift-map"
FEATURE, DAY, HOUR = "feature", "day", "hour"
_CLICKED, _MODEL = "drift-clicked", "drift-model"
_LENGTHS: dict[Step, timedelta] = {"1d": timedelta(days=1), "1h": timedelta(hours=1)}


@dataclass(frozen=True)
class Place:
    """A column, and the bucket [start, end) of it; without one the whole window is meant."""

    feature: str
    start: datetime | None = None
    step: Step = "1d"

    @property
    def end(self) -> datetime | None:
        """The end of the bucket."""
        return None if self.start is None else self.start + _LENGTHS[self.step]


def follow_clicks() -> None:
    """A click on a cell, once, goes into the address; what is drawn then frames it."""
    points = st.session_state[KEY]["selection"]["points"] if KEY in st.session_state else []
    clicked = tuple(points[0]["customdata"]) if points else None
    if clicked is not None and clicked != st.session_state.get(_CLICKED):
        look_at(clicked[0], datetime.fromisoformat(clicked[1]), _shown_step())
    st.session_state[_CLICKED] = clicked


def look_at(feature: str, start: datetime | None = None, step: Step = "1d") -> None:
    """Writes a place into the address."""
    st.query_params[FEATURE] = feature
    for key in (DAY, HOUR):
        st.query_params.pop(key, None)
    if start is not None:
        utc = start.astimezone(UTC)
        st.query_params[DAY] = utc.date().isoformat()
        if step == "1h":
            st.query_params[HOUR] = str(utc.hour)


def place(model: str, columns: Sequence[FeatureDrift], times: Sequence[datetime]) -> Place:
    """The place of the address; without a word the column that needs attention most, over the whole window."""
    names = [c.feature for c in ranked(columns)]
    asked = st.query_params.get(FEATURE)
    moved_on = st.session_state.get(_MODEL) not in (None, model)
    st.session_state[_MODEL] = model
    if asked is not None and asked not in names:
        if moved_on:
            st.query_params.pop(FEATURE)
        else:
            guard.no_such(f"column {asked} of {model}")
    first = min(ranked(columns), key=_second_look).feature
    feature = asked if asked in names else first
    start, step = _bucket()
    known = start is not None and bool(times) and times[0] - timedelta(days=1) < start <= times[-1]
    return Place(feature, start if known else None, step)


def _second_look(column: FeatureDrift) -> tuple[bool, bool]:
    """Segments, and what is no input and did not drift, are looked at on demand."""
    return column.role == "segment", column.role != "feature" and not column.drifted


def _bucket() -> tuple[datetime | None, Step]:
    try:
        day = date.fromisoformat(st.query_params.get(DAY, ""))
    except ValueError:
        return None, "1d"
    begin = datetime(day.year, day.month, day.day, tzinfo=UTC)
    hour = st.query_params.get(HOUR, "")
    if hour.isdecimal() and int(hour) < 24:
        return begin + timedelta(hours=int(hour)), "1h"
    return begin, "1d"


def pickers(columns: Sequence[FeatureDrift], times: Sequence[datetime], here: Place, zone: ZoneInfo) -> None:
    """Draws what the keyboard uses instead of a click on the map."""
    marks = {c.feature: f"{c.feature} · {drift_words.HARMS[drift_words.harm(c)].label}" for c in ranked(columns)}
    st.session_state["pick-feature"] = here.feature
    st.selectbox(
        "Column",
        list(marks),
        format_func=lambda f: marks[f],
        key="pick-feature",
        on_change=_picked,
        width=260,
    )
    options: dict[str, str] = {"": "The whole window"}
    names = {at.isoformat(): at for at in reversed(times)}
    if here.start is not None and here.start.isoformat() not in names:
        names = {here.start.isoformat(): here.start, **names}
    options |= {name: drift_words.bucket_name(at, here.step, zone) for name, at in names.items()}
    st.session_state["pick-bucket"] = here.start.isoformat() if here.start is not None else ""
    st.selectbox(
        "When", list(options), format_func=lambda o: options[o], key="pick-bucket", on_change=_picked_bucket, width=190
    )


def _picked() -> None:
    st.query_params[FEATURE] = st.session_state["pick-feature"]


def _picked_bucket() -> None:
    chosen = st.session_state["pick-bucket"]
    look_at(
        st.query_params.get(FEATURE, st.session_state["pick-feature"]),
        datetime.fromisoformat(chosen) if chosen else None,
        _shown_step(),
    )


def _shown_step() -> Step:
    return STEPS.get(st.session_state.get("step", ""), "1d")
