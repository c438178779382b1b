"""Which sums an SLO is judged by: its measure, its slices, and why there may be none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from burnline.rollups.ledger import Ledger, Span
from burnline.rollups.measures import Measure
from burnline.rollups.plan import Plan
from burnline.slis import Sli, catalogue
from burnline.spec import Model, Slo, WorkspaceSpec


@dataclass(frozen=True)
class Question:
    """One SLO of one model with the measure that answers it.

    ``asked`` is the measure of what could have been valid, where the SLI names one of its own.
    """

    model: str
    slo: Slo
    sli: Sli
    measure: Measure | None
    asked: Measure | None = None

    @property
    def sliced_events(self) -> bool:
        """Whether single requests are judged in time slices (a budgeting method of choice)."""
        return self.measure is not None and self.measure.slices is None and self.slo.budgeting != "Occurrences"

    @property
    def hourly(self) -> bool:
        """Whether its slices are hours."""
        return self.measure is not None and self.measure.slices is not None and self.measure.slices.hourly

    @property
    def daily(self) -> bool:
        """Whether its slices are days."""
        return self.measure is not None and self.measure.slices is not None and self.measure.slices.daily


def key_of(question: Question) -> tuple[str, str]:
    """The model and the SLO, as sums are keyed by them."""
    return question.model, question.slo.name


def questions(models: tuple[Model, ...]) -> tuple[Question, ...]:
    """Every SLO of every model."""
    return tuple(ask(model, slo) for model in models for slo in model.slos)


def ask(model: Model, slo: Slo) -> Question:
    """An SLO with its measure."""
    sli = catalogue()[slo.sli]
    siblings: Mapping[str, Slo] = {other.name: other for other in model.slos}
    asked = sli.asked(slo) if sli.asked is not None else None
    return Question(model.name, slo, sli, sli.measure(slo, siblings), asked)


def plan(spec: WorkspaceSpec, models: tuple[Model, ...]) -> Plan:
    """What ingest must keep so that every SLO can be answered."""
    measures: dict[str, dict[str, Measure]] = {model.name: {} for model in models}
    for question in questions(models):
        for measure in (question.measure, question.asked):
            if measure is not None:
                measures[question.model].setdefault(measure.id, measure)
    return Plan({model: tuple(found.values()) for model, found in measures.items()}, spec.segments, spec.count_429)


def why_no_data(question: Question, ledger: Ledger, plan: Plan, seen: Mapping[str, Span], last: int) -> str | None:
    """Why an SLO has no data at all as of bucket ``last``, as a sentence part; ``None``: its window is just empty."""
    if not ledger.logs:
        return "nothing is ingested yet; run `burnline ingest`"
    if question.model not in seen:
        return "the logs hold no request of this model"
    files = [f for f in ledger.logs.values() if question.model in f.models]
    measure = question.measure
    assert measure is not None
    if measure.slices is not None and measure.slices.kind == "gauge":
        if not any(measure.slices.metric in f.names for f in ledger.metrics.values()):
            return f"no infrastructure metrics file has a column {measure.slices.metric}"
        return None
    if question.daily:
        return _why_no_drift(question.model, ledger, measure, last)
    reasons = [f.lacking.get(question.model, {}).get(measure.id) for f in files]
    if reasons and all(reasons):
        return reasons[-1]
    if any(f.plan != plan.of(f.models) for f in files):
        return "the definition is newer than the rollups; run `burnline ingest`"
    if measure.late is not None and not any(f.own_labels for f in files):
        if not ledger.labels:
            return "the log has no column label and the workspace names no label files"
        if not any(f.joined for f in files):
            return "no label in the label files belongs to a request of this model"
    if measure.slices is not None and measure.slices.hourly:
        kind = "numbers as label and prediction" if measure.slices.kind == "root_mean_square" else "known relevance"
        return f"no hour of the window has {measure.slices.min_rows} rows with {kind}"
    return None


def _why_no_drift(model: str, ledger: Ledger, measure: Measure, last: int) -> str:
    baseline = ledger.baselines.get(model)
    if not all(log.hourly for log in ledger.logs.values() if model in log.models):
        return "the rollups are older than the measure of drift; run `burnline ingest`"
    if baseline is None or baseline.object is None:
        problems = baseline.problems if baseline is not None else ()
        return problems[0] if problems else "the log has no column f_*"
    if not baseline.complete or baseline.end_hour * 12 - 1 > last:
        return "the reference window is not over yet: until then there is nothing to compare with"
    assert measure.slices is not None
    return f"no day of the window has {measure.slices.min_rows} rows"
