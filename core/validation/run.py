"""Validates the data of a model: what is judged, by which rules, against which reference; stage by stage."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import get_args

import duckdb

from burnline.errors import BurnlineError
from burnline.logs import RawFile, expand, is_remote
from burnline.logs.engine import connect
from burnline.logs.relation import Kind
from burnline.records import actions
from burnline.results.validation import Check, Stage, StageReport, ValidationReport
from burnline.rollups.reads import Snapshot
from burnline.rollups.reads import events as read_events
from burnline.spec import WorkspaceSpec
from burnline.spec.errors import nearest
from burnline.spec.read_schema import load_schema, orphans
from burnline.spec.schema import Schema
from burnline.validation.case import Case
from burnline.validation.features import features, known_values, outlier_bounds
from burnline.validation.infer import infer
from burnline.validation.ingestion import ingestion
from burnline.validation.profile import Profile, content, is_answer
from burnline.validation.reference import LogSpan, Reference, files_of, find_reference, fitting_mapping, kept_profile
from burnline.validation.rules import stamp, when
from burnline.validation.serving import serving
from burnline.validation.source import Data, open_data
from burnline.validation.sums import NumberSums, Tell, TextSums, number_sums, text_sums
from burnline.validation.transformation import transformation

STAGES: tuple[Stage, ...] = get_args(Stage)
DAY = timedelta(days=1)
_HOUR_US = 3_600_000_000
_SLACK_US = _HOUR_US
_MEMORY = "4GB"
_KINDS: Mapping[str, Kind] = {
    "number": "number",
    "integer": "number",
    "string": "text",
    "boolean": "text",
    "timestamp": "time",
}
_FOR_EVER_US = 2**62


@dataclass(frozen=True)
class Wanted:
    """What to validate: ``paths`` before the model (else its logs), a span, the newest ``last``, some stages."""

    paths: tuple[str, ...] = ()
    start: datetime | None = None
    end: datetime | None = None
    last: timedelta = DAY
    stages: tuple[Stage, ...] = STAGES


def wanted(
    path: str | Sequence[str] | None,
    start: datetime | None,
    end: datetime | None,
    last: timedelta,
    stages: Sequence[str],
) -> Wanted:
    """What is asked for, in the words of the command line.

    Files that have not reached the model say nothing of training runs, which are left out unless they are asked for.
    Raises ``BurnlineError`` for a stage that does not exist.
    """
    paths = (path,) if isinstance(path, str) else tuple(path or ())
    for stage in stages:
        if stage not in STAGES:
            raise BurnlineError(f"there is no stage '{stage}'; known: {', '.join(STAGES)}")
    chosen = tuple(s for s in STAGES if s in stages) if stages else STAGES[:-1] if paths else STAGES
    return Wanted(paths, start, end, last, chosen)


def record_validation(root: Path, report: ValidationReport) -> None:
    """Keep what a validation of the logs found, with the times that the time to detection is made of."""
    failed = [(s.stage, c) for s in report.stages for c in s.checks if not c.passed and c.severity == "error"]
    firsts = [c.first_failed for _, c in failed if c.first_failed is not None]
    tolds = [c.detected_at for _, c in failed if c.detected_at is not None]
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


def validate(
    spec: WorkspaceSpec,
    model: str,
    snapshot: Snapshot,
    wanted: Wanted | None = None,
    *,
    at: datetime | None = None,
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
        at: the moment of the question: later rows are not looked at, the newest row is compared with it. By default
            the newest time in the logs; for files the wall clock.
        clock: the wall clock, after which nothing can have happened (for tests).
        more: checks made elsewhere, by stage, such as warnings of drift.
        progress: told (done, total, what) now and then.

    Raises:
        BurnlineError: a path that names no file, a span that ends before it begins, a schema that cannot be read.
    """
    asked = wanted or Wanted()
    now = clock or datetime.now(UTC)
    with connect(threads=os.cpu_count() or 1) as con:
        con.execute(f"set memory_limit = '{_MEMORY}'")
        logs = files_of(con, spec, model, snapshot)
        newest = snapshot.ledger.newest_us() or max((s.last_us for s in logs.values()), default=None)
        notes: list[str] = []
        reference, profile, schema, problem = _standard(con, spec, model, snapshot, logs, progress)
        notes += [problem] if problem else []
        notes += [str(p) for p in orphans(spec.path, {model}) if _meant(p.path, model)] if schema.path is None else []
        data, start_us, end_us, what = _judged(con, spec, model, asked, at, logs, newest, schema, profile)
        if reference is not None and data.span is not None and reference.overlaps(start_us, end_us):
            notes.append("the data judged are part of the reference themselves")
        case = _case(data, spec, model, snapshot, schema, profile, asked, at, now, newest, start_us, end_us, progress)
        stages = tuple(
            _stage(stage, case, (more or {}).get(stage, ()), spec, at) for stage in STAGES if stage in asked.stages
        )
    return _report(model, asked, at, case, profile, what, stages, notes)


