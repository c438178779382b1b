"""Errors of a model as people read them: shares of wrong answers, or how far off its numbers are."""

from __future__ import annotations

from typing import Literal

from burnline.dashboard import drift_words, wording
from burnline.results import ModelStatus
from burnline.results.drift import ConceptDrift

# "share": bad outcomes of all; "distance": root mean squared errors, what moves them in mean squared errors.
Unit = Literal["share", "distance"]
Limits = tuple[float, float]


def unit_of(model: ModelStatus) -> Unit:
    """How the errors of a model are measured: as its quality is promised."""
    slis = {slo.sli for slo in model.slos}
    return "distance" if "rmse" in slis and "accuracy" not in slis else "share"


def level(value: float, unit: Unit) -> str:
    """Errors of some requests: `3.02 % bad`, `RMSE 0.086`."""
    return f"{wording.percent(value, 2)} bad" if unit == "share" else f"RMSE {drift_words.number(value)}"


def change(value: float | None, unit: Unit) -> str:
    """By how much errors differ, with the sign: `+1.40 points`, `+24.2`."""
    if value is None:
        return wording.NONE
    return f"{_signed(value, unit)}{wording.NBSP}points" if unit == "share" else _signed(value, unit)


def brief(value: float | None, unit: Unit) -> str:
    """As ``change``, where there is little room: `+1.40 pp`."""
    return change(value, unit).replace("points", "pp")


def between(limits: Limits | None, unit: Unit) -> str:
    """The interval of a difference of errors."""
    return wording.NONE if limits is None else " to ".join(_signed(value, unit) for value in limits)


def what_moves(unit: Unit) -> str:
    """What a shift of the inputs adds to."""
    return "expected share of bad outcomes" if unit == "share" else "expected mean squared error"


def name(unit: Unit) -> str:
    """What is drawn per day."""
    return "share of bad outcomes" if unit == "share" else "root mean squared error"


def unexplained(concept: ConceptDrift, unit: Unit) -> tuple[float | None, Limits | None]:
    """Realised less expected errors and its interval: above zero it is worse than the inputs explain."""
    if concept.gap is None or unit == "share":
        # The gap is that of right answers: fewer of them are more errors.
        return concept.gap, concept.interval
    limits = concept.interval
    return -concept.gap, None if limits is None else (-limits[1], -limits[0])


def _signed(value: float, unit: Unit) -> str:
    if unit == "share":
        return f"{value * 100:+.2f}".replace("-", "−")
    text = drift_words.number(abs(value))
    return f"{'−' if value < 0 else '+'}{text}"
