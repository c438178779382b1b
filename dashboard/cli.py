"""The command line: one thin function per command.

Heavy modules are imported inside the functions so that help and usage errors answer at once.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import click

from burnline.dashboard.alert_commands import alert_commands
from burnline.dashboard.call import Call, at_option, common, moment, pass_call
from burnline.dashboard.drift_command import drift
from burnline.dashboard.notify_command import notify
from burnline.dashboard.validate_command import validate
from burnline.errors import BurnlineError

WRONG = 2
INTERRUPTED = 130


port_option = click.option(
    "--port", type=click.IntRange(0, 65535), help="Port; 0 takes any. Unless given, the first free one from 8501."
)


class SeveralValues(click.Command):
    """A command whose --logs takes every value up to the next option, as a shell expands a pattern."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Repeat --logs before each of its values, the form that click reads."""
        return super().parse_args(ctx, spread(args, "--logs"))


def spread(args: Sequence[str], option: str) -> list[str]:
    """`--logs a b` as `--logs a --logs b`."""
    result: list[str] = []
    taking = False
    for arg in args:
        if arg == option:
            taking = True
        elif arg.startswith("-"):
            taking = False
            result.append(arg)
        else:
            result += [option, arg] if taking else [arg]
    return result


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="burnline", message="%(prog)s %(version)s")
@common
def cli() -> None:
    """Dual error budgets for machine-learning systems, from parquet inference logs."""


@cli.command(cls=SeveralValues)
@common
@click.argument("directory", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--logs", multiple=True, required=True, metavar="GLOB...", help="Parquet logs: files, folders, patterns.")
@click.option(
    "--type", "kind", type=click.Choice(["classification", "regression", "ranking"]), help="Type of every model found."
)
@click.option("--tier", type=click.IntRange(1, 4), help="Tier of every model found: 1 critical to 4 best effort.")
@pass_call
def init(call: Call, directory: Path, logs: tuple[str, ...], kind: str | None, tier: int | None) -> None:
    """Write a workspace with one Model for each model found in the logs."""
    from burnline.dashboard import text
    from burnline.onboarding import init as write

    report = write(directory, logs, type=kind, tier=tier)
    call.answer(report, lambda: text.init(report))


@cli.command()
@common
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option("--watch", is_flag=True, help="Look again every few seconds until interrupted.")
@click.option("--every", type=click.FloatRange(min=0.1), default=5.0, show_default=True, help="Seconds between looks.")
@pass_call
def ingest(call: Call, paths: tuple[str, ...], watch: bool, every: float) -> None:
    """Bring the rollups up to date; only new and changed files are read."""
    from burnline.dashboard import text
    from burnline.dashboard.progress import Progress

    if watch and call.json:
        raise click.UsageError("--json prints one document and --watch never ends: give one of them")
    while True:
        with Progress(sys.stderr) as progress:
            report = call.workspace().ingest(paths, progress=progress)
        if not watch or report.files_read or report.files_quarantined:
            call.answer(report, lambda report=report: text.ingest(report))  # type: ignore[misc]
        if not watch:
            return
        time.sleep(every)


@cli.command()
@common
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@pass_call
def check(call: Call, paths: tuple[str, ...]) -> None:
    """Say what a parquet file is and which SLIs it can support. Changes nothing."""
    from burnline.checking import check as look
    from burnline.dashboard import text

    # A workspace has mappings to apply, but a file can be judged without one.
    inside = call.directory != Path() or (call.directory / "burnline.yaml").is_file()
    reports = call.workspace().check(paths) if inside else look(paths)
    call.answer(
        reports[0] if len(reports) == 1 else reports,
        lambda: "\n\n".join(map(text.check, reports)),
    )


@cli.command()
@common
@click.argument("model", required=False)
@at_option
@pass_call
def status(call: Call, model: str | None, at: str | None) -> None:
    """Show SLIs, SLOs, both error budgets, burn rates, verdict and gate."""
    from burnline.dashboard import text

    workspace = call.workspace()
    answer = workspace.status(model, at=moment(at, workspace))
    call.answer(answer, lambda: text.fleet(answer, detailed=model is not None))


@cli.command()
@common
@port_option
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--allow-remote", is_flag=True, help="Listen beyond this machine. There is no login: guard it yourself.")
@pass_call
def serve(call: Call, port: int | None, host: str, allow_remote: bool) -> None:
    """Serve the dashboard, /metrics and /api/status."""
    from burnline.dashboard.server import serve as run

    run(call.directory, host=host, port=port, allow_remote=allow_remote)


@cli.command()
@common
@port_option
@click.option("--headless", is_flag=True, help="Open no browser.")
@click.option("--dir", "directory", type=click.Path(path_type=Path), help="Where the sample workspace is kept.")
@pass_call
def demo(_: Call, port: int | None, headless: bool, directory: Path | None) -> None:
    """Build the sample workspace if absent, ingest it and open the dashboard."""
    from burnline.dashboard.demo import default_directory, prepare
    from burnline.dashboard.progress import Progress
    from burnline.dashboard.server import serve as run

    where = directory or default_directory()
    with Progress(sys.stderr) as progress:
        prepare(where, progress=progress)
    run(where, port=port, open_browser=not headless)


for command in (*alert_commands, validate, notify, drift):
    cli.add_command(command)


def main(args: Sequence[str] | None = None) -> int:
    """Run one command; the exit code is 0 for done, 1 for no, 2 for a wrong call or input."""
    try:
        result = cli.main(list(args) if args is not None else None, prog_name="burnline", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as help_:
        help_.show()
        return WRONG
    except click.ClickException as error:
        return _wrong(error.format_message())
    except BurnlineError as error:
        return _wrong(str(error))
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except OSError as error:
        return _wrong(f"{error.filename}: {error.strerror}" if error.filename else str(error))
    except Exception as error:
        if os.environ.get("BURNLINE_TRACEBACK"):
            raise
        return _wrong(f"internal error: {type(error).__name__}: {error} (BURNLINE_TRACEBACK=1 shows where)")
    return result if isinstance(result, int) else 0


def _wrong(sentence: str) -> int:
    click.echo(f"burnline: {sentence}", err=True)
    return WRONG
