"""Commands around alerts: what fires, what broke, what rules would have done, the gate, and what people say."""

from __future__ import annotations

import getpass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

import click

from burnline.dashboard.call import Call, at_option, common, moment, pass_call
from burnline.errors import BurnlineError

if TYPE_CHECKING:
    from burnline.workspace import Workspace


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        # A container may run as a user without a name.
        return "unknown"


by_option = click.option("--by", metavar="NAME", default=_user, help="Who says so; the user unless given.")


@click.command()
@common
@click.argument("model", required=False)
@at_option
@pass_call
def alerts(call: Call, model: str | None, at: str | None) -> None:
    """List firing and past alerts, replayed over the whole history under the definitions in force."""
    from burnline.dashboard import text

    workspace = call.workspace()
    found = workspace.alerts(model, at=moment(at, workspace))
    call.answer(list(found), lambda: text.alerts(found, workspace.zone()))


@click.command()
@common
@click.argument("model", required=False)
@at_option
@pass_call
def incidents(call: Call, model: str | None, at: str | None) -> None:
    """List the incidents of the history: contiguous, evidence-confirmed burn."""
    from burnline.dashboard import text

    workspace = call.workspace()
    found = workspace.incidents(model, at=moment(at, workspace))
    call.answer(list(found), lambda: text.incidents(found, workspace.zone()))


@click.command()
@common
@click.argument("model")
@click.option("--slo", required=True, help="The SLO to replay.")
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="KEY=VALUE",
    help='Try objective=99%, threshold=120ms, alpha=0.001 or rules="page 14.4 1h/5m, ticket 1 3d/6h".',
)
@at_option
@pass_call
def replay(call: Call, model: str, slo: str, settings: tuple[str, ...], at: str | None) -> None:
    """Show what alert rules would have done on the history, without evidence and with it."""
    from burnline.dashboard import text

    tried = _pairs(settings)
    workspace = call.workspace()
    found = workspace.replay(model, slo, at=moment(at, workspace), settings=tried)
    call.answer(found, lambda: text.replay(found, workspace.zone()))


@click.command()
@common
@click.argument("model")
@click.option(
    "--change",
    type=click.Choice(["feature", "fix", "security"]),
    default="feature",
    show_default=True,
    help="What is to be deployed; fixes pass with a reason.",
)
@click.option("--reason", help="Why a fix must pass; it is recorded.")
@by_option
@at_option
@pass_call
def gate(
    call: Call,
    model: str,
    change: Literal["feature", "fix", "security"],
    reason: str | None,
    by: str,
    at: str | None,
) -> int:
    """May this model be deployed? Exits with 0 for yes and 1 for no, and says why."""
    from burnline.dashboard import text

    workspace = call.workspace()
    answer = workspace.gate(model, at=moment(at, workspace), change=change, reason=reason, by=by)
    call.answer(answer, lambda: text.gate(model, answer))
    return int(answer.decision == "block")


@click.command()
@common
@click.argument("alert")
@click.option("--undo", is_flag=True, help="Take it back.")
@by_option
@pass_call
def acknowledge(call: Call, alert: str, undo: bool, by: str) -> None:
    """Say that somebody works on an alert: it no longer escalates."""
    call.workspace().acknowledge(alert, by=by, undo=undo)
    _done(call, alert=alert, acknowledged=not undo, by=by)


@click.command()
@common
@click.argument("alert")
@click.argument("mark", type=click.Choice(["useful", "noise", "none"]))
@by_option
@pass_call
def mark(call: Call, alert: str, mark: Literal["useful", "noise", "none"], by: str) -> None:
    """Say whether an alert was useful or noise; the noise figures count it."""
    call.workspace().mark(alert, None if mark == "none" else mark, by=by)
    _done(call, alert=alert, mark=None if mark == "none" else mark, by=by)


@click.command()
@common
@click.argument("model", required=False)
@click.option("--slo", help="Only this SLO; all of the model unless given.")
@click.option("--until", required=True, metavar="TIME", help="When the silence ends.")
@click.option("--from", "start", metavar="TIME", help="When it begins; now unless given.")
@click.option("--reason", required=True, help="Why; it is shown with every alert it covers.")
@by_option
@pass_call
def silence(
    call: Call, model: str | None, slo: str | None, until: str, start: str | None, reason: str, by: str
) -> None:
    """Send nothing about a model (or about all) until a time, with a reason."""
    workspace = call.workspace()
    id_ = workspace.silence(
        model=model, slo=slo, start=moment(start, workspace), until=_moment(until, workspace), reason=reason, by=by
    )
    _done(call, silence=id_, model=model, slo=slo, until=until, reason=reason, by=by)


@click.command()
@common
@click.argument("silence")
@by_option
@pass_call
def unsilence(call: Call, silence: str, by: str) -> None:
    """End a silence now."""
    call.workspace().unsilence(silence, by=by)
    _done(call, silence=silence, ended=True, by=by)


@click.command()
@common
@click.argument("incident")
@click.argument("text", required=False)
@click.option("--status", type=click.Choice(["new", "investigating", "mitigated", "closed"]), help="Where it stands.")
@by_option
@pass_call
def note(call: Call, incident: str, text: str | None, status: Any, by: str) -> None:
    """Write down something about an incident, or where it stands."""
    if text is None and status is None:
        raise click.UsageError("give a text, --status, or both")
    workspace = call.workspace()
    if text is not None:
        workspace.note(incident, text, by=by)
    if status is not None:
        workspace.set_incident_status(incident, status, by=by)
    _done(call, incident=incident, text=text, status=status, by=by)


alert_commands: tuple[click.Command, ...] = (
    alerts,
    incidents,
    replay,
    gate,
    acknowledge,
    mark,
    silence,
    unsilence,
    note,
)


def _pairs(settings: tuple[str, ...]) -> dict[str, str]:
    pairs = {}
    for setting in settings:
        key, equals, value = setting.partition("=")
        if not equals or not key.strip() or not value.strip():
            raise BurnlineError(f"--set {setting}: write KEY=VALUE, for example objective=99%")
        pairs[key.strip()] = value.strip()
    return pairs


def _moment(text: str, workspace: Workspace) -> datetime:
    found = moment(text, workspace)
    assert found is not None
    return found


def _done(call: Call, **said: object) -> None:
    call.answer(dict(said), lambda: "recorded: " + ", ".join(f"{k} {v}" for k, v in said.items() if v is not None))