def _standard(
    con: duckdb.DuckDBPyConnection,
    spec: WorkspaceSpec,
    model: str,
    snapshot: Snapshot,
    logs: Mapping[RawFile, LogSpan],
    progress: Tell | None,
) -> tuple[Reference | None, Profile | None, Schema, str | None]:
    """The reference, its figures and the schema: the file's, else inferred; a sentence when there is no reference."""
    schema = load_schema(spec.path, model)
    reference, problem = find_reference(con, spec, model, logs)
    profile = kept_profile(con, reference, spec, snapshot.store.root, progress) if reference is not None else None
    if profile is not None and not profile.rows.rows:
        problem = f"the reference ({profile.said}) has no row of {model}; checks that compare are left out"
        profile = None
    if schema is None:
        schema = infer(profile) if profile is not None else Schema(model=model)
    return reference, profile, schema, problem


def inferred(
    spec: WorkspaceSpec, model: str, snapshot: Snapshot, *, progress: Tell | None = None
) -> tuple[Schema, Profile]:
    """The Schema that the reference of a model suggests, and the reference's figures.

    Raises:
        BurnlineError: there is no reference to learn from.
    """
    with connect(threads=os.cpu_count() or 1) as con:
        con.execute(f"set memory_limit = '{_MEMORY}'")
        reference, problem = find_reference(con, spec, model, files_of(con, spec, model, snapshot))
        profile = kept_profile(con, reference, spec, snapshot.store.root, progress) if reference is not None else None
    if profile is None or not profile.rows.rows:
        raise BurnlineError(f"no schema can be inferred for {model}: {problem or 'its reference has no rows'}")
    return infer(profile), profile


def _judged(
    con: duckdb.DuckDBPyConnection,
    spec: WorkspaceSpec,
    model: str,
    asked: Wanted,
    at: datetime | None,
    logs: Mapping[RawFile, LogSpan],
    newest: int | None,
    schema: Schema,
    profile: Profile | None,
) -> tuple[Data, int, int, str]:
    """The data, the span they speak of, and what they are in words."""
    types: dict[str, Kind] = {}
    if profile is not None:
        types.update(dict.fromkeys(profile.numbers, "number"))
        types.update(dict.fromkeys(profile.texts, "text"))
    types |= {name: _KINDS[rule.type] for name, rule in schema.columns.items()}
    span = _span(asked, at, newest)
    if asked.paths:
        files = _given(con, spec, asked.paths)
        limits = span if asked.start is not None or asked.end is not None else None
        data = open_data(con, files, model, count_429=spec.count_429, span=limits, wanted=types)
        first, last = data.row("select min(_us), max(_us) from log") if data.groups else (None, None)
        start, end = limits if limits is not None else (first or 0, (last + 1) if last is not None else 0)
        start, end = max(start, first or start), min(end, (last or end - 1) + 1)
        return data, start, end, f"{', '.join(asked.paths)}"
    if span is None:
        raise BurnlineError(
            f"there are no logs of {model} to validate: ingest some (burnline ingest), or name a file: "
            f"burnline validate {model} PATH"
        )
    inside = {f: s.mapping for f, s in logs.items() if s.last_us >= span[0] and s.first_us < span[1]}
    data = open_data(con, inside, model, count_429=spec.count_429, span=span, wanted=types)
    return data, *span, f"the logs from {stamp(when(span[0]))} to {stamp(when(span[1]))}"


def _span(asked: Wanted, at: datetime | None, newest: int | None) -> tuple[int, int] | None:
    """[from, to) in microseconds: as asked, else the last day before ``at`` or the newest row."""
    end = asked.end or at
    end_us = _us(end) if end is not None else newest + 1 if newest is not None else None
    if end_us is None:
        return None
    start_us = _us(asked.start) if asked.start is not None else end_us - asked.last // timedelta(microseconds=1)
    if start_us >= end_us:
        raise BurnlineError(
            f"the span would end at {stamp(when(end_us))}, before it begins at {stamp(when(start_us))}; "
            "give --from before --to"
        )
    return start_us, end_us


def _given(
    con: duckdb.DuckDBPyConnection, spec: WorkspaceSpec, paths: Sequence[str]
) -> dict[RawFile, Mapping[str, str]]:
    """Files by path, folder or pattern, each with the mapping of the source whose raw columns it has."""
    found: dict[RawFile, Mapping[str, str]] = {}
    for path in paths:
        files = expand(path) if not is_remote(path) else ()
        if not files:
            raise BurnlineError(f"{path}: there is no such parquet file or folder; check the path")
        for file in files:
            found[file] = fitting_mapping(con, spec, file)
    return found


