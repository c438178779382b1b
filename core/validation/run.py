"""Validates the data of a model, stage by stage, against its schema and its reference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from burnline.errors import BurnlineError
from burnline.logs import RawFile, expand, is_remote
from burnline.records import actions
from burnline.results.validation import Check, Stage, StageReport, ValidationReport
from burnline.rollups.reads import Snapshot
from burnline.rollups.reads import events as read_events
from burnline.spec import WorkspaceSpec
from burnline.validation.asked import STAGES, Wanted, microseconds
from burnline.validation.case import Case
from burnline.validation.features import features, known_values, outlier_bounds
from burnline.validation.ingestion import ingestion
from burnline.validation.profile import content, is_answer
from burnline.validation.reference import Logs, find_logs, fitting_mapping
from burnline.validation.rules import stamp, when
from burnline.validation.serving import serving
from burnline.validation.source import Data, open_data
from burnline.validation.standard import Standard, engine, standard
from burnline.validation.sums import NumberSums, Tell, TextSums, number_sums, text_sums
from burnline.validation.training_stage import training_stage
from burnline.validation.transformation import transformation

_SLACK_US = 3_600_000_000
_FOR_EVER_US = 2**62
# Stages that ask nothing of the values of a column.
_WITHOUT_SUMS = {"ingestion", "training"}


def validate(
    spec: WorkspaceSpec,
    model: str,
    snapshot: Snapshot,
    wanted: Wanted | None = None,
    *,
    clock: datetime | None = None,
    more: Mapping[Stage, Sequence[Check]] | None = None,
    progress: Tell | None = None,
) -> ValidationReport:
    """Validate the newest data of a model in its logs, or files that have not reached it yet.

    Args:
        spec: the workspace.
        model: name of the model.
        snapshot: its rollups, for where the logs of the model are; files that are not ingested are looked into.
        wanted: what to judge; by default the last 24 hours of the logs, all stages.
        clock: the wall clock, after which nothing can have happened (for tests).
        more: checks made elsewhere, by stage, such as warnings of drift.
        progress: told (done, total, what) now and then.

    Raises:
        BurnlineError: a path that names no file, no logs at all, a span that ends before it begins, a schema or a
            reference that cannot be read.
    """
    asked = wanted or Wanted()
    with engine() as con:
        logs = find_logs(con, spec, model, snapshot)
        against = standard(con, spec, model, logs, snapshot.store.root, progress)
        judged = _of_paths(con, spec, model, asked, logs, against) if asked.paths else None
        data, start_us, end_us = judged or _of_logs(con, spec, model, asked, logs, against)
        clock = clock or datetime.now(UTC)
        case = Case(
            data=data,
            schema=against.schema,
            profile=against.profile,
            of_path=bool(asked.paths),
            rows=data.row("select count(*) from log")[0] if data.groups else 0,
            start_us=start_us,
            end_us=end_us,
            now_us=asked.now_us(logs.newest_us, clock),
            asked_at=asked.at is not None,
            future_us=max(microseconds(clock), snapshot.ledger.newest_us() or 0) + _SLACK_US,
            newest_us=max((s.last_us for s in logs.files.values()), default=None),
            announced=_announced(snapshot, model),
            tell=progress,
        )
        if case.rows and not set(asked.stages) <= _WITHOUT_SUMS:
            numbers, texts = _sums(case)
            case = replace(case, numbers=numbers, texts=texts)
        stages = tuple(
            _stage(stage, case, spec, asked, (more or {}).get(stage, ())) for stage in STAGES if stage in asked.stages
        )
    return _report(asked, case, against, stages)


def _of_paths(
    con: duckdb.DuckDBPyConnection, spec: WorkspaceSpec, model: str, asked: Wanted, logs: Logs, against: Standard
) -> tuple[Data, int, int]:
    """Files, and the time they speak of: from their first row to their last, within the span if one is given."""
    files: dict[RawFile, Mapping[str, str]] = {}
    for path in asked.paths:
        found = expand(path) if not is_remote(path) else ()
        if not found:
            raise BurnlineError(f"{path}: there is no such parquet file or folder; check the path")
        files |= {file: fitting_mapping(con, spec, file) for file in found}
    span = asked.span(logs.newest_us) if asked.start is not None or asked.end is not None else None
    data = open_data(con, files, model, count_429=spec.count_429, span=span, wanted=against.kinds())
    first, last = data.row("select min(_us), max(_us) from log") if data.groups else (None, None)
    return (data, first, last + 1) if first is not None else (data, *(span or (0, 0)))


def _of_logs(
    con: duckdb.DuckDBPyConnection, spec: WorkspaceSpec, model: str, asked: Wanted, logs: Logs, against: Standard
) -> tuple[Data, int, int]:
    """The logs of the model in the span."""
    span = asked.span(logs.newest_us)
    if span is None:
        raise BurnlineError(
            f"there are no logs to validate: check spec.logs of the workspace, or name a file: "
            f"burnline validate {model} PATH"
        )
    inside = {f: s.mapping for f, s in logs.files.items() if s.last_us >= span[0] and s.first_us < span[1]}
    return open_data(con, inside, model, count_429=spec.count_429, span=span, wanted=against.kinds()), *span


def _sums(case: Case) -> tuple[dict[str, NumberSums], dict[str, TextSums]]:
    """Sums of every column, of answers among successful requests."""
    numbers: dict[str, NumberSums] = {}
    texts: dict[str, TextSums] = {}
    known = {n: known_values(case, n, case.rule(n))[0] for n in content(case.data, "text")}
    profiles = case.profile.numbers if case.profile is not None else {}
    bounds = {name: outlier_bounds(found.tails) for name, found in profiles.items() if found.tails is not None}
    for answers in (False, True):
        where = "_ok" if answers else "true"
        names = [n for n in content(case.data, "number") if is_answer(n) == answers]
        numbers |= number_sums(case.data, names, bounds, where=where, tell=case.tell)
        names = [n for n in content(case.data, "text") if is_answer(n) == answers]
        texts |= text_sums(case.data, names, known, where=where, tell=case.tell)
    return numbers, texts


def _announced(snapshot: Snapshot, model: str) -> frozenset[str]:
    found = read_events(snapshot, 0, _FOR_EVER_US, model=model)
    return frozenset(version for version in found["version"].to_list() if version is not None)


def _stage(stage: Stage, case: Case, spec: WorkspaceSpec, asked: Wanted, more: Sequence[Check]) -> StageReport:
    if stage == "training":
        report = training_stage(spec, case.model, until=asked.at)
        return report.model_copy(update={"checks": (*report.checks, *more)})
    checks: list[Check] = []
    reason: str | None = None
    if stage == "ingestion":
        checks = ingestion(case)
    elif not case.rows:
        reason = f"there are no rows of {case.model} to look at"
    elif stage == "transformation":
        checks = transformation(case)
        reason = None if case.profile is not None else "without a reference only what is wrong in itself is found"
    elif stage == "features":
        checks = features(case)
    else:
        checks, reason = serving(case)
    return StageReport(stage=stage, rows=case.rows, checks=(*checks, *more), reason=reason)


def _report(asked: Wanted, case: Case, against: Standard, stages: tuple[StageReport, ...]) -> ValidationReport:
    checks = [c for s in stages for c in s.checks]
    failed = [c for c in checks if not c.passed and c.severity == "error"]
    notes = list(against.notes)
    reference = against.reference
    if not asked.paths and reference is not None and reference.overlaps(case.start_us, case.end_us):
        notes.append("the data judged are part of the reference themselves")
    return ValidationReport(
        model=case.model,
        path=", ".join(asked.paths) or None,
        at=asked.at or when(case.now_us),
        sentence=_sentence(asked, case, against, checks, len(failed)),
        schema_path=case.schema.path,
        stages=stages,
        passed=not failed,
        time_to_detection=time_to_detection(failed),
        notes=tuple(notes),
    )


def _sentence(asked: Wanted, case: Case, against: Standard, checks: Sequence[Check], failed: int) -> str:
    warned = sum(not c.passed and c.severity == "warning" for c in checks)
    outcome = f"failed {failed} of {len(checks)} checks" if failed else f"passed {len(checks) - warned} checks"
    warnings = f" with {warned} warning{'s' if warned != 1 else ''}" if warned else ""
    span = f"from {stamp(when(case.start_us))} to {stamp(when(case.end_us))}"
    what = ", ".join(asked.paths) or f"the logs {span}"
    if case.schema.path is not None:
        held = f"the schema {case.schema.path}"
    else:
        held = "a schema inferred from the reference" if against.profile is not None else "what is wrong in itself"
    return f"{case.model} {outcome}{warnings}: {case.rows:,} rows of {what} against {held}."


def time_to_detection(failed: Sequence[Check]) -> float | None:
    """Seconds from the first failing row to when a validation could first have told; ``None`` without times."""
    firsts, tolds = _times(failed)
    return max(0.0, (min(tolds) - min(firsts)).total_seconds()) if firsts and tolds else None


def _times(failed: Sequence[Check]) -> tuple[list[datetime], list[datetime]]:
    return (
        [c.first_failed for c in failed if c.first_failed is not None],
        [c.detected_at for c in failed if c.detected_at is not None],
    )


def record_validation(root: Path, report: ValidationReport) -> None:
    """Keep what a validation of the logs found, with the times that the time to detection is made of."""
    failed = [(s.stage, c) for s in report.stages for c in s.checks if not c.passed and c.severity == "error"]
    firsts, tolds = _times([c for _, c in failed])
    if report.at is not None:
        actions.validated(
            root,
            report.model,
            as_of=report.at,
            failed=[f"{stage}/{c.check}/{c.column or ''}" for stage, c in failed],
            first_failed=min(firsts, default=None),
            told=min(tolds, default=None),
            by="burnline",
        )
