"""Counts of an SLO in the order in which they became known.

What nobody could know at a moment is in no bucket up to it: a label counts in the five minutes in
which it became known, a slice when it can be judged. Sums over everything are those of the status.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from burnline.budgets.corrections import outside
from burnline.budgets.drift_days import judged_days
from burnline.budgets.fleet import Fleet, slice_values
from burnline.budgets.question import Question
from burnline.budgets.slices import slice_sums, width_buckets
from burnline.logs import SCALE
from burnline.rollups.days import BUCKETS_PER_DAY
from burnline.rollups.knowledge import Asked, Ranges, known_sums, slice_steps
from burnline.rollups.reads import HOUR
from burnline.spec.windows import parse_duration

Floats = NDArray[np.float64]
Key = tuple[str, str]

_BUCKET_US = 300_000_000
_SLICE = parse_duration("5m")


@dataclass(frozen=True)
class Arrivals:
    """One value per five-minute bucket from ``first`` on: outcomes that became known in it.

    An outcome without a label is known in the bucket of its request, a labelled one in that of its
    label; ``valid`` and ``bad`` count events or slices. A label that is corrected takes back what it
    counted before, so a bucket may be negative.
    """

    first: int
    valid: Floats
    bad: Floats

    @property
    def last(self) -> int:
        """The last bucket; before ``first`` when there is none."""
        return self.first + len(self.valid) - 1

    def by_hour(self, first: int, hours: int) -> tuple[Floats, Floats]:
        """Valid and bad of each of the ``hours`` hours from bucket ``first`` on, within 0 <= bad <= valid."""
        sums = []
        for counts in (self.valid, self.bad):
            padded = np.zeros(hours * HOUR)
            lead = self.first - first
            inside = counts[max(0, -lead) : hours * HOUR - lead]
            padded[max(0, lead) : max(0, lead) + len(inside)] = inside
            sums.append(padded.reshape(-1, HOUR).sum(axis=1))
        valid = np.maximum(sums[0], 0.0)
        return valid, np.clip(sums[1], 0.0, valid)


def arrivals(
    fleet: Fleet,
    chosen: Sequence[Question],
    first: int | None = None,
    *,
    excluded: Mapping[Key, Ranges] | None = None,
) -> dict[Key, Arrivals]:
    """What became known of each SLO, five minutes by five minutes up to the moment of the fleet.

    Series begin with the model's first request (or sample of the metric), or at bucket ``first`` if
    that is later; labels that became known from then on count whenever their request was made.
    ``excluded`` are ranges (first, last) of buckets by model and SLO: requests and slices that
    begin in them count for neither side.

    - Events count at their request or with their label.
    - Five-minute slices (throughput, saturation) count in their own bucket.
    - Days (drift) count when they are over.
    - Hourly slices (RMSE, NDCG) count from the label that makes them judgeable; a later label that
      changes the verdict counts as a difference.
    - Requests judged in time slices count at the end of their slice (one that is not over: at the
      last bucket), and labels known after it as differences.

    Returns an entry for every question; one without data is empty.
    """
    dropped = excluded or {}
    known = [q for q in chosen if q.measure is not None and q.model in fleet.seen]
    begun = {(q.model, q.slo.name): _begun(fleet, q) for q in known}
    starts = {key: bucket if first is None else max(bucket, first) for key, bucket in begun.items()}
    known = [q for q in known if starts[q.model, q.slo.name] <= fleet.last]
    found = {(q.model, q.slo.name): _empty(fleet) for q in chosen}
    if not known:
        return found
    earliest = min(begun.values())
    since = min(starts[q.model, q.slo.name] for q in known)
    daily = [q for q in known if q.daily]
    plain = [q for q in known if not (_sliced(q) or q.daily)]
    sums = known_sums(fleet.snapshot, [_asked(q, dropped) for q in plain], earliest, since, fleet.last)
    found |= _dense(fleet, plain, starts, sums, SCALE)
    for question in plain:
        if question.measure and question.measure.slices and question.measure.slices.kind == "rate":
            key = question.model, question.slo.name
            found[key] = _with_silence(fleet, found[key], dropped.get(key, ()))
    found |= _by_day(fleet, daily, starts, dropped)
    sliced = [q for q in known if _sliced(q)]
    if sliced:
        steps = slice_steps(fleet.snapshot, [_asked(q, dropped) for q in sliced], earliest, since, fleet.last)
        found |= _dense(fleet, sliced, starts, _verdicts(sliced, steps), 1)
    return found


def _empty(fleet: Fleet) -> Arrivals:
    return Arrivals(fleet.last + 1, np.zeros(0), np.zeros(0))


def _begun(fleet: Fleet, question: Question) -> int:
    """The first bucket in which an SLO can have data."""
    first = fleet.seen[question.model].first_us
    slices = question.measure.slices if question.measure else None
    if slices is not None and slices.kind == "gauge":
        # Infrastructure may be watched before the first request comes.
        files = fleet.snapshot.ledger.metrics.values()
        first = min([first, *(f.first_us for f in files if f.rows and slices.metric in f.names)])
    return first // _BUCKET_US


def _sliced(question: Question) -> bool:
    """Whether what counts is a slice that labels or requests fill bit by bit."""
    slices = question.measure.slices if question.measure else None
    return question.sliced_events or (slices is not None and slices.hourly)


def _asked(question: Question, excluded: Mapping[Key, Ranges]) -> Asked:
    assert question.measure is not None
    out = tuple(excluded.get((question.model, question.slo.name), ()))
    if question.sliced_events:
        width = width_buckets(question.slo.time_slice_window or _SLICE)
        return Asked(question.model, question.measure, out, width, whole=True)
    return Asked(question.model, question.measure, out, HOUR if _sliced(question) else 1)


def _dense(
    fleet: Fleet,
    questions: Sequence[Question],
    starts: Mapping[Key, int],
    sums: pl.DataFrame,
    scale: int,
) -> dict[Key, Arrivals]:
    """Series from row, known, valid and bad (in parts of ``scale``); what was known before them is left out."""
    row, known, *counts = (sums[name].to_numpy() for name in ("row", "known", "valid", "bad"))
    keys = [(q.model, q.slo.name) for q in questions]
    firsts = np.array([starts[key] for key in keys], dtype=np.int64)
    offsets = np.concatenate([[0], np.cumsum(fleet.last + 1 - firsts)]).astype(np.int64)
    inside = known >= firsts[row]
    places = (offsets[row] + known - firsts[row])[inside]
    # Millionths stay whole numbers in a float up to nine thousand million events.
    valid, bad = (np.bincount(places, of[inside], offsets[-1]) / scale for of in counts)
    bounds = list(itertools.pairwise(offsets))
    return {
        key: Arrivals(int(firsts[i]), valid[slice(*bounds[i])], bad[slice(*bounds[i])]) for i, key in enumerate(keys)
    }


def _with_silence(fleet: Fleet, series: Arrivals, excluded: Ranges) -> Arrivals:
    """Rate slices with a bad one for every five minutes without a request, as far as logs reach."""
    buckets = np.arange(series.first, series.last + 1)
    expected = buckets <= fleet.newest
    for low, high in excluded:
        expected &= (buckets < low) | (buckets > high)
    silent = expected & (series.valid == 0)
    return Arrivals(series.first, expected.astype(np.float64), series.bad + silent)


def _by_day(
    fleet: Fleet, questions: Sequence[Question], starts: Mapping[Key, int], excluded: Mapping[Key, Ranges]
) -> dict[Key, Arrivals]:
    """Days judged at once, when they are known."""
    if not questions:
        return {}
    days = fleet.drift_days(min(_begun(fleet, q) for q in questions) // BUCKETS_PER_DAY * BUCKETS_PER_DAY)
    parts = [pl.DataFrame(schema=_CHANGES)]
    for row, question in enumerate(questions):
        assert question.measure is not None
        assert question.measure.slices is not None
        own = outside(
            days.filter(pl.col("model") == question.model), tuple(excluded.get((question.model, question.slo.name), ()))
        )
        judged = judged_days(own, question.measure.slices)
        parts.append(judged.select(pl.lit(row, pl.Int64).alias("row"), "known", pl.lit(1.0).alias("valid"), "bad"))
    return _dense(fleet, questions, starts, pl.concat(parts), 1)


_CHANGES = {"row": pl.Int64, "known": pl.Int64, "valid": pl.Float64, "bad": pl.Float64}


def _verdicts(questions: Sequence[Question], steps: pl.DataFrame) -> pl.DataFrame:
    """How the verdict on each slice changed: row, known, valid and bad."""
    judged = [_judged(questions[int(key[0])], part) for key, part in steps.partition_by("row", as_dict=True).items()]
    if not judged:
        return pl.DataFrame(schema=_CHANGES)
    counts = pl.col("valid", "bad")
    return pl.concat(judged).select("row", "known", counts - counts.shift(1).over("row", "slice").fill_null(0))


def _judged(question: Question, steps: pl.DataFrame) -> pl.DataFrame:
    """The verdict on each slice after each step: row, slice, known, valid and bad."""
    assert question.measure is not None
    numbered = steps.with_columns(t=pl.int_range(pl.len()))
    slices, slo = question.measure.slices, question.slo
    if slices is not None:
        verdicts = slice_values(numbered, slices).select("t", valid=1.0, bad="bad")
    else:
        assert slo.budgeting != "Occurrences"
        events = numbered.select("t", "valid", "bad", eligible="valid")
        verdicts = slice_sums(events, 1, slo.budgeting, slo.time_slice_target)
    return (
        numbered.select("row", "slice", "known", "t")
        .join(verdicts.select("t", "valid", "bad"), on="t", how="left", maintain_order="left")
        .select("row", "slice", "known", pl.col("valid", "bad").fill_null(0.0))
    )