def _case(
    data: Data,
    spec: WorkspaceSpec,
    model: str,
    snapshot: Snapshot,
    schema: Schema,
    profile: Profile | None,
    asked: Wanted,
    at: datetime | None,
    now: datetime,
    newest: int | None,
    start_us: int,
    end_us: int,
    tell: Tell | None,
) -> Case:
    rows = data.row("select count(*) from log")[0] if data.groups else 0
    wall_us = _us(now)
    now_us = _us(at) if at is not None else wall_us if asked.paths or newest is None else newest
    if not asked.paths and asked.end is not None and at is None:
        now_us = end_us
    case = Case(
        data=data,
        schema=schema,
        profile=profile,
        of_path=bool(asked.paths),
        rows=rows,
        start_us=start_us,
        end_us=end_us,
        now_us=now_us,
        asked_at=at is not None,
        future_us=max(wall_us, snapshot.ledger.newest_us() or 0) + _SLACK_US,
        announced=_announced(snapshot, model),
        tell=tell,
    )
    if not rows or set(asked.stages) <= {"ingestion", "training"}:
        return case
    numbers, texts = _sums(case)
    return replace(case, numbers=numbers, texts=texts)


def _sums(case: Case) -> tuple[dict[str, NumberSums], dict[str, TextSums]]:
    """Sums of every column, answers among successful requests."""
    numbers: dict[str, NumberSums] = {}
    texts: dict[str, TextSums] = {}
    known = {n: known_values(case, n, case.rule(n))[0] for n in content(case.data, "text")}
    bounds = {}
    for name, profile in (case.profile.numbers if case.profile is not None else {}).items():
        if profile.tails is not None:
            tails = profile.tails
            bounds[name] = outlier_bounds(tails.outlier_low, tails.outlier_high, tails.q50)
    for answers in (False, True):
        where = "_ok" if answers else "true"
        names = [n for n in content(case.data, "number") if is_answer(n) == answers and case.data.has(n)]
        numbers |= number_sums(case.data, names, bounds, where=where, tell=case.tell)
        names = [n for n in content(case.data, "text") if is_answer(n) == answers and case.data.has(n)]
        texts |= text_sums(case.data, names, known, where=where, tell=case.tell)
    return numbers, texts


def _announced(snapshot: Snapshot, model: str) -> frozenset[str]:
    found = read_events(snapshot, 0, _FOR_EVER_US, model=model)
    return frozenset(v for v in found["version"].to_list() if v is not None)


def _stage(stage: Stage, case: Case, more: Sequence[Check], spec: WorkspaceSpec, at: datetime | None) -> StageReport:
    checks: list[Check] = []
    reason: str | None = None
    if stage == "training":
        from burnline.validation.training_stage import training_stage

        report = training_stage(spec, case.model, until=at)
        return report.model_copy(update={"checks": (*report.checks, *more)}) if more else report
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


def _report(
    model: str,
    asked: Wanted,
    at: datetime | None,
    case: Case,
    profile: Profile | None,
    what: str,
    stages: tuple[StageReport, ...],
    notes: list[str],
) -> ValidationReport:
    failed = [c for s in stages for c in s.checks if not c.passed and c.severity == "error"]
    warned = sum(not c.passed and c.severity == "warning" for s in stages for c in s.checks)
    count = sum(len(s.checks) for s in stages)
    passed = not failed
    against = (
        f"the schema {case.schema.path}" if case.schema.path is not None else "a schema inferred from the reference"
    )
    if case.schema.path is None and profile is None:
        against = "what is wrong in itself"
    if profile is not None:
        notes.insert(0, f"reference: {profile.said}")
    warnings = f", {warned} warning{'s' if warned != 1 else ''}" if warned else ""
    outcome = (
        f"passed all {count} checks{warnings}"
        if passed and not warned
        else f"passed{warnings}"
        if passed
        else (f"failed {len(failed)} of {count} checks{warnings}")
    )
    sentence = f"{model} {outcome}: {case.rows:,} rows of {what} against {against}."
    return ValidationReport(
        model=model,
        path=", ".join(asked.paths) or None,
        at=at or when(case.now_us),
        sentence=sentence,
        schema_path=case.schema.path,
        stages=stages,
        passed=passed,
        time_to_detection=time_to_detection(failed),
        notes=tuple(notes),
    )


def time_to_detection(failed: Sequence[Check]) -> float | None:
    """Seconds from the first failing row to when a validation could first have told; ``None`` without times."""
    timed = [c for c in failed if c.first_failed is not None and c.detected_at is not None]
    if not timed:
        return None
    first = min(c.first_failed for c in timed if c.first_failed is not None)
    told = min(c.detected_at for c in timed if c.detected_at is not None)
    return max(0.0, (told - first).total_seconds())


def _meant(path: str, model: str) -> bool:
    return nearest(Path(path).name.rsplit(".schema.", 1)[0], [model]) is not None


def _us(at: datetime) -> int:
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
