"""Concept drift: whether the same inputs now fail more often than they did, since when and where.

Errors realised are held against those that the inputs lead one to expect, in the order in which labels came in. A shift
of the inputs moves both and is no concept drift. Nor are errors at values where inputs have never been before (nothing
is known to have changed there but the inputs), and errors of a new version that older ones beside it do not make (a
release).
"""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from burnline.budgets.fleet import Fleet
from burnline.budgets.question import Question
from burnline.budgets.windows import begin
from burnline.drift.course import MOST_E, PROVEN, Course, Floats, Sums
from burnline.drift.expectation import by_confidence, by_features, curves, labels
from burnline.drift.inspect import Inspection, inspect
from burnline.results.drift import ConceptDrift
from burnline.rollups.days import BUCKETS_PER_DAY
from burnline.rollups.reads import HOUR

_NOTABLE = 0.05
_PAST = 60 * BUCKETS_PER_DAY
_MOSTLY = 0.5
_LEAST_AGE = 7 * BUCKETS_PER_DAY
_BUCKET_US = 300_000_000


def concept_drift_of(fleet: Fleet, model: str, *, first: int, last: int, raw: bool = True) -> ConceptDrift:
    """Concept drift of a model over the requests in buckets ``first`` to ``last``, as of the fleet's moment.

    ``drifted`` is true when the evidence reached 100 (alpha 0.01, however often one looks), false when enough labels
    say no, ``None`` when nothing can be said; ``reason`` says why. Figures are shares of wrong answers (``days``) and
    of right ones (``estimated``, ``realised``), for regression root mean squared errors throughout. Only where the
    evidence is there, and with ``raw``, a sample of single requests is read: for what else explains it, and ``where``.
    """
    question = quality_question(fleet, model)
    if question is None or model not in fleet.seen:
        return ConceptDrift(drifted=None, reason="Not known: no SLO compares single answers with labels.")
    course = course_of(fleet, question, first, min(last, fleet.last))
    if course is None:
        return ConceptDrift(
            drifted=None,
            slo=question.slo.name,
            reason="Not known: there is nothing to hold errors against; it takes features (f_*) or confidence, and "
            "labels of the first days.",
        )
    if course.window.labelled.sum() <= 0:
        reason = "Not known: no label of these requests is known yet."
        return ConceptDrift(drifted=None, slo=question.slo.name, reason=reason)
    answer = _Answer(fleet, question, course).answer(raw)
    return _undecided(answer) if answer.drifted and _young(fleet, model, last) else answer


def _young(fleet: Fleet, model: str, last: int) -> bool:
    """Whether the log of a model was younger than a week: what is expected was learnt from the first labels to come."""
    return min(last, fleet.last) - fleet.seen[model].first_us // _BUCKET_US < _LEAST_AGE


def _undecided(answer: ConceptDrift) -> ConceptDrift:
    days = tuple(day.model_copy(update={"drifted": False}) for day in answer.days)
    reason = (
        "Not known: the log is younger than a week, and which answers are labelled first is not known yet. "
        f"So far: {answer.reason[:1].lower()}{answer.reason[1:]}"
    )
    return answer.model_copy(update={"drifted": None, "reason": reason, "since": None, "where": (), "days": days})


def quality_question(fleet: Fleet, model: str) -> Question | None:
    """The SLO whose single answers are right or wrong, or off by an error."""
    for name in ("accuracy", "rmse"):
        for question in fleet.questions:
            if question.model == model and question.sli.kind.name == name and question.measure is not None:
                return question
    return None


def course_of(fleet: Fleet, question: Question, first: int, last: int) -> Course | None:
    """The errors of one model beside those expected; ``None`` where nothing tells what to expect."""
    found = by_features(fleet, question, last) or by_confidence(fleet, question, last)
    if found is None:
        return None
    first -= first % HOUR
    begun, end = (bucket - bucket % HOUR for bucket in (found.first, found.end))
    since = min(first, max(begun, first - _PAST))
    # The reference says how much counts scatter; years between it and the window say nothing.
    parts = [labels(fleet, question, begun, min(end, since) - 1)] if begun < since else []
    every = pl.concat([*parts, labels(fleet, question, since, fleet.last)])
    accurate = question.sli.kind.name == "accuracy"
    return Course(
        kind="accuracy" if accurate else "rmse",
        labels=every,
        expectation=found,
        # Delays are learnt before the window: what goes wrong in it must not teach how wrong answers are labelled.
        curves=curves(fleet, question, every, since, first - 1) if accurate else None,
        begin=min(begun, first),
        first=first,
        last=last,
        at=fleet.last,
    )


