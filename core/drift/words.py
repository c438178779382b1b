"""What drift answers say in words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from math import isfinite

from burnline.results.drift import ConceptDrift, FeatureDrift
from burnline.rollups.compared import Compared, rare

_MOST_NAMES = 3
_NEARLY_ALL = 0.5
_NOTABLE, _NOTABLE_NULLS = 0.001, 0.01
# That the version changes is what a release is for.
_RELEASES = frozenset({"version"})


def why(one: Compared, threshold: float, blocks: int, since: datetime | None) -> str:
    """Why a column counts as drifted, or why not; ``blocks`` are the days (or hours) of the window that drifted."""
    far, season = one.whole.far, float(one.whole.psi[0])
    psi = float(far.psi[0])
    if one.drifted(threshold) or blocks:
        return _drifted(one, threshold, blocks, since)
    if max(float(far.unseen_share[0]), rare(one.column)) > _NEARLY_ALL:
        return "Most values occur once or are too many to tell apart: it looks like an identifier, and is not compared."
    if psi < threshold:
        return f"PSI {psi:.3f}, within {threshold:g}."
    if season < threshold:
        return f"PSI {psi:.2f} against the whole baseline, {season:.2f} against the same hours of its week: a season."
    if psi <= one.usual:
        return f"PSI {psi:.2f}, no more than days of the baseline differ among themselves ({one.usual:.2f})."
    return f"PSI {psi:.2f} over {far.n[0]:,.0f} rows is not proven (p = {float(one.whole.p_adjusted[0]):.2g})."


def _drifted(one: Compared, threshold: float, blocks: int, since: datetime | None) -> str:
    far, season = one.whole.far, float(one.whole.psi[0])
    parts = [f"PSI {far.psi[0]:.2f}"]
    if isfinite(season):
        parts[0] += f" ({season:.2f} against the same hours of the week)"
    if not one.drifted(threshold):
        parts.append(f"drifted in {blocks} part{'s' if blocks > 1 else ''} of the window")
    elif one.moved < threshold:
        parts.append(f"moved as a whole, KS {far.ks[0]:.2f}")
    effect, before, now = (float(figure[0]) for figure in (far.effect, far.null_reference, far.null_share))
    if one.numeric and isfinite(effect):
        parts.append(f"mean {effect:+.2f} standard deviations")
    if now - before > _NOTABLE_NULLS:
        parts.append(f"missing {now:.1%} (before {before:.1%})")
    outside, new = float(far.below_share[0] + far.above_share[0]), float(far.unseen_share[0])
    if outside > _NOTABLE:
        parts.append(f"{outside:.1%} outside the range of the baseline")
    if new > _NOTABLE:
        parts.append(f"{new:.1%} values never seen before")
    return "; ".join(parts) + (f"; since {since:%d %b %H:%M}." if since is not None else ".")


def sentence(features: Sequence[FeatureDrift], concept: ConceptDrift, threshold: float, provisional: bool) -> str:
    """The plain sentence on top: what changed, since when, whether it hurts, what to do."""
    inputs = [f for f in features if f.role == "feature"]
    moved = [f for f in inputs if f.drifted]
    said = []
    if not inputs:
        said.append("There are no inputs to compare.")
    elif not moved:
        said.append(f"No input has drifted: none of {len(inputs)} features has moved by a PSI of {threshold:g}.")
    for harmful in (True, None, False):
        group = [f for f in moved if f.harmful is harmful]
        if group:
            said.append(f"{_names(group)} {'have' if len(group) > 1 else 'has'} drifted{_since(group)}{_hurts(group)}.")
    others = [f for f in features if f.drifted and f.role != "feature" and f.feature not in _RELEASES]
    if others:
        said.append(f"Beside the inputs, {_names(others)} moved{_since(others)}.")
    if concept.drifted:
        since = f" since {concept.since:%d %b %H:%M}" if concept.since is not None else ""
        said.append(f"The same inputs are answered wrongly more often{since}: concept drift.")
    said.append(_advice(moved, concept))
    if provisional:
        said.append("The reference is not complete: this is provisional.")
    return " ".join(filter(None, said))


def _hurts(group: Sequence[FeatureDrift]) -> str:
    several = len(group) > 1
    if group[0].harmful:
        return f" and {'hurt' if several else 'hurts'}"
    if group[0].harmful is None:
        return "; whether it hurts is not known"
    return f" and {'do' if several else 'does'} no harm"


def _advice(moved: Sequence[FeatureDrift], concept: ConceptDrift) -> str:
    if any(f.harmful for f in moved):
        return "Mend it where the values come from."
    if concept.drifted:
        return "Retrain on labels from after the change."
    if any(f.harmful is None for f in moved):
        return "Look at labels or canaries before you trust the answers."
    return "Nothing to do." if moved else ""


def _names(group: Sequence[FeatureDrift]) -> str:
    ordered = sorted(group, key=lambda f: -(f.psi or 0.0))
    names = [f.feature for f in ordered[:_MOST_NAMES]]
    more = len(group) - len(names)
    if more:
        return f"{', '.join(names)} and {more} more"
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _since(group: Sequence[FeatureDrift]) -> str:
    known = [f.first_seen for f in group if f.first_seen is not None]
    return f" since {min(known):%d %b %H:%M}" if known else ""
