"""Checks of training runs: does the loss fall and stay finite, do gradients, did it learn more than the training data.

The newest run is the one a deployment would come from: its failures are errors. Older runs are history, so theirs
are warnings.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import polars as pl

from burnline.results.validation import Check, StageReport
from burnline.validation.training_curves import Curve, Floats, blocks
from burnline.validation.training_findings import Finding, moment, number, passed, step
from burnline.validation.training_gradients import exploding, spikes, starved_layers, vanishing
from burnline.validation.training_logs import (
    cut_off,
    missing_columns,
    not_finite,
    row_count,
    rows_and_steps,
    still_running,
)
from burnline.validation.training_losses import (
    ENOUGH,
    diverging,
    end_level,
    not_improving,
    oscillation,
    overfitting,
    still_falling,
)
from burnline.validation.training_rates import idle_rate

LOSS = ("loss", "train_loss", "training_loss")
VALIDATION = ("val_loss", "validation_loss", "valid_loss", "eval_loss", "test_loss")
GRADIENT = ("gradient_norm", "grad_norm")
RATE = ("learning_rate", "lr")
KEYS = ("timestamp", "model", "run", "step", "rows", "counted")
_WORSE = 1.25
_LARGEST = 1e100


@dataclass(frozen=True)
class Run:
    """One training run, its columns as curves of finite values."""

    name: str
    frame: pl.DataFrame
    curves: dict[str, Curve]

    def first_of(self, names: Iterable[str]) -> str | None:
        """The first of these columns that the run has values for."""
        return next((name for name in names if len(self.curves.get(name, ()))), None)

    def enough(self, name: str | None) -> Curve | None:
        """The curve of a column with enough values for statistics, else ``None``."""
        curve = self.curves.get(name) if name else None
        return curve if curve is not None and len(curve) >= ENOUGH else None

    @property
    def end(self) -> float | None:
        """The level of the validation loss at the end, without one that of the loss."""
        curve = self.enough(self.first_of((*VALIDATION, *LOSS)))
        return None if curve is None else end_level(blocks(curve.values).levels)


def training_checks(
    runs: pl.DataFrame,
    model: str,
    *,
    until: datetime | None = None,
    notes: Sequence[Check] = (),
) -> StageReport:
    """The stage *training*: checks of every run, the newest (by its last row) first.

    Args:
        runs: ``timestamp`` (UTC), ``run``, ``step`` (none of them null) and numeric columns, where null is "not
            logged at this step"; ``rows`` and ``counted``, if given, say how many logged rows a row stands for
            (``read_training``).
        model: name of the model, for the sentences.
        until: the moment of the question. A run whose next row is not overdue by then counts as running, and is
            not blamed for what only its end can show.
        notes: checks known from reading (files that cannot be read, tensor schemas), which come after the newest run's.

    All checks of the newest run are told, of older ones those that fail (as warnings). ``first_failed`` is the time
    of the step where it begins, ``detected_at`` that of the step with which it is told.
    """
    if not runs.height:
        reason = f"no training run of {model} is logged; name the files in spec.training of the workspace"
        return StageReport(stage="training", rows=0, checks=tuple(notes), reason=None if notes else reason)
    logs = [_run(frame) for frame in _newest_first(runs)]
    checks = [_check(logs[0], one) for one in findings(logs[0], logs[1:], until)]
    checks.extend(notes)
    for index, old in enumerate(logs[1:], 1):
        failed = [one for one in findings(old, logs[index + 1 :], None) if one.failed]
        checks.extend(_check(old, one).model_copy(update={"severity": "warning"}) for one in failed)
    rows = sum(row_count(log.frame) for log in logs)
    return StageReport(stage="training", rows=rows, checks=tuple(checks))


def _newest_first(runs: pl.DataFrame) -> list[pl.DataFrame]:
    ends = runs.group_by("run").agg(pl.max("timestamp")).sort(["timestamp", "run"], descending=True)
    return [runs.filter(pl.col("run") == name) for name in ends["run"]]


def _run(frame: pl.DataFrame) -> Run:
    """The steps in order; of a step that is logged twice the later row counts, where it has a value."""
    ordered = frame.sort("step", "timestamp", maintain_order=True)
    names = [n for n, t in ordered.schema.items() if n not in KEYS and t.is_numeric()]
    curves = {}
    for name in names:
        logged = ordered.filter(pl.col(name).is_finite()).unique("step", keep="last", maintain_order=True)
        if logged.height:
            curves[name] = Curve(
                logged["step"].cast(pl.Float64).to_numpy(),
                logged["timestamp"].dt.epoch("us").to_numpy(),
                _bounded(logged[name].cast(pl.Float64).to_numpy()),
            )
    return Run(str(ordered["run"][0]), ordered, curves)


def _bounded(values: Floats) -> Floats:
    """Beyond 1e100 and below 1e-100 nothing is told apart any more, and squares and ratios stay finite."""
    return np.where(np.abs(values) < 1 / _LARGEST, 0.0, np.clip(values, -_LARGEST, _LARGEST))


def findings(run: Run, before: Sequence[Run], until: datetime | None) -> list[Finding]:
    """All that can be said of one run; ``before`` are the runs before it, newest first."""
    running = still_running(run.frame, until)
    found = rows_and_steps(run.frame)
    found.append(missing_columns(run.frame, LOSS, VALIDATION, GRADIENT))
    found.append(cut_off(run.frame, [one.frame for one in before], running=running))
    finite = [not_finite(run.frame, name) for name in run.frame.columns if _numeric(run, name)]
    found.extend(finite)
    lost = {one.column for one in finite if one.failed}
    found.extend(_rare(run))
    rate = run.curves.get(run.first_of(RATE) or "")
    if rate is not None:
        found.append(idle_rate(run.first_of(RATE) or "", rate))
    found.extend(_losses(run, rate, ended=not running and not lost & {*LOSS, *VALIDATION}))
    found.extend(_gradients(run, before, lost))
    if not running:
        found.extend(_worse(run, before))
    return found


def _numeric(run: Run, name: str) -> bool:
    return name not in KEYS and run.frame.schema[name].is_numeric()


def _rare(run: Run) -> Iterable[Finding]:
    """Columns that the log is long enough for and that are logged too rarely themselves."""
    for name in (run.first_of(LOSS), run.first_of(VALIDATION), run.first_of(GRADIENT)):
        if name and run.frame.height >= ENOUGH > len(run.curves[name]):
            curve = run.curves[name]
            yield Finding(
                check="too_few_steps",
                column=name,
                failed=True,
                text=f"{name} is logged at {len(curve):,} steps only: too few to judge it by (from {ENOUGH} on).",
                detected=int(curve.micros[-1]),
                rows=run.frame.height,
                severity="warning",
            )


def _losses(run: Run, rate: Curve | None, *, ended: bool) -> Iterable[Finding]:
    """What the losses say; that a run did not get far enough only where it ``ended`` of its own."""
    name, name_seen = run.first_of(LOSS), run.first_of(VALIDATION)
    loss, seen = run.enough(name), run.enough(name_seen)
    if loss is not None and name:
        course = diverging(name, loss)
        yield course
        if ended and not course.failed:
            yield not_improving(name, loss)
        yield oscillation(name, loss, rate)
    if seen is not None and name_seen:
        yield overfitting(name_seen, seen, loss)
    told = (name_seen, seen) if seen is not None else (name, loss)
    if told[0] and told[1] is not None and ended:
        yield still_falling(told[0], told[1], rate)


def _gradients(run: Run, before: Sequence[Run], lost: set[str | None]) -> Iterable[Finding]:
    layers = [n for n in run.curves if n.startswith(tuple(f"{g}_" for g in GRADIENT))]
    name = run.first_of(GRADIENT)
    loss = run.enough(run.first_of(LOSS))
    floors = [end for one in before if (end := _training_end(one)) is not None]
    curve = run.enough(name)
    if curve is not None and name:
        grows = exploding(name, curve, name in lost)
        yield grows
        yield from _some(spikes(name, curve, grows.at))
        yield vanishing(name, curve, loss, min(floors, default=None))
    grown = [exploding(layer, c, layer in lost) for layer in layers if (c := run.enough(layer)) is not None]
    burst = sorted((one for one in grown if one.failed), key=lambda one: one.at or 0)
    if burst:
        yield burst[0]
    elif grown:
        yield passed("exploding_gradients", None, f"the gradients of {len(grown):,} layers keep their size.")
    yield from _some(starved_layers({n: c for n in layers if (c := run.enough(n)) is not None}))


def _training_end(run: Run) -> float | None:
    curve = run.enough(run.first_of(LOSS))
    return None if curve is None else end_level(blocks(curve.values).levels)


def _some(finding: Finding | None) -> Iterable[Finding]:
    return () if finding is None else (finding,)


def _worse(run: Run, before: Sequence[Run]) -> Iterable[Finding]:
    """A run that ends higher than one before it by a quarter and more: a warning, the data may differ."""
    ends = {one.name: end for one in before if (end := one.end) is not None}
    if run.end is None or not ends:
        return
    best = min(ends, key=lambda name: ends[name])
    name = run.first_of((*VALIDATION, *LOSS))
    curve = run.enough(name)
    if curve is None or run.end <= ends[best] + max((_WORSE - 1) * abs(ends[best]), 0.0):
        yield passed("worse_than_before", name, f"{name} ends no higher than the best run before ({best}).")
        return
    yield Finding(
        check="worse_than_before",
        column=name,
        failed=True,
        text=(
            f"{name} ends at {number(run.end)} (step {step(curve.steps[-1])}), that of run {best} ended at "
            f"{number(ends[best])}: compare data and settings of the two."
        ),
        at=int(curve.micros[-1]),
        detected=int(curve.micros[-1]),
        example=number(run.end),
        severity="warning",
    )


def _check(run: Run, found: Finding) -> Check:
    return Check(
        check=found.check,
        column=found.column,
        passed=not found.failed,
        failed_rows=found.failed_rows,
        example=found.example,
        sentence=f"Run {run.name}: {found.text}",
        severity=found.severity,
        rows=found.rows,
        first_failed=None if found.at is None else moment(found.at),
        detected_at=None if found.detected is None else moment(found.detected),
    )


__all__ = ["Run", "findings", "training_checks"]
