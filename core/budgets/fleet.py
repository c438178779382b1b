"""Every model of a workspace as of a moment: the counts its SLOs are judged by.

Windows are summed once for the whole fleet.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import polars as pl

from burnline.budgets.question import Question, plan, questions, why_no_data
from burnline.budgets.slices import slice_sums, width_buckets
from burnline.budgets.sums import Sums
from burnline.budgets.windows import Span, begin, bucket, burn_spans, span
from burnline.logs import moment
from burnline.rollups.ledger import Span as Seen
from burnline.rollups.measures import REQUESTS, Slices
from burnline.rollups.plan import Plan
from burnline.rollups.reads import HOUR, Snapshot, buckets, hourly, window_sums
from burnline.spec import Model, WorkspaceSpec
from burnline.spec.windows import parse_duration

_LATELY = parse_duration("30d").fixed
_SLICE = parse_duration("5m")


@dataclass(frozen=True)
class Fleet:
    """The models of a workspace over one snapshot, as of ``at`` (with offset)."""

    spec: WorkspaceSpec
    models: tuple[Model, ...]
    snapshot: Snapshot
    at: datetime
    only: str | None = None

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
    def questions(self) -> tuple[Question, ...]:
        """Every SLO that is asked about."""
        return tuple(q for q in questions(self.models) if self.only in (None, q.model))

    @cached_property
    def _plan(self) -> Plan:
        return plan(self.spec, self.models)

    @cached_property
    def spans(self) -> dict[tuple[str, str], Span]:
        """The window of each SLO by model and name."""
        return {(q.model, q.slo.name): span(q.slo.window, self.at) for q in self.questions}

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
        wanted = [q for q in self.questions if q.measure and q.measure.slices and q.measure.slices.hourly]
        if not wanted:
            return {}
        first = min(self.spans[q.model, q.slo.name].first for q in wanted)
        first = min(first, *(s.first for s in self.bursts.values()))
        measures = sorted({q.measure.id for q in wanted if q.measure})
        # An hour belongs to a window when its first bucket does, and then counts as a whole.
        frame = hourly(self.snapshot, first - first % HOUR, self.last, model=self.only, measures=measures)
        return {(str(k[0]), str(k[1])): f for k, f in frame.partition_by("model", "measure", as_dict=True).items()}

    def sums(self, question: Question, first: int) -> Sums:
        """Valid, bad and eligible of an SLO over the window that begins at bucket ``first``."""
        measure = question.measure
        if measure is None or question.model not in self.seen:
            return Sums()
        if question.sliced_events:
            return self._event_slices(question, first)
        if measure.slices is None:
            valid, bad = self._windows.get((question.model, measure.id, first), (0.0, 0.0))
            return Sums(valid, bad, self._eligible(question, first, valid))
        if measure.slices.hourly:
            return self._hour_slices(question, measure.slices, first)
        return self._five_minute_slices(question, measure.id, measure.slices, first)

    def _eligible(self, question: Question, first: int, valid: float) -> float:
        if question.asked is not None:
            return self._windows.get((question.model, question.asked.id, first), (0.0, 0.0))[0]
        requests, failed = self._windows.get((question.model, REQUESTS, first), (0.0, 0.0))
        if question.sli.eligible == "requests":
            return requests
        return requests - failed if question.sli.eligible == "succeeded" else valid

    def _five_minute_slices(self, question: Question, measure: str, slices: Slices, first: int) -> Sums:
        valid, bad = self._windows.get((question.model, measure, first), (0.0, 0.0))
        begun = self.seen[question.model].first_us // 300_000_000
        every = float(max(0, self.newest - max(first, begun) + 1))
        if slices.kind == "rate":
            silent = max(0.0, every - valid)
            return Sums(every, bad + silent, every)
        return Sums(valid, bad, max(every, valid))

    def _hour_slices(self, question: Question, slices: Slices, first: int) -> Sums:
        assert question.measure is not None
        begun = self.seen[question.model].first_us // 300_000_000
        start = max(first, begun - begun % HOUR)
        every = float(max(0, self.newest // HOUR - (start + HOUR - 1) // HOUR + 1))
        frame = self._hours.get((question.model, question.measure.id))
        if frame is None:
            return Sums(0.0, 0.0, every)
        judged = slice_values(frame.filter(pl.col("t") >= first), slices)
        return Sums(float(judged.height), float(judged["bad"].sum()), max(every, judged.height))

    def _event_slices(self, question: Question, first: int) -> Sums:
        sliced = self._sliced[question.model, question.slo.name].filter(pl.col("t") >= first)
        return Sums(*(float(sliced[name].sum()) for name in ("valid", "bad", "eligible")))

    @cached_property
    def _sliced(self) -> dict[tuple[str, str], pl.DataFrame]:
        """Time slices of single requests, by model and SLO."""
        return {(q.model, q.slo.name): self.event_slices(q) for q in self.questions if q.sliced_events}

    def event_slices(self, question: Question) -> pl.DataFrame:
        """Time slices of single requests: t, valid, bad, eligible over the longest window asked."""
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
        return why_no_data(question, self.snapshot.ledger, self._plan, self.seen)


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
