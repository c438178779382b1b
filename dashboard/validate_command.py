"""The command that validates data, meant to guard a pipeline: exit 1 when they are not as they must be."""

from __future__ import annotations

import sys
from datetime import timedelta
from typing import TYPE_CHECKING

import click

from burnline.dashboard.call import Call, at_option, common, moment, pass_call
from burnline.errors import BurnlineError

if TYPE_CHECKING:
    from burnline.results.validation import Check, StageReport, ValidationReport

_STAGES = ("ingestion", "transformation", "features", "serving", "training")
_FAILED = 1


@click.command()
@common
@click.argument("model")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option("--from", "start", metavar="TIME", help="Judge rows from this ISO 8601 time on.")
@click.option("--to", "end", metavar="TIME", help="Judge rows before this ISO 8601 time.")
@click.option(
    "--last", default="24h", show_default=True, metavar="TIME", help="Without PATH and --from: how much of the logs."
)
@click.option("--stage", "stages", multiple=True, type=click.Choice(_STAGES), help="Only this stage; may be repeated.")
@click.option("--write-schema", is_flag=True, help="Write the schema that the reference suggests, to be edited.")
@click.option("--force", is_flag=True, help="With --write-schema: replace the file that is there.")
@at_option
@pass_call
def validate(
    call: Call,
    model: str,
    paths: tuple[str, ...],
    start: str | None,
    end: str | None,
    last: str,
    stages: tuple[str, ...],
    write_schema: bool,
    force: bool,
    at: str | None,
) -> int:
    """Hold data against the schema and the reference of a model; exit 1 when a check fails.

    Without PATH the newest data in the logs are judged, with PATH any parquet before it reaches the model.
    """
    from burnline.dashboard.progress import Progress

    workspace = call.workspace()
    if write_schema and paths:
        raise click.UsageError("--write-schema learns from the reference: give no PATH with it")
    if force and not write_schema:
        raise click.UsageError("--force replaces a schema: give it with --write-schema")
    with Progress(sys.stderr) as progress:
        if write_schema:
            path = workspace.write_schema(model, force=force, progress=progress)
            call.answer({"model": model, "schema": str(path)}, lambda: f"wrote {path}")
            return 0
        report = workspace.validate(
            model,
            paths,
            at=moment(at, workspace),
            start=moment(start, workspace),
            end=moment(end, workspace),
            last=_span(last),
            stages=stages,
            record=True,
            progress=progress,
        )
    call.answer(report, lambda: text(report))
    return 0 if report.passed else _FAILED


def _span(text_: str) -> timedelta:
    from burnline.spec.units import UnitError, parse_elapsed

    try:
        seconds = float(parse_elapsed(text_))
    except UnitError as error:
        raise BurnlineError(f"--last: {error}") from None
    if seconds <= 0:
        raise BurnlineError("--last: must be above zero, such as 24h or 7d")
    return timedelta(seconds=seconds)


def text(report: ValidationReport) -> str:
    """The report for people: one line per stage, every failed check as a sentence."""
    lines = [click.style(report.sentence, bold=True)]
    lines += [f"  {note}" for note in report.notes]
    for stage in report.stages:
        lines += ["", _stage(stage), *map(_check, (c for c in stage.checks if not c.passed))]
    if report.time_to_detection is not None:
        hours = report.time_to_detection / 3600
        lines += ["", f"A validation could have told {hours:.1f} h after the first failing row."]
    return "\n".join(lines)


def _stage(stage: StageReport) -> str:
    failed = sum(not c.passed and c.severity == "error" for c in stage.checks)
    warned = sum(not c.passed and c.severity == "warning" for c in stage.checks)
    if not stage.checks:
        return f"{stage.stage}: no checks, {stage.reason or 'there is nothing to check'}"
    word = click.style("failed", fg="red") if failed else click.style("passed", fg="green")
    parts = [f"{len(stage.checks)} checks"]
    parts += [f"{failed} failed"] if failed else []
    parts += [f"{warned} warning{'s' if warned != 1 else ''}"] if warned else []
    reason = f" ({stage.reason})" if stage.reason else ""
    return f"{stage.stage}: {word}, {', '.join(parts)}{reason}"


def _check(check: Check) -> str:
    colour = "red" if check.severity == "error" else "yellow"
    return f"  {click.style(check.severity, fg=colour)} {check.check}  {check.sentence}"
