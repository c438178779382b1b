"""One value that became much commoner: a default for what is missing, or a source that stands still.

Units and stuck values are suspected by a bounded sample; the rules that come of it count all rows.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from burnline.spec.quoting import quote_identifier
from burnline.validation.case import ENOUGH, SAME_ALL_DAY, Case
from burnline.validation.figures import NumberProfile
from burnline.validation.profile import segment_quartiles, segments_of
from burnline.validation.rules import Rule, share
from burnline.validation.source import Condition, chunks
from burnline.validation.sums import finite, sample
from burnline.validation.tails import mode_of
from burnline.validation.units import unit_rules

_STUCK = 0.2
_CHUNK = 40


def sampled_rules(case: Case, names: Sequence[str]) -> list[Rule]:
    """Unit errors and stuck values are suspected by a bounded sample; the rules then count all rows."""
    profile = case.profile
    compared = [n for n in names if case.compared(n) is not None and case.numbers[n].filled]
    if profile is None or not compared:
        return []
    segments = segments_of(case.data)
    found: list[Rule] = []
    for done, chunk in enumerate(chunks(compared, _CHUNK)):
        drawn = sample(case.data, chunk, case.rows, segments)
        for name, quartiles in segment_quartiles(drawn, chunk, segments).items():
            found += unit_rules(case, name, profile.numbers[name], quartiles)
        for name in chunk:
            found += _stuck(case, name, profile.numbers[name], finite(drawn[name]))
        if case.tell is not None:
            case.tell(min(len(compared), (done + 1) * _CHUNK), len(compared), "units and defaults")
    return found


def _stuck(case: Case, name: str, known: NumberProfile, values: np.ndarray) -> list[Rule]:
    """One value much commoner than any value of the reference: a default, or a source that stands still."""
    constant = case.numbers[name].low == case.numbers[name].high
    if len(values) < ENOUGH or known.mode_share > SAME_ALL_DAY or constant:
        return []
    mode, part = mode_of(values)
    x = quote_identifier(name)
    # A value that was the commonest before may become commoner with the mix of requests.
    limit = min(1.0, max(known.mode_share + _STUCK, 2 * known.mode_share))
    suspected = part > limit
    return [
        Rule(
            check="stuck",
            column=name,
            broken=Condition(f"{x} = $mode", {"mode": mode}),
            among=Condition(f"{x} is not null"),
            wrong=f"are {mode:g}, in the reference no value makes up more than {share(known.mode_share)}",
            fix=f"look for a default that stands in for a missing {name}",
            right="no value is much commoner than in the reference",
            example=x,
            limit=limit,
            rows=None if suspected else case.numbers[name].filled,
            failed=None if suspected else 0,
        )
    ]


def stuck_text(case: Case, name: str) -> list[Rule]:
    """The same of a text column, whose counts are known already."""
    known = case.profile.texts.get(name) if case.profile is not None else None
    sums = case.texts[name]
    if known is None or known.filled < ENOUGH or known.distinct < 2 or not name.startswith("f_") or sums.distinct < 2:
        return []
    mode, count = next(iter(sums.values.items()))
    x = quote_identifier(name)
    limit = min(1.0, max(known.mode_share + 1.5 * _STUCK, 2 * known.mode_share))
    return [
        Rule(
            check="stuck",
            column=name,
            broken=Condition(f"{x} = $mode", {"mode": mode}),
            among=Condition(f"{x} is not null"),
            wrong=f"are '{mode}', in the reference no value makes up more than {share(known.mode_share)}",
            fix=f"look for a default that stands in for a missing {name}",
            right="no value is much commoner than in the reference",
            example=x,
            limit=limit,
            rows=None if count > limit * max(sums.filled, 1) else sums.filled,
            failed=None if count > limit * max(sums.filled, 1) else 0,
        )
    ]
