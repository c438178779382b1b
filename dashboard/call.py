"""What every command shares: the workspace it names, how it answers, the options it takes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from burnline.results import Result
    from burnline.workspace import Workspace

Command = TypeVar("Command", bound=Callable[..., Any])


@dataclass
class Call:
    """What the options that every command takes say about this call."""

    directory: Path = Path(".")
    json: bool = False

    def workspace(self) -> Workspace:
        """The workspace that the call names."""
        from burnline.workspace import Workspace

        return Workspace.open(self.directory)

    def answer(self, value: Result | Sequence[Result] | dict[str, Any], text: Callable[[], str]) -> None:
        """Print one JSON document under --json, else the text for people."""
        from burnline.dashboard.answers import document, plain

        if not self.json:
            click.echo(text())
        elif isinstance(value, dict):
            click.echo(document(value))
        elif isinstance(value, Sequence):
            click.echo(document([plain(item) for item in value]))
        else:
            click.echo(document(plain(value)))


def _keep(field: str) -> Callable[[click.Context, click.Parameter, Any], Any]:
    """A callback that notes an option in the call when given: before the command, after it, or both."""

    def callback(context: click.Context, _: click.Parameter, value: Any) -> Any:
        call = context.ensure_object(Call)
        if value:
            setattr(call, field, value)
        return value

    return callback


def common(function: Command) -> Command:
    """Add -w and --json, accepted before and after the command's name."""
    directory = click.option(
        "-w",
        "--workspace",
        type=click.Path(path_type=Path),
        metavar="DIR",
        expose_value=False,
        callback=_keep("directory"),
        help="The workspace; the current folder unless given.",
    )
    as_json = click.option(
        "--json",
        is_flag=True,
        expose_value=False,
        callback=_keep("json"),
        help="Print one JSON document and nothing else.",
    )
    return directory(as_json(function))


at_option = click.option("--at", metavar="TIME", help="Evaluate as of this ISO 8601 time, with what was known then.")
pass_call = click.make_pass_decorator(Call, ensure=True)


def moment(text: str | None, workspace: Workspace) -> datetime | None:
    """The moment that --at names, in the zone of the workspace unless it says otherwise."""
    from burnline.dashboard.answers import moment as read

    return read(text, workspace.spec.timezone)
