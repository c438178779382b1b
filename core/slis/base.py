"""What an SLI file declares."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from burnline.rollups.measures import Measure, Pair, Sql
from burnline.spec import SliKind, Slo

Eligible = Literal["requests", "succeeded", "valid", "slices"]


@dataclass(frozen=True)
class Member:
    """How one SLI takes part in a composite: when its outcome is known, and when it is bad."""

    known: Sql
    bad: Sql
    columns: frozenset[str]
    labelled: bool = False


@dataclass(frozen=True)
class Sli:
    """An SLI: its kind, the measure of an SLO (given its siblings by name), and what coverage is
    held against; where that is neither all requests nor those that succeeded, ``asked`` is the
    measure of it. ``member`` is set where the SLI judges single requests; ``histogram`` names the
    histogram that can re-count it for another threshold, good at or ``better`` the threshold.
    """

    kind: SliKind
    eligible: Eligible
    measure: Callable[[Slo, Mapping[str, Slo]], Measure | None]
    member: Callable[[Slo], Member] | None = None
    asked: Callable[[Slo], Measure | None] | None = None
    histogram: Literal["latency", "confidence", "age"] | None = None
    better: Literal["below", "above"] = "below"


def per_request(identity: str, member: Member) -> Measure:
    """The measure of an SLI that judges every request that did not fail and is known."""
    pair = Pair(Sql(f"_ok and ({member.known.text})", member.known.parameters), member.bad)
    if member.labelled:
        return Measure(identity, columns=member.columns, late=pair)
    return Measure(identity, columns=member.columns, now=pair)


def number(value: float) -> str:
    """A threshold as it stands in the name of a measure."""
    return f"{value:.12g}"
