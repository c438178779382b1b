"""The numbers of the drift page at a glance, each with its course over the drawn days."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import streamlit as st

from burnline.dashboard import drift_errors, drift_words
from burnline.dashboard.charts.drift_grid import ranked
from burnline.dashboard.drift_errors import Unit
from burnline.dashboard.drift_words import harm, strength
from burnline.results.drift import ConceptDay, DriftBucket, DriftReport, FeatureDrift


def tiles(report: DriftReport, buckets: Sequence[DriftBucket], days: Sequence[ConceptDay], unit: Unit) -> None:
    """Draws how many inputs moved, the strongest, the expected errors it adds, and errors beyond the expected ones.

    ``report`` is what is judged, the lines are those of ``buckets`` and ``days``; where nothing happened there is no
    line, which would magnify noise.
    """
    known = ranked(c for c in report.features if c.role == "feature") or ranked(report.features)
    names = {c.feature for c in known}
    moved = [c for c in known if c.drifted]
    by_time = _by_time(b for b in buckets if b.feature in names)
    with st.grid(4, min_column_width=160):
        _tile(
            "Inputs drifted",
            f"{len(moved)} of {len(known)}",
            _harms(moved),
            [float(sum(b.drifted for b in at)) for at in by_time],
            "Predictions, confidence, labels and segments stand in the map below",
        )
        strongest = max(known, key=lambda c: strength(c.psi, c.psi_seasonal) or 0.0)
        _tile(
            "Strongest",
            f"PSI {drift_words.psi(strength(strongest.psi, strongest.psi_seasonal))}",
            strongest.feature,
            _course(strongest, by_time) if any(b.drifted for at in by_time for b in at) else (),
            f"Without the part that chance adds; {report.threshold:g} and more, proven, counts as drift",
        )
        worst = max(
            (c for c in moved if c.badness_moved is not None), key=lambda c: c.badness_moved or 0.0, default=None
        )
        _tile(
            "Expected errors moved",
            drift_errors.brief(worst.badness_moved if worst else None, unit),
            _moved(worst, moved, unit),
            (),
            f"What the shift of one column adds to the {drift_errors.what_moves(unit)}, at most; 95 % interval",
        )
        beyond, limits = drift_errors.unexplained(report.concept, unit)
        _tile(
            "Errors not explained",
            drift_errors.brief(beyond, unit),
            f"95 %: {drift_errors.between(limits, unit)}" if limits else "unknown without labels",
            [d.realised - d.expected for d in days] if any(d.drifted for d in days) else (),
            f"Realised less expected {drift_errors.name(unit)} of the same requests",
        )


def _tile(label: str, value: str, about: str, line: Sequence[float], explained: str) -> None:
    st.metric(
        label,
        value,
        about,
        delta_color="off",
        delta_arrow="off",
        border=True,
        height="stretch",
        chart_data=list(line) if len(line) > 1 and any(line) else None,
        chart_type="area",
        help=explained,
    )


def _harms(moved: Sequence[FeatureDrift]) -> str:
    if not moved:
        return "as in the baseline"
    found = [harm(c) for c in moved]
    return ", ".join(f"{n} {h}" for h in ("harmful", "unknown", "harmless") if (n := found.count(h)))


def _moved(worst: FeatureDrift | None, moved: Sequence[FeatureDrift], unit: Unit) -> str:
    if worst is not None:
        return f"{worst.feature}, {drift_errors.between(worst.badness_interval, unit)}"
    return "not known yet" if moved else "nothing drifted"


def _course(column: FeatureDrift, by_time: Sequence[Sequence[DriftBucket]]) -> list[float]:
    mine = (b for at in by_time for b in at if b.feature == column.feature)
    return [strength(b.psi, b.psi_seasonal) or 0.0 for b in mine]


def _by_time(buckets: Iterable[DriftBucket]) -> list[list[DriftBucket]]:
    found: dict[object, list[DriftBucket]] = {}
    for bucket in buckets:
        found.setdefault(bucket.from_, []).append(bucket)
    return [found[at] for at in sorted(found)]  # type: ignore[type-var]
