"""The command that sends notifications, meant for cron: quiet about what is well, never stopped by one target."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from burnline.dashboard.call import Call, common, pass_call
from burnline.errors import BurnlineError

if TYPE_CHECKING:
    from burnline.alerting import Alerting
    from burnline.alerts.message import Message
    from burnline.alerts.notify import Delivery
    from burnline.workspace import Workspace


@click.command()
@common
@click.argument("model", required=False)
@click.option("--dry-run", is_flag=True, help="Show what would be sent; send and record nothing.")
@pass_call
def notify(call: Call, model: str | None, dry_run: bool) -> None:
    """Tell the targets of burnline.yaml about alerts that started, went unanswered, worsened or resolved."""
    from burnline.alerts.escalation import missing_targets, missing_variables
    from burnline.alerts.notify import deliver, preview
    from burnline.dashboard.answers import plain

    workspace = call.workspace()
    settings = workspace.spec.notifications
    if not settings.targets:
        raise BurnlineError(
            f"{workspace.spec.path}/burnline.yaml: there is nobody to notify; add notifications: "
            '{targets: {risk-sre: "${RISK_SRE_URL}"}} under spec'
        )
    watched = workspace.alerting(model)
    at = watched.fleet.at if workspace.now() is not None else None
    messages = _messages(workspace, watched, model) if at is not None else ()
    sent: tuple[Delivery, ...] = ()
    if dry_run:
        sent = preview(messages)
    elif at is not None:
        sent = deliver(messages, settings, workspace.records_root, at=at, environ=os.environ)
    # A run every few minutes speaks of what matters now, a dry run of the whole set-up.
    burning = {group.model for group in watched.groups if group.resolved_at is None}
    asked = [m for m in workspace.models if m.name == model or (model is None and (dry_run or m.name in burning))]
    problems = (*missing_targets(asked, settings), *missing_variables(asked, settings, os.environ))
    call.answer(
        {
            "at": at.isoformat() if at is not None else None,
            "dry_run": dry_run,
            "deliveries": [plain(delivery) for delivery in sent],
            "problems": list(problems),
        },
        lambda: _text(sent, dry_run=dry_run),
    )
    failed = [f"{d.target}: {d.error}; attempt {d.attempt} of {settings.attempts}" for d in sent if d.ok is False]
    for sentence in (*problems, *failed):
        click.echo(f"burnline: {sentence}", err=True)


def _messages(workspace: Workspace, watched: Alerting, model: str | None) -> tuple[Message, ...]:
    """What must be told now, in words; figures are computed only where something is due."""
    from burnline.alerts.escalation import due, reachable
    from burnline.alerts.message import compose
    from burnline.records.entries import utc_now

    settings, at = workspace.spec.notifications, watched.fleet.at
    alerts = {alert.id: alert for alert in watched.alerts}
    able = reachable(settings, os.environ)
    found = due(watched.groups, watched.alerts, workspace.models, watched.records, at, wall=utc_now(), settings=able)
    if not found:
        return ()
    statuses = {status.model: status for status in workspace.status(model).models}
    return tuple(
        compose(
            each,
            [alerts[name] for name in each.group.alerts if name in alerts],
            workspace.model(each.group.model),
            statuses.get(each.group.model),
            zone=workspace.zone(),
            base_url=settings.base_url,
        )
        for each in found
    )


def _text(sent: Sequence[Delivery], *, dry_run: bool) -> str:
    if not sent:
        return "nothing to send"
    parts = []
    for delivery in sent:
        word = "would send" if dry_run else "sent" if delivery.ok else "not sent"
        parts.append(f"{word} to {delivery.target} ({delivery.state}): {delivery.title}")
        if dry_run:
            parts += [f"    {line}" for line in delivery.body.splitlines()]
    return "\n".join(parts)
