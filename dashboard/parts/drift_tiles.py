"""The numbers of the drift page at a glance, each with its course over the drawn days."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from burnline.dashboard import drift_words
from burnline.dashboard.charts.drift_grid import ranked
from burnline.dashboard.drift_words import harm, strength
from burnline.results.drift import ConceptDrift, DriftBucket, DriftReport, FeatureDrift


def tiles(report: DriftReport, drawn: DriftReport) -> None:
    """Draws how many columns moved, the strongest, the expected errors it adds, and the gap to the realised ones.

    ``report`` is what is judged, the lines are those of ``drawn``.
    """
    known = ranked(report.features)
    moved = [c for c in known if c.drifted]
    by_time = _by_time(drawn.buckets)
    with st.grid(4, min_column_width=160):
        _tile(
            "Columns drifted",
            f"{len(moved)} of {len(known)}",
            _harms(moved),
            [float(sum(b.drifted for b in at)) for at in by_time],
            "Predictions, confidence, labels and segments are columns, too",
        )
        # A release always moves the column of versions: it is the strongest only where there is nothing else.
        strongest = max(known, key=lambda c: (c.role != "segment", strength(c.psi, c.psi_seasonal) or 0.0))
        _tile(
            "Strongest",
            f"PSI {drift_words.psi(strength(strongest.psi, strongest.psi_seasonal))}",
            strongest.feature,
            [strength(b.psi, b.psi_seasonal) or 0.0 for at in by_time for b in at if b.feature == strongest.feature],
            f"Without the part that chance adds; {report.threshold:g} and more counts as drift",
        )
        worst = max(
            (c for c in moved if c.badness_moved is not None), key=lambda c: c.badness_moved or 0.0, default=None
        )
        _tile(
            "Expected errors moved",
            drift_words.points(worst.badness_moved if worst else None),
            _moved(worst, moved),
            [d.expected for d in drawn.concept.days],
            "What the shift of one column adds to the expected share of bad outcomes, at most",
        )
        _gap(report.concept, drawn.concept)


def _gap(concept: ConceptDrift, drawn: ConceptDrift) -> None:
    _tile(
        "Errors not explained",
        drift_words.points(concept.gap),
        f"95 %: {drift_words.between(concept.interval)}" if concept.interval else "unknown without labels",
        [d.realised - d.expected for d in drawn.days],
        "Realised minus expected share of bad outcomes of the same requests: above zero it is concept drift",
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


def _moved(worst: FeatureDrift | None, moved: Sequence[FeatureDrift]) -> str:
    if worst is not None:
        return f"{worst.feature}, {drift_words.between(worst.badness_interval)}"
    return "nobody knows yet" if moved else "nothing drifted"


def _by_time(buckets: Sequence[DriftBucket]) -> list[list[DriftBucket]]:
    found: dict[object, list[DriftBucket]] = {}
    for bucket in buckets:
        found.setdefault(bucket.from_, []).append(bucket)
    return [found[at] for at in sorted(found)]  # type: ignore[type-var]
