"""What the drift page says: which columns moved, by how much, and whether it hurts."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from burnline.dashboard import wording
from burnline.dashboard.wording import Mark
from burnline.results.drift import Baseline, DriftBucket, DriftReport, FeatureDrift, Role

Harm = Literal["harmful", "unknown", "harmless", "steady", "no_data"]
Step = Literal["1d", "1h"]

# In the order in which they call for attention.
HARMS: Mapping[Harm, Mark] = {
    "harmful": Mark("Harmful", ":material/error:", "red"),
    "unknown": Mark("Harm unknown", ":material/help:", "yellow"),
    "harmless": Mark("Harmless", ":material/check_circle:", "green"),
    "no_data": Mark("No data", ":material/visibility_off:", "gray"),
    "steady": Mark("Steady", ":material/horizontal_rule:", "gray"),
}
ROLES: Mapping[Role, str] = {
    "feature": "Feature",
    "prediction": "Prediction",
    "confidence": "Confidence",
    "label": "Label",
    "segment": "Segment",
}
# A p-value below this is told as a bound.
_SMALLEST = 0.001


def harm(column: FeatureDrift) -> Harm:
    """Whether a column moved, and if so whether it hurts."""
    if not column.drifted:
        return "no_data" if column.n == 0 or strength(column.psi, column.psi_seasonal) is None else "steady"
    return {True: "harmful", False: "harmless", None: "unknown"}[column.harmful]  # type: ignore[return-value]


def strength(psi: float | None, seasonal: float | None) -> float | None:
    """The PSI a column is judged by: the lesser of that against all hours and that against the same hours."""
    return min((value for value in (psi, seasonal) if value is not None), default=None)


def columns(number: int) -> str:
    """`1 column`, `3 columns`."""
    return f"{number} column" if number == 1 else f"{number} columns"


def headline(report: DriftReport) -> str:
    """The first words of the page."""
    if not report.features:
        return f"{report.model}: no inputs to compare"
    moved = [c for c in report.features if c.drifted]
    concept = ", its errors are not explained by its inputs" if report.concept.drifted else ""
    if not moved:
        return f"{report.model}: no input or output drifted{concept}"
    number = f"{len(moved)} of {columns(len(report.features))} drifted"
    return f"{report.model}: {number}, {hurting(moved)}{concept}"


def hurting(moved: Iterable[FeatureDrift]) -> str:
    """How many of the drifted columns hurt."""
    found = [harm(c) for c in moved]
    if hurt := found.count("harmful"):
        return f"{hurt} hurt{'s' if hurt == 1 else ''}"
    return "whether it hurts is unknown" if "unknown" in found else "none hurts"


def psi(value: float | None) -> str:
    """A Population Stability Index: two decimals, the beginning of an explosion none."""
    if value is None or not math.isfinite(value):
        return wording.NONE
    return f"{value:.2f}" if value < 10 else f"{value:.0f}"


def p_value(p: float | None) -> str:
    """How likely chance alone is to look like this."""
    if p is None:
        return wording.NONE
    return f"below {_SMALLEST:g}" if p < _SMALLEST else f"{p:.3f}"


def points(share: float | None) -> str:
    """A difference of two shares in percentage points, with its sign."""
    if share is None:
        return wording.NONE
    return f"{share * 100:+.2f}{wording.NBSP}points".replace("-", "−")


def between(limits: tuple[float, float] | None) -> str:
    """An interval of a difference of shares, in percentage points."""
    if limits is None:
        return wording.NONE
    low, high = (f"{value * 100:+.2f}".replace("-", "−") for value in limits)
    return f"{low} to {high}"


def number(value: float) -> str:
    """A value of a column, short: four digits at most."""
    if value == 0:
        return "0"
    if abs(value) >= 1e6 or abs(value) < 1e-3:
        return f"{value:.2g}".replace("-", "−")
    digits = max(0, 3 - math.floor(math.log10(abs(value))) - 1)
    text = f"{value:,.{digits}f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text).replace("-", "−")


def utc_day(at: datetime) -> date:
    """The day a bucket of a day stands for: days are whole days of UTC."""
    return at.astimezone(UTC).date()


def bucket_name(at: datetime, step: Step, zone: ZoneInfo) -> str:
    """When a bucket begins: a day of UTC, or an hour on the clock of the workspace."""
    return wording.day(utc_day(at)) if step == "1d" else wording.brief(at, zone)


def cell(bucket: DriftBucket | None, threshold: float) -> str:
    """What a cell of the map says."""
    if bucket is None or bucket.n == 0:
        return "no data"
    judged = strength(bucket.psi, bucket.psi_seasonal)
    if judged is None:
        return f"not comparable · {wording.count(bucket.n)} rows"
    if bucket.drifted:
        verdict = f"<b>drifted</b>: PSI {psi(judged)}, beyond {threshold:g}"
    elif judged >= threshold:
        verdict = f"PSI {psi(judged)}, beyond {threshold:g} but not proven"
    else:
        verdict = f"steady: PSI {psi(judged)}, threshold {threshold:g}"
    season = ""
    if bucket.psi is not None and bucket.psi_seasonal is not None and bucket.psi > judged:
        season = f"<br>a season: {psi(bucket.psi)} against all hours, {psi(judged)} against the same hours"
    open_ = " · not over yet" if bucket.provisional else ""
    return f"{verdict}{season}<br>{wording.count(bucket.n)} rows{open_}"


def against(reference: Baseline | None) -> str:
    """What a window is compared with, in one line."""
    if reference is None:
        return "nothing to compare with"
    rows = f"{wording.count(reference.rows)} rows"
    return f"against {_lower(reference.sentence)} ({rows})"


def _lower(sentence: str) -> str:
    """A sentence as a part of another one."""
    text = sentence.strip().rstrip(".")
    return text[:1].lower() + text[1:] if text[:2] != text[:2].upper() else text


def span(start: datetime, end: datetime, zone: ZoneInfo) -> str:
    """A window in words, with the zone of its times."""
    local = end.astimezone(zone)
    return f"{wording.duration(end - start)} from {wording.brief(start, zone)} to {wording.brief(end, zone)} {local:%Z}"


def since(at: datetime | None, until: datetime, zone: ZoneInfo) -> str:
    """Since when a column has been different."""
    if at is None:
        return wording.NONE
    elapsed = until - at
    return f"{wording.brief(at, zone)}, {wording.duration(elapsed)} ago" if elapsed > timedelta(0) else "just now"