class _Answer:
    """What the course of errors says, in figures and words."""

    def __init__(self, fleet: Fleet, question: Question, course: Course) -> None:
        self.fleet, self.question, self.course = fleet, question, course
        self.zone = ZoneInfo(fleet.spec.timezone)
        self.told = self._tell(course.window)

    def answer(self, raw: bool) -> ConceptDrift:
        highest = float(self.course.path().max())
        gap = self.course.gap()
        base = ConceptDrift(
            drifted=None,
            estimated=gap.estimated,
            realised=gap.realised,
            gap=gap.gap,
            interval=gap.interval,
            slo=self.question.slo.name,
            e_value=min(highest, MOST_E),
            reason="",
        )
        if highest < PROVEN:
            drifted, reason = self._as_expected()
            days = self.course.days()
            return base.model_copy(update={"drifted": drifted, "days": days, "reason": reason})
        return self._beyond(base, raw)

    def _as_expected(self) -> tuple[bool | None, str]:
        """Errors are those the inputs explain, or many more than in the reference because inputs moved."""
        window, usual = self.course.window, self.course.expectation.base
        if not self.course.enough():
            return None, f"Not known: {window.labelled.sum():,.0f} labels are too few to tell ({self.told})."
        if window.bad.sum() > window.due.sum() * self.course.margin and self._apart():
            return None, f"Not proven (yet): more answers fail than expected: {self.told}."
        worse = window.due.sum() > window.labelled.sum() * usual * self.course.margin
        if worse and self.course.marginal():
            return False, (
                f"Covariate shift, not concept drift: answers fail more often than in the reference "
                f"({self._figure(window, window.labelled * usual)}), and the inputs explain it: {self.told}."
            )
        return False, f"Answers fail no more often than their inputs let one expect: {self.told}."

    def _apart(self) -> bool:
        """Whether the interval of the gap lies on the side of too many errors."""
        low, high = self.course.gap().interval
        return low > 0 if self.course.kind == "accuracy" else high < 0

    def _beyond(self, base: ConceptDrift, raw: bool) -> ConceptDrift:
        """Errors are beyond what was expected: looks for what else explains it, and where they sit."""
        period = self.course.period()
        first, last = max(period[0], self.course.first), min(period[1], self.course.last)
        seen = inspect(self.fleet, self.question.model, self.course.expectation, first, last) if raw else None
        drifted, reason = self._verdict(seen, period)
        if raw and seen is None:
            reason += " Single requests of it cannot be read (any more), so it is not known where."
        return base.model_copy(
            update={
                "drifted": drifted,
                "since": self._time(period[0]) if drifted else None,
                "days": self.course.days(period if drifted else None),
                "where": seen.where if seen is not None and drifted else (),
                "reason": reason,
            }
        )

    def _verdict(self, seen: Inspection | None, period: tuple[int, int]) -> tuple[bool | None, str]:
        course = self.course
        since = course.hours.part(
            (max(period[0], course.first) - course.begin) // HOUR, (period[1] + 1 - course.begin) // HOUR
        )
        told = self._tell(since) if since.labelled.sum() > 0 else self.told
        said = f"The same inputs now fail more often: {told}, since {self._time(period[0]):%-d %b %H:%M}."
        if seen is None:
            return True, said
        # What selection by delay does to labelled requests is in the expectation already.
        selected = 1.0 if self.course.selective else max(seen.selected, 1.0)
        if self.course.path(seen.usual_bad, seen.usual_due * selected, period[0]).max() < PROVEN:
            return self._explained(seen)
        if seen.release is not None:
            what = (
                "A release, not concept drift" if seen.proven else "Not known, more likely a release than concept drift"
            )
            return False if seen.proven else None, f"{what}: {seen.release}."
        if seen.unseen_share > _NOTABLE:
            said += f" {seen.unseen_share:.0%} of the excess sits at values never seen before ({seen.unseen})."
        return True, said

    def _explained(self, seen: Inspection) -> tuple[bool | None, str]:
        """The excess is gone without values never seen before, or without the selection of the labelled."""
        if seen.unseen_share < _MOSTLY:
            return None, (
                f"Not known: more answers fail than expected ({self.told}), but requests that get a label are harder "
                "than the others, or part of it sits at values never seen before."
            )
        enough = self.course.enough(seen.usual_due, seen.usual_rows)
        where = f"{seen.unseen_share:.0%} of the excess sits at values never seen before ({seen.unseen})"
        rest = (
            "elsewhere answers fail as often as expected" if enough else "too few requests are left to judge the rest"
        )
        return False if enough else None, (
            f"Errors sit where inputs have never been before: {where}; {rest}. The inputs moved: that is data drift."
        )

    def _tell(self, of: Sums) -> str:
        source = "what is known of the inputs" if self.course.expectation.source == "features" else "the confidence"
        return f"{self._figure(of, of.bad)}, where {source} lets one expect {self._figure(of, of.due)}"

    def _figure(self, of: Sums, badness: Floats) -> str:
        """The mean badness of labelled requests."""
        mean = max(float(badness.sum()) / float(of.labelled.sum()), 0.0)
        return f"{mean:.1%} wrong" if self.course.kind == "accuracy" else f"RMSE {np.sqrt(mean):.4g}"

    def _time(self, bucket: int) -> datetime:
        return begin(bucket).astimezone(self.zone)
