"""Which model, window, baseline and resolution the drift page speaks of: always in the address."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal

import streamlit as st

from burnline.dashboard.drift_words import Step
from burnline.dashboard.parts.pickers import pick_model
from burnline.results import ModelStatus

Way = Literal["reference", "trailing"]

# The words of the controls stand in the address.
_DAYS: Mapping[str, int | None] = {"7d": 7, "30d": 30, "90d": 90, "Custom": None}
_WAYS: Mapping[str, Way] = {"Reference": "reference", "Trailing": "trailing"}
STEPS: Mapping[str, Step] = {"Days": "1d", "Hours": "1h"}
# The map looks further back than the window, so that a beginning can be seen; hours no further than can be drawn.
_MAP_DAYS = timedelta(days=30)
_MOST_HOURS = timedelta(days=7)


@dataclass(frozen=True)
class Question:
    """What is asked: [start, end) is judged, buckets from ``since`` on are drawn."""

    model: ModelStatus
    start: datetime
    end: datetime
    since: datetime
    baseline: Way
    step: Step

    @property
    def cut(self) -> bool:
        """Whether hours are drawn of the end of the window only."""
        return self.since > self.start


def controls(models: Sequence[ModelStatus], at: datetime) -> Question:
    """Draws the controls and returns what they ask."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        model = pick_model(models)
        window = _segmented("Window", _DAYS, "window", "How many last days are compared with the baseline")
        start, end = _window(window, at)
        way = _segmented(
            "Compared with",
            _WAYS,
            "baseline",
            "Reference: the first days of the log, or the training file. Trailing: as many days before the window.",
        )
        step = _segmented("Per", STEPS, "step", "What a cell of the map is: a day of UTC or an hour")
    return question(model, start, end, _WAYS[way], STEPS[step])


def question(model: ModelStatus, start: datetime, end: datetime, way: Way, step: Step) -> Question:
    """Days are drawn from a midnight thirty days ago at least, hours for seven days at most."""
    if step == "1h":
        return Question(model, start, end, max(start, end - _MOST_HOURS), way, step)
    since = min(start, end - _MAP_DAYS).astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return Question(model, start, end, since, way, step)


def _segmented(label: str, options: Collection[str], key: str, about: str) -> str:
    known = list(options)
    chosen = st.segmented_control(
        label, known, default=known[0], required=True, key=key, bind="query-params", help=about
    )
    return chosen or known[0]


def _window(window: str, at: datetime) -> tuple[datetime, datetime]:
    # Windows are whole hours, the running one among them; seven days are 168 hours, also when clocks change.
    end = at.astimezone(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    days = _DAYS[window]
    if days is not None:
        return end - timedelta(days=days), end
    last = at.astimezone(UTC).date()
    first = _date("From", "from", last - timedelta(days=13), last)
    final = _date("To", "to", last, last)
    first, final = min(first, final), max(first, final)
    return _midnight(first), min(_midnight(final + timedelta(days=1)), end)


def _date(label: str, key: str, default: date, last: date) -> date:
    picked = st.date_input(
        label, value=default, max_value=last, key=key, bind="query-params", width=130, help="A whole day of UTC"
    )
    return picked if isinstance(picked, date) else default


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
