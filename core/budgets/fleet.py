"""Every model of a workspace as of a moment: the counts its SLOs are judged by.

Windows are summed once for the whole fleet. What corrections drop is summed apart and taken off;
without corrections nothing more is read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

import polars as pl

from burnline.budgets.budget import budget
from burnline.budgets.corrections import (
    Dropped,
    Ranges,
    bucket_ranges,
    clipped,
    inside,
    merged,
    outside,
    reasons,
    size,
    without,
)
from burnline.budgets.drift_days import drift_days, judged_days
from burnline.budgets.events import event_counts
from burnline.budgets.question import Question, key_of, plan, questions, why_no_data
from burnline.budgets.slices import slice_sums, width_buckets
from burnline.budgets.sums import Sums
from burnline.budgets.windows import Span, begin, bucket, burn_spans, span
from burnline.logs import moment
from burnline.results import Corrected
from burnline.rollups.days import BUCKETS_PER_DAY
from burnline.rollups.ledger import Span as Seen
from burnline.rollups.measures import REQUESTS, Slices
from burnline.rollups.plan import Plan
from burnline.rollups.read_parts import part_sums
from burnline.rollups.reads import HOUR, Snapshot, buckets, hourly, window_sums
from burnline.spec import Correction, Model, WorkspaceSpec
from burnline.spec.windows import parse_duration

_LATELY = parse_duration("30d").fixed
_SLICE = parse_duration("5m")


@dataclass(frozen=True)
class Fleet:
    """The models of a workspace over one snapshot, as of ``at`` (with offset).

    ``corrected`` = events and slices that begin in a correction are dropped everywhere. ``kept`` is
    what the rollups hold where that is more than these models need.
    """

    spec: WorkspaceSpec
    models: tuple[Model, ...]
    snapshot: Snapshot
    at: datetime
    only: str | None = None
    corrected: bool = True
    kept: Plan | None = None

    @cached_property
    def last(self) -> int:
        """The bucket of ``at``."""
        return bucket(self.at)

    @cached_property
    def newest(self) -> int:
        """The last bucket in which silence means no traffic: logs reach that far."""
        newest = self.snapshot.ledger.newest_us()
        return min(self.last, bucket(moment(newest))) if newest is not None else self.last

    @cached_property
    def seen(self) -> Mapping[str, Seen]:
        """Models in the logs."""
        return self.snapshot.ledger.models()

    @cached_property
    def weighted(self) -> frozenset[str]:
        """Models some of whose logs have a column weight."""
        return frozenset(m for log in self.snapshot.ledger.logs.values() if log.weighted for m in log.models)

    @cached_property
    def questions(self) -> tuple[Question, ...]:
        """Every SLO that is asked about."""
        return tuple(q for q in questions(self.models) if self.only in (None, q.model))

    @cached_property
    def _plan(self) -> Plan:
        return self.kept or plan(self.spec, self.models)

    @cached_property
    def spans(self) -> dict[tuple[str, str], Span]:
        """The window of each SLO by model and name."""
        return {key_of(q): span(q.slo.window, self.at) for q in self.questions}

    @cached_property
    def bursts(self) -> dict[str, Span]:
        """The burn-rate windows by name."""
        return burn_spans(self.at)

    @cached_property
    def _lately(self) -> int:
        return self.last - _LATELY // _SLICE.fixed + 1

    @cached_property
    def _windows(self) -> dict[tuple[str, str, int], tuple[float, float]]:
        """(valid, bad) by model, measure and first bucket."""
        firsts = [s.first for s in self.spans.values()] + [s.first for s in self.bursts.values()]
        frame = window_sums(self.snapshot, [*firsts, self._lately], self.last, model=self.only)
        return {(m, name, first): (valid, bad) for m, name, first, valid, bad in frame.iter_rows()}

    @cached_property
    def _hours(self) -> dict[tuple[str, str], pl.DataFrame]:
        """Hourly sums of the measures that are judged by the hour, by model and measure."""
        wanted = [q for q in self.questions if q.hourly]
        if not wanted:
            return {}
        first = min(self.spans[q.model, q.slo.name].first for q in wanted)
        first = min(first, *(s.first for s in self.bursts.values()))
        measures = sorted({q.measure.id for q in wanted if q.measure})
        # An hour belongs to a window when its first bucket does, and then counts as a whole.
        frame = hourly(self.snapshot, first - first % HOUR, self.last, model=self.only, measures=measures)
        return {(str(k[0]), str(k[1])): f for k, f in frame.partition_by("model", "measure", as_dict=True).items()}

    def drift_days(self, first: int) -> pl.DataFrame:
        """Days that begin from bucket ``first`` on and how far features had moved: model, t, known, rows, moved."""
        return drift_days(self.snapshot, first, self.last, self.newest, model=self.only)

    @cached_property
    def _drift_days(self) -> dict[str, pl.DataFrame]:
        """The days of the longest window of an SLO that is judged by the day, by model."""
        wanted = [self.spans[key_of(q)].first for q in self.questions if q.daily]
        if not wanted:
            return {}
        days = self.drift_days(min(*wanted, *(s.first for s in self.bursts.values())))
        return {str(k[0]): f for k, f in days.partition_by("model", as_dict=True).items()}

    def without_corrections(self) -> Fleet:
        """The same fleet as measured: nothing is dropped."""
        return replace(self, corrected=False)

    @cached_property
    def _own_corrections(self) -> Mapping[str, tuple[Correction, ...]]:
        return {model.name: model.corrections for model in self.models}

    def corrections(self, question: Question) -> tuple[Correction, ...]:
        """The corrections that hold for an SLO, whenever they are."""
        if not self.corrected:
            return ()
        listed = (*self.spec.corrections, *self._own_corrections.get(question.model, ()))
        return tuple(c for c in listed if c.applies(*key_of(question)))

    @cached_property
    def excluded_ranges(self) -> Mapping[tuple[str, str], Ranges]:
        """The buckets (first, last) that corrections drop, up to the fleet's moment, by model and SLO.

        SLOs without a correction are left out.
        """
        found: dict[tuple[str, str], Ranges] = {}
        known: dict[tuple[int, ...], Ranges] = {}
        for question in self.questions:
            holding = self.corrections(question)
            if holding:
                same = tuple(map(id, holding))
                if same not in known:
                    known[same] = merged(r for c in holding for r in bucket_ranges(c, self.last))
                found[key_of(question)] = known[same]
        return {key: ranges for key, ranges in found.items() if ranges}

    def excluded(self, question: Question) -> Ranges:
        """The buckets (first, last) that corrections drop from an SLO."""
        return self.excluded_ranges.get(key_of(question), ())

    def dropped(self, first: int, chosen: Sequence[Question]) -> dict[tuple[str, str], pl.DataFrame]:
        """What corrections drop from SLOs from bucket ``first`` on, by model and SLO: t, valid, bad, eligible.

        Rows are five-minute buckets, with model and slo as columns; events are counted as such and
        five-minute slices as one. SLOs judged by the hour, and those that lose nothing, are left out.
        """
        bucketed = [q for q in chosen if q.measure is not None and not (q.hourly or q.daily)]
        own = {key_of(q): clipped(self.excluded(q), first, self.last) for q in bucketed}
        concerned = [q for q in bucketed if own[key_of(q)]]
        if not concerned:
            return {}
        by_model: dict[str, set[Ranges]] = {}
        for question in concerned:
            by_model.setdefault(question.model, set()).add(own[key_of(question)])
        wanted = {
            model: [t for a, b in merged(r for ranges in several for r in ranges) for t in range(a, b + 1)]
            for model, several in by_model.items()
        }
        rows = event_counts(part_sums(self.snapshot, wanted, self.last), concerned, unknown_too=True)
        found = {}
        for key, part in rows.partition_by("model", "slo", as_dict=True).items():
            place = (str(key[0]), str(key[1]))
            found[place] = part.filter(pl.Series(inside(own[place], part["t"].to_numpy())))
        return found

    @cached_property
    def _dropped(self) -> dict[tuple[str, str], Dropped]:
        first = min(s.first for s in (*self.spans.values(), *self.bursts.values()))
        plain = [q for q in self.questions if not q.sliced_events]
        return {key: Dropped(rows) for key, rows in self.dropped(first, plain).items()}

    def _less(self, question: Question, first: int, counted: Sums, ranges: Ranges) -> Sums:
        """The counts without those of corrected buckets."""
        if not ranges or key_of(question) not in self._dropped:
            return counted
        return without(counted, self._dropped[key_of(question)].since(first))

    def raw(self, question: Question) -> Corrected | None:
        """An SLO over its window before its corrections; ``None`` where none touches it or nothing is known."""
        window = self.spans[key_of(question)]
        said = reasons(self.corrections(question), window.first, window.last)
        if not said:
            return None
        counted = self._counted(question, window.first, ())
        if counted.valid <= 0:
            return None
        gone = without(counted, self.sums(question, window.first))
        spent = budget(question.slo.objective, counted.valid, min(counted.bad, counted.valid))
        return Corrected(
            total=spent.total,
            bad=spent.bad,
            value=spent.value,
            budget_remaining=spent.remaining,
            excluded_total=gone.valid,
            excluded_bad=gone.bad,
            reasons=said,
        )

    def sums(self, question: Question, first: int) -> Sums:
        """Valid, bad and eligible of an SLO over the window that begins at bucket ``first``."""
        return self._counted(question, first, self.excluded(question))

    def _counted(self, question: Question, first: int, ranges: Ranges) -> Sums:
        measure = question.measure
        if measure is None or question.model not in self.seen:
            return Sums()
        if question.sliced_events:
            return self._event_slices(question, first, ranges)
        if measure.slices is None:
            valid, bad = self._windows.get((question.model, measure.id, first), (0.0, 0.0))
            return self._less(question, first, Sums(valid, bad, self._eligible(question, first, valid)), ranges)
        if measure.slices.hourly:
            return self._hour_slices(question, measure.slices, first, ranges)
        if measure.slices.daily:
            return self._day_slices(question, measure.slices, first, ranges)
        return self._five_minute_slices(question, measure.id, measure.slices, first, ranges)

    def _eligible(self, question: Question, first: int, valid: float) -> float:
        if question.asked is not None:
            return self._windows.get((question.model, question.asked.id, first), (0.0, 0.0))[0]
        requests, failed = self._windows.get((question.model, REQUESTS, first), (0.0, 0.0))
        if question.sli.eligible == "requests":
            return requests
        return requests - failed if question.sli.eligible == "succeeded" else valid

    def _five_minute_slices(self, question: Question, measure: str, slices: Slices, first: int, ranges: Ranges) -> Sums:
        valid, bad = self._windows.get((question.model, measure, first), (0.0, 0.0))
        counted = self._less(question, first, Sums(valid, bad, valid), ranges)
        valid, bad = counted.valid, counted.bad
        start = max(first, self.seen[question.model].first_us // 300_000_000)
        every = float(max(0, self.newest - start + 1) - size(ranges, start, self.newest))
        if slices.kind == "rate":
            silent = max(0.0, every - valid)
            return Sums(every, bad + silent, every)
        return Sums(valid, bad, max(every, valid))

    def _hour_slices(self, question: Question, slices: Slices, first: int, ranges: Ranges) -> Sums:
        assert question.measure is not None
        begun = self.seen[question.model].first_us // 300_000_000
        start = max(first, begun - begun % HOUR)
        every = float(max(0, self.newest // HOUR - (start + HOUR - 1) // HOUR + 1))
        every -= size(ranges, start, self.newest, HOUR)
        frame = self._hours.get((question.model, question.measure.id))
        if frame is None:
            return Sums(0.0, 0.0, every)
        judged = slice_values(outside(frame.filter(pl.col("t") >= first), ranges), slices)
        return Sums(float(judged.height), float(judged["bad"].sum()), max(every, judged.height))

    def _day_slices(self, question: Question, slices: Slices, first: int, ranges: Ranges) -> Sums:
        begun = self.seen[question.model].first_us // 300_000_000
        start = -(-max(first, begun - begun % BUCKETS_PER_DAY) // BUCKETS_PER_DAY) * BUCKETS_PER_DAY
        every = float(max(0, -(-(self.newest - start + 1) // BUCKETS_PER_DAY)))
        every -= size(ranges, start, self.newest, BUCKETS_PER_DAY)
        days = self._drift_days.get(question.model)
        if days is None:
            return Sums(0.0, 0.0, every)
        judged = judged_days(outside(days.filter(pl.col("t") >= first), ranges), slices)
        return Sums(float(judged.height), float(judged["bad"].sum()), max(every, judged.height))

    def _event_slices(self, question: Question, first: int, ranges: Ranges) -> Sums:
        sliced = outside(self._sliced[key_of(question)].filter(pl.col("t") >= first), ranges)
        return Sums(*(float(sliced[name].sum()) for name in ("valid", "bad", "eligible")))

    @cached_property
    def _sliced(self) -> dict[tuple[str, str], pl.DataFrame]:
        """Time slices of single requests, by model and SLO, as measured."""
        return {key_of(q): self._measured_slices(q) for q in self.questions if q.sliced_events}

    def event_slices(self, question: Question) -> pl.DataFrame:
        """Time slices of single requests: t, valid, bad, eligible over the longest window asked.

        Slices that begin in a correction are left out.
        """
        return outside(self._measured_slices(question), self.excluded(question))

    def _measured_slices(self, question: Question) -> pl.DataFrame:
        assert question.measure is not None
        slo = question.slo
        assert slo.budgeting != "Occurrences"
        width = width_buckets(slo.time_slice_window or _SLICE)
        first = min(self.spans[question.model, slo.name].first, self.bursts["3d"].first)
        first -= first % width
        frame = buckets(self.snapshot, first, self.last, model=question.model, measures=[question.measure.id, REQUESTS])
        events = frame.filter(pl.col("measure") == question.measure.id).select("t", "valid", "bad")
        base = frame.filter(pl.col("measure") == REQUESTS).select("t", eligible="valid")
        joined = base.join(events, on="t", how="full", coalesce=True)
        joined = joined.with_columns(pl.col("valid", "bad", "eligible").fill_null(0.0))
        return slice_sums(joined, width, slo.budgeting, slo.time_slice_target)

    def requests(self, model: str) -> float | None:
        """Requests of the last 30 days."""
        counted = self._windows.get((model, REQUESTS, self._lately))
        return counted[0] if counted else None

    def last_seen(self, model: str) -> datetime | None:
        """When a model was last asked, as of ``at``."""
        known = self.seen.get(model)
        if known is None:
            return None
        return min(moment(known.last_us), max(self.at, begin(self.last)))

    def why_no_data(self, question: Question) -> str | None:
        """Why an SLO has no data at all, as a sentence part."""
        if self.excluded(question) and self._counted(question, self.spans[key_of(question)].first, ()).valid:
            return "corrections drop everything in the window"
        return why_no_data(question, self.snapshot.ledger, self._plan, self.seen, self.last)


def slice_values(hours: pl.DataFrame, slices: Slices) -> pl.DataFrame:
    """Hours with enough labelled rows: t, value, bad (0 or 1).

    ``hours`` has t, valid, rows and amount (the sum of squares or of values).
    """
    mean = pl.col("amount") / pl.col("valid")
    value = mean.sqrt() if slices.kind == "root_mean_square" else mean
    within = pl.col("value") <= slices.threshold if slices.kind == "root_mean_square" else (
        pl.col("value") >= slices.threshold
    )  # fmt: skip
    return (
        hours.filter((pl.col("rows") >= slices.min_rows) & (pl.col("valid") > 0))
        .select("t", value=value)
        .with_columns(bad=(~within).cast(pl.Float64))
    )
