"""The stage *training* of a workspace: runs, tensor schemas, and what of them could not be read."""

from __future__ import annotations

from datetime import datetime

import duckdb

from burnline.errors import BurnlineError
from burnline.logs import shape
from burnline.logs.engine import connect, literal_scan
from burnline.logs.files import literal_pattern
from burnline.results.validation import Check, StageReport
from burnline.rollups.scan import named_files
from burnline.spec import WorkspaceSpec
from burnline.validation.tensors import tensor_checks
from burnline.validation.training import training_checks
from burnline.validation.training_files import read_training_logs


def training_stage(spec: WorkspaceSpec, model: str, *, until: datetime | None = None) -> StageReport:
    """Read and check the training runs and tensor schemas of a model, as known by ``until``.

    A file that cannot be read, or rows that cannot be placed, are a failed check ``readable`` (a warning: they may be
    of another model).
    """
    logs = read_training_logs(spec, model, until=until)
    notes = [_problem(text) for text in logs.problems]
    if logs.tensors.height:
        notes.extend(tensor_checks(logs.tensors, model, features=served_features(spec, model)))
    return training_checks(logs.runs, model, until=until, notes=notes)


def served_features(spec: WorkspaceSpec, model: str) -> dict[str, str]:
    """The f_ columns of the newest log file that holds the model, with the family of their type; empty without any."""
    with connect() as con:
        for file, mapping in sorted(
            named_files(spec).logs.items(), key=lambda f: (f[0].modified_ns, f[0].path), reverse=True
        ):
            try:
                found = shape(con, file.path, mapping, ("timestamp", "model"))
                name = found.columns["model"].sql
                query = f"select 1 from {literal_scan()} where cast({name} as varchar) = $model limit 1"
                held = con.execute(query, {"path": literal_pattern(file.path), "model": model}).fetchall()
            except (BurnlineError, duckdb.Error):
                # A log that cannot be read is told by the stage that validates logs.
                continue
            if held:
                return {name: found.columns[name].kind for name in found.features}
    return {}


def _problem(text: str) -> Check:
    return Check(
        check="readable",
        column=None,
        passed=False,
        failed_rows=None,
        example=None,
        sentence=f"{text}.",
        severity="warning",
    )
