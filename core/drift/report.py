"""The answer to "what changed, and does it matter": every column, every day, harm and concept drift in one report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

import numpy as np
import polars as pl

from burnline.distances import Bins
from burnline.drift.answers import model_answers
from burnline.drift.asked import (
    Asked,
    at_last,
    baseline_counts,
    described,
    hour_rows,
    hours_of_week,
    rows_per_event,
    slo_of,
    threshold_of,
    window_of,
    window_rows,
)
from burnline.drift.buckets import Step, buckets, course, drifted_days, known
from burnline.drift.concept import concept_drift_of
from burnline.drift.harm import Drifted, Harm, harms
from burnline.drift.onset import onset, run_of
from burnline.drift.sample import labelled_sample, surrogate_of
from burnline.drift.words import sentence, why
from burnline.results.drift import ConceptDrift, DriftCourse, DriftReport, FeatureDrift
from burnline.rollups.compared import Blocks, Compared, compared, role_of, unseen
from burnline.rollups.distributions import grids
from burnline.rollups.moved import drift_table
from burnline.rollups.reads import HOUR
from burnline.rollups.scan import named_files

_WEEK = 7 * 24
_OUTCOMES = ("prediction", "confidence", "label")
_QUALITY = ("accuracy", "rmse")


def drift_report(asked: Asked, *, step: Step = "1d", raw: bool = True) -> DriftReport:
    """Everything about one question; single requests are looked at to tell whether a drift hurts.

    Without ``raw`` they are not: harm, regions of concept drift and changed answers stay unknown.
    """
    return _Report(asked, step, raw).report()


def drift_course(asked: Asked, *, step: Step = "1d") -> DriftCourse:
    """The buckets of a window and its days of concept drift, from rollups alone."""
    first, last = asked.first * HOUR, asked.end * HOUR - 1
    concept = concept_drift_of(asked.fleet, asked.model, first=first, last=last, raw=False)
    return DriftCourse(buckets=course(asked, step), days=concept.days)


@dataclass(frozen=True)
class _Report:
    asked: Asked
    step: Step
    raw: bool

    @cached_property
    def threshold(self) -> float:
        return threshold_of(self.asked)

    @cached_property
    def baseline(self) -> pl.DataFrame:
        return baseline_counts(self.asked)

    @cached_property
    def rows(self) -> pl.DataFrame:
        return window_rows(self.asked)

    @cached_property
    def columns(self) -> tuple[Compared, ...]:
        """Every column, by day."""
        blocks = Blocks(hours_of_week(self.asked, step=24), rows_per_event(self.asked), permute=True)
        return compared(self.baseline, self.rows, grids(self.asked.fleet.snapshot, self.asked.model), blocks)

    @cached_property
    def history(self) -> pl.DataFrame:
        """The days before the window in the table ``drift``: feature, day, drifted."""
        if self.asked.baseline != "reference":
            return pl.DataFrame(schema={"feature": pl.String, "day": pl.Int64, "drifted": pl.Boolean})
        snapshot = self.asked.fleet.snapshot
        first = min(snapshot.ledger.days, default=0)
        rows = drift_table(snapshot, first, self.asked.days.start - 1, model=self.asked.model)
        return rows.select("feature", "day", drifted=(pl.col("moved") >= self.threshold) | pl.col("shifted"))

    def report(self) -> DriftReport:
        asked = self.asked
        reference = described(asked, self.baseline, asked.fleet.spec.timezone)
        columns = self.columns if reference is not None else ()
        days = {one.name: drifted_days(asked, one, self.threshold) for one in columns}
        drifted = [one for one in columns if one.drifted(self.threshold) or days[one.name].any()]
        since = {one.name: self._first_seen(one, days[one.name]) for one in drifted}
        judged = self._harms(drifted, since) if self.raw else {}
        features = [self._feature(one, days[one.name], since, judged) for one in columns]
        features += self._one_sided(columns, reference is not None)
        concept = self._concept()
        provisional = reference is not None and reference.provisional
        return DriftReport(
            model=asked.model,
            at=asked.fleet.at,
            sentence=sentence(features, concept, self.threshold, provisional),
            threshold=self.threshold,
            reference=reference,
            window=window_of(asked, hours_of_week(asked, step=24)),
            features=tuple(features),
            buckets=buckets(asked, columns, self.baseline, self.step, self.threshold),
            concept=concept,
            notes=self._notes(reference is not None),
        )

    def _concept(self) -> ConceptDrift:
        asked = self.asked
        first, last = asked.first * HOUR, asked.end * HOUR - 1
        found = concept_drift_of(asked.fleet, asked.model, first=first, last=last, raw=self.raw)
        if not self.raw:
            return found
        spec, known = asked.fleet.spec, asked.fleet.snapshot.ledger.logs
        own = {path for path, log in known.items() if asked.model in log.models}
        files = {file: mapping for file, mapping in named_files(spec).logs.items() if file.path in own}
        until = at_last(asked)
        answers = model_answers(spec, asked.model, start=asked.time(asked.first), until=until, files=files)
        return found.model_copy(update={"answers": answers})

    def _notes(self, compared_: bool) -> tuple[str, ...]:
        entry = self.asked.fleet.snapshot.ledger.baselines.get(self.asked.model)
        said = list(entry.problems) if entry is not None else []
        if not compared_ and not said:
            said.append("There is nothing to compare with: the log has no column f_*, or nothing is ingested yet.")
        return tuple(said)

    def _first_seen(self, one: Compared, days: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> datetime | None:
        """When the drift began that the window ends with (or holds last), to the hour."""
        past = self.history.filter(pl.col("feature") == one.name).sort("day")
        every = np.concatenate([past["day"].to_numpy(), np.array(self.asked.days, dtype=np.int64)])
        hit = np.concatenate([past["drifted"].to_numpy(), days])
        first = run_of(every, hit, self.asked.days.stop - 1)
        if first is None:
            return None
        if one.name == "label":
            return self.asked.time(first * 24)
        return self._hour(one, first)

    def _hour(self, one: Compared, first: int) -> datetime:
        """The hour of the day before or of day ``first`` from which on the column looked as it does now."""
        start = max(first - 1, 0) * 24
        around = replace(self.asked, first=start, end=min((first + 1) * 24, self.asked.end))
        rows = hour_rows(around).filter(pl.col("feature") == one.name)
        name = "bin" if isinstance(one.column.axis, Bins) else "category"
        known = pl.concat([f.filter(pl.col("feature") == one.name)[name] for f in (self.baseline, self.rows, rows)])
        known = known.unique().sort()
        if rows.is_empty():
            return self.asked.time(first * 24)
        place = {value: i for i, value in enumerate(known.to_list())}
        hours = np.zeros((around.end - around.first, len(place)))
        for row, value, n in rows.select("row", name, "n").iter_rows():
            hours[row, place[value]] += n
        before = np.zeros(len(place))
        for value, n in self.baseline.filter(pl.col("feature") == one.name).select(name, "n").iter_rows():
            before[place[value]] += n
        begun = onset(hours, before, hours[-24:].sum(axis=0))
        return self.asked.time(start + min(begun, len(hours) - 1))

    def _harms(self, drifted: Sequence[Compared], since: Mapping[str, datetime | None]) -> dict[str, Harm]:
        quality = slo_of(self.asked, *_QUALITY)
        # Labels are what answers are judged by, and a release is no input.
        inputs = [one for one in drifted if one.name not in ("label", "version")]
        if not inputs or quality is None:
            return {}
        asked = self.asked
        first, end = asked.before()
        budget = (quality.threshold or 0.0) ** 2 if quality.sli == "rmse" else float(1 - quality.objective)
        begun = min((at for name, at in since.items() if at is not None), default=asked.time(asked.first))
        # A drift that fills only the end of the window is judged by what came after it began.
        start = max(asked.first, int(begun.timestamp()) // 3600)
        if first >= end:
            # A training file has no requests: the week before the drift stands for it.
            first, end = start - _WEEK, start
        before = labelled_sample(asked.fleet, asked.model, first=first * HOUR, last=end * HOUR - 1)
        now = labelled_sample(asked.fleet, asked.model, first=start * HOUR, last=asked.end * HOUR - 1)
        if before.reason is not None or now.reason is not None:
            said = f"Not known: {before.reason or now.reason}."
            return {one.name: Harm(None, None, None, said) for one in inputs}
        columns = [Drifted(one.name, outcome=one.role in _OUTCOMES) for one in inputs]
        surrogate = surrogate_of(asked.fleet, asked.model)
        return harms(before.rows, now.rows, columns, kind=now.kind, budget=budget, surrogate=surrogate)

    def _feature(
        self,
        one: Compared,
        days: np.ndarray[tuple[int], np.dtype[np.bool_]],
        since: Mapping[str, datetime | None],
        judged: Mapping[str, Harm],
    ) -> FeatureDrift:
        far, harm = one.whole.far, judged.get(one.name)
        drifted = one.drifted(self.threshold) or bool(days.any())
        first_seen = since.get(one.name)
        reason = why(one, self.threshold, int(days.sum()), first_seen)
        return FeatureDrift(
            feature=one.name,
            role=one.role,
            kind="numeric" if one.numeric else "categorical",
            n_baseline=float(far.n_reference[0]),
            n=float(far.n[0]),
            ks=known(far.ks),
            ks_error=known(far.ks_error),
            ks_p=known(far.ks_p),
            chi2=known(far.chi2),
            chi2_p=known(far.chi2_p),
            psi=known(far.psi),
            psi_textbook=known(far.psi_textbook),
            psi_seasonal=known(one.whole.psi),
            js=known(far.js),
            wasserstein=known(far.wasserstein),
            effect=known(far.effect),
            p_block=known([one.p_block]),
            p_adjusted=known(one.whole.p_adjusted),
            nulls=(known(far.null_reference), known(far.null_share)),
            outside=(0.0 if one.numeric else None, known(far.below_share + far.above_share)),
            unseen=known(far.unseen_share),
            unseen_values=unseen(one.column),
            drifted=drifted,
            harmful=harm.harmful if harm is not None else None,
            badness_moved=harm.badness_moved if harm is not None else None,
            badness_interval=harm.badness_interval if harm is not None else None,
            first_seen=first_seen,
            reason=f"{reason} {harm.reason}" if harm is not None else reason,
        )

    def _one_sided(self, columns: Sequence[Compared], both: bool) -> list[FeatureDrift]:
        """Columns that only one side has: they are named, there is nothing to compare."""
        if not both:
            return []
        seen = {one.name for one in columns}
        found = []
        for rows, mine, reason in (
            (self.rows, True, "New: the baseline has no such column, so there is nothing to compare with."),
            (self.baseline, False, "Gone: no row of the window has this column."),
        ):
            counted = rows.group_by("feature").agg(pl.col("n").sum(), numeric=pl.col("bin").is_not_null().any())
            for name, n, numeric in counted.sort("feature").iter_rows():
                if name not in seen and name != "label":
                    found.append(_alone(name, n, mine, numeric, reason))
        return found


def _alone(name: str, n: float, now: bool, numeric: bool, reason: str) -> FeatureDrift:
    return FeatureDrift(
        feature=name,
        role=role_of(name),
        kind="numeric" if numeric else "categorical",
        n_baseline=0.0 if now else n,
        n=n if now else 0.0,
        drifted=False,
        reason=reason,
    )
