"""The words of a notification: plain text that stays plain in mail, chat and HTML."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from urllib.parse import quote, urlencode, urlsplit

from burnline.alerts.escalation import ESCALATED, REOPENED, RESOLVED, WORSENED, Due
from burnline.results import Alert, ModelStatus, Severity, SloStatus
from burnline.spec import Model

# What begins markup, a link or a mention somewhere gives way to a character that looks alike.
_PLAIN = str.maketrans({"<": "‹", ">": "›", "`": "'", "*": "∗", "[": "(", "]": ")", "@": "＠", "~": "∼", "|": "¦"})
_MOST_REASONS = 2


@dataclass(frozen=True)
class Message:
    """What one target is told about one group; with ``Due``'s names for which."""

    group: str
    model: str
    state: str
    target: str
    severity: Severity
    attempt: int
    title: str
    body: str


def plain(text: str) -> str:
    """A name or sentence on one line, without anything that a chat or a mail would take for markup."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split()).translate(_PLAIN)


def compose(
    message: Due,
    alerts: Sequence[Alert],
    model: Model,
    status: ModelStatus | None,
    *,
    zone: tzinfo,
    base_url: str | None = None,
) -> Message:
    """Title and body of what is due.

    ``alerts`` are those of the group, ``status`` is the model's as of now (burn rates, budgets left
    and the gate come from it), ``base_url`` where the dashboard is.
    """
    group = message.group
    own = {slo.slo: slo for slo in status.slos} if status is not None else {}
    lines = [
        f"Model: {plain(model.name)} (tier {model.tier})",
        f"{'Budget' if len(group.tracks) == 1 else 'Budgets'}: {' and '.join(group.tracks)}",
        _when(message, zone),
        *(_slo_line(name, own.get(name), alerts, over=group.resolved_at is not None) for name in group.slos),
    ]
    if status is not None:
        reasons = "; ".join(plain(reason) for reason in status.gate.reasons[:_MOST_REASONS])
        lines.append(f"Gate: {status.gate.decision}{f': {reasons}' if reasons else ''}")
    if model.remediation:
        lines.append(f"Runbook: {_link(model.remediation) or plain(model.remediation)}")
    if base_url:
        lines.append(f"Dashboard: {base_url}/model?{urlencode({'model': model.name}, quote_via=quote)}")
    firing = [alert.id for alert in alerts if alert.resolved_at is None]
    if firing:
        lines.append(f"Somebody works on it? burnline acknowledge {plain(firing[0])}")
    return Message(
        group=group.id,
        model=group.model,
        state=message.state,
        target=message.target,
        severity=group.severity,
        attempt=message.attempt,
        title=_title(message),
        body="\n".join(lines),
    )


def _title(message: Due) -> str:
    group, state = message.group, message.state
    tracks = f"{' and '.join(group.tracks)} {'budget' if len(group.tracks) == 1 else 'budgets'}"
    slos = ", ".join(plain(slo) for slo in group.slos)
    if state.startswith(RESOLVED):
        return f"RESOLVED: {plain(group.model)}, {tracks} ({slos})"
    head = group.severity.upper()
    if state == WORSENED:
        head += ", was a ticket"
    elif state.startswith(REOPENED):
        head += ", again"
    elif state.startswith(ESCALATED) and message.after is not None:
        head += f", unanswered for {span(message.after)}"
    return f"{head}: {plain(group.model)} burns its {tracks} ({slos})"


def _when(message: Due, zone: tzinfo) -> str:
    start, end = message.group.started_at, message.group.resolved_at
    if end is None:
        return f"Since: {_time(start, zone)}"
    late = "" if message.told else "; it was over before anybody could be told"
    return f"From {_time(start, zone)} to {_time(end, zone)} ({span(end - start)}){late}"


def _slo_line(name: str, status: SloStatus | None, alerts: Sequence[Alert], *, over: bool) -> str:
    own = [alert for alert in alerts if alert.slo == name]
    said = []
    rates = {w: status.burn_rates.get(w) for w in ("1h", "6h")} if status is not None and not over else {}
    known = [f"{rate:.1f}× over {window}" for window, rate in rates.items() if rate is not None]
    if known:
        said.append(f"burns {', '.join(known)}")
    if own:
        worst = max(own, key=lambda alert: (alert.severity == "page", alert.burn_long))
        said.append(f"{worst.burn_long:.1f}× when it fired ({plain(worst.rule)})")
        said.append(f"{_percent(worst.budget_spent)} of the budget spent by then")
    if status is not None and status.budget_remaining is not None:
        left = status.budget_remaining
        said.append(f"{_percent(left)} left now" if left >= 0 else f"overspent by {_percent(-left)} now")
    return f"{plain(name)}: {', '.join(said) or 'no figures'}"


def _link(text: str) -> str | None:
    """A web address as it is, None when it could be anything else."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return None
    harmless = text.isprintable() and not set(text) & set(" <>\"'`|\\")
    return text if parts.scheme in ("http", "https") and parts.hostname and harmless else None


def span(length: timedelta) -> str:
    """A length in words: ``35 min``, ``2 h 5 min``, ``3 d 4 h``."""
    minutes = round(length.total_seconds() / 60)
    days, hours, minutes = minutes // 1440, minutes % 1440 // 60, minutes % 60
    parts = [(days, "d"), (hours, "h"), (0 if days else minutes, "min")]
    return " ".join(f"{number} {unit}" for number, unit in parts if number) or "0 min"


def _time(moment: datetime, zone: tzinfo) -> str:
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M %Z}"


def _percent(fraction: float) -> str:
    return f"{fraction * 100:.{0 if abs(fraction) >= 0.1 else 1}f} %"
