"""What the drift page says: which columns moved, by how much, and whether it hurts."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from burnline.dashboard import wording
from burnline.dashboard.wording import Mark
from burnline.results.drift import Baseline, DriftBucket, DriftReport, FeatureDrift, Role

Harm = Literal["harmful", "unknown", "harmless", "moved", "steady", "no_data"]
Step = Literal["1d", "1h"]

# In the order in which they call for attention.
HARMS: Mapping[Harm, Mark] = {
    "harmful": Mark("Harmful", ":material/error:", "red"),
    "unknown": Mark("Harm unknown", ":material/help:", "yellow"),
    "harmless": Mark("Harmless", ":material/check_circle:", "green"),
    "moved": Mark("Moved", ":material/swap_horiz:", "gray"),
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
    """Whether a column moved, and if so whether it hurts.

    Labels are what answers are judged by, and segments say where requests come from: that they moved is no harm.
    """
    if not column.drifted:
        return "no_data" if strength(column.psi, column.psi_seasonal) is None else "steady"
    if column.harmful is None:
        return "moved" if column.role in ("label", "segment") else "unknown"
    return "harmful" if column.harmful else "harmless"


def strength(psi: float | None, seasonal: float | None) -> float | None:
    """The PSI a column is judged by: the lesser of that against all hours and that against the same hours."""
    return min((value for value in (psi, seasonal) if value is not None), default=None)


def headline(report: DriftReport, *, looked: bool = True) -> str:
    """The first words of the page: how many inputs moved, whether that hurts, and whether errors need another cause.

    Before the raw logs were ``looked`` at nothing is said of harm and of concept drift.
    """
    inputs = [c for c in report.features if c.role == "feature"]
    moved = [c for c in inputs if c.drifted]
    outputs = [c.feature for c in report.features if c.role in ("prediction", "confidence") and c.drifted]
    name = report.model
    if not report.features:
        return f"{name}: no inputs to compare"
    if moved:
        said = f"{len(moved)} of {len(inputs)} inputs drifted" + (hurting(moved) if looked else "")
    elif outputs:
        said = f"no input drifted, its {' and '.join(outputs)} did"
    else:
        said = "no input drifted"
    if looked and report.concept.drifted:
        said += "; the same inputs fail more often" if moved else ", but the same inputs fail more often"
    return f"{name}: {said}"


def hurting(moved: Iterable[FeatureDrift]) -> str:
    """How many of the drifted columns hurt, as the end of a sentence about them."""
    found = [harm(c) for c in moved]
    if hurt := found.count("harmful"):
        return " and hurts" if len(found) == 1 else f", {hurt} hurt{'s' if hurt == 1 else ''}"
    if "unknown" in found:
        return ", whether it hurts is unknown"
    return " and does no harm" if len(found) == 1 else ", none hurts"


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


def number(value: float) -> str:
    """A value of a column, short: four digits at most, two of what is tiny."""
    if value == 0:
        return "0"
    if abs(value) >= 1e6 or abs(value) < 1e-6:
        return f"{value:.2g}".replace("-", "−")
    digits = (2 if abs(value) < 1e-3 else 3) - math.floor(math.log10(abs(value))) - 1
    text = f"{value:,.{max(0, digits)}f}"
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
    if bucket.psi is not None and bucket.psi >= threshold > judged:
        season = f"<br>a season: {psi(bucket.psi)} against all hours, {psi(judged)} against the same hours"
    open_ = " · not over yet" if bucket.provisional else ""
    return f"{verdict}{season}<br>{wording.count(bucket.n)} rows{open_}"


def against(reference: Baseline | None) -> str:
    """What a window is compared with, in one line."""
    if reference is None:
        return "nothing to compare with"
    text = reference.sentence.strip().rstrip(".")
    return f"{text[:1].lower()}{text[1:]}"


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


def plain(text: str) -> str:
    """Text that names values of a log, safe in Markdown."""
    escaped = re.sub(r"[\\`*\[\]$~<>]|(?<!\w)_|_(?!\w)", r"\\\g<0>", text)
    return re.sub(r":(?=[a-z])", r"\\:", escaped)
