"""What alerts say, in words: how many fire, where to begin, and whether the alerting is worth having."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from burnline.dashboard import wording
from burnline.dashboard.parts.alert_board import Board
from burnline.dashboard.wording import Mark
from burnline.results import Alert, AlertGroup, Severity, SloStatus

DAYS = 30
WEEK = timedelta(days=7)
SEVERITIES: dict[Severity, Mark] = {
    "page": Mark("Page", ":material/notifications_active:", "red"),
    "ticket": Mark("Ticket", ":material/confirmation_number:", "orange"),
}
MARKS = {
    "useful": Mark("Useful", ":material/thumb_up:", "green"),
    "noise": Mark("Noise", ":material/thumb_down:", "gray"),
}
_NIGHT = (22, 7)
_MILLION = 1e6
_GOOD, _TOLERATED = 0.9, 0.2
_NAMED = 3


@dataclass(frozen=True)
class Firing:
    """What fires of one group: its open alerts, pages first."""

    group: AlertGroup
    alerts: tuple[Alert, ...]

    @property
    def severity(self) -> Severity:
        """The worst that fires now."""
        return self.alerts[0].severity

    @property
    def answered(self) -> bool:
        """Whether somebody works on each of its alerts, or each is silenced."""
        return all(a.acknowledged_by or a.silenced for a in self.alerts)


@dataclass(frozen=True)
class Worth:
    """What the alerts of some last days were worth: how many were on a true burn, and what people said."""

    alerts: int
    on_burn: int
    weeks: float
    useful: int
    noise: int

    @property
    def per_week(self) -> float:
        """Alerts that start in a week."""
        return self.alerts / self.weeks if self.weeks else 0.0

    @property
    def precision(self) -> float | None:
        """The share of alerts on a true burn."""
        return self.on_burn / self.alerts if self.alerts else None

    @property
    def noisy(self) -> float | None:
        """The share marked as noise of those that people marked."""
        return self.noise / (self.useful + self.noise) if self.useful + self.noise else None


def firing(shown: Board) -> list[Firing]:
    """The groups of which something fires: pages first, then what nobody answers, by tier and by what is left."""
    open_: dict[str | None, list[Alert]] = {}
    for alert in shown.alerts:
        if alert.resolved_at is None:
            open_.setdefault(alert.group, []).append(alert)

    def left(alert: Alert) -> float:
        slo = shown.slo(alert)
        return 1.0 if slo is None or slo.budget_remaining is None else slo.budget_remaining

    def urgency(one: Firing) -> tuple[bool, bool, int, float]:
        return one.severity != "page", one.answered, one.alerts[0].tier or 9, min(map(left, one.alerts))

    found = [
        Firing(g, tuple(sorted(open_[g.id], key=lambda a: (a.severity, left(a)))))
        for g in shown.groups
        if g.id in open_
    ]
    return sorted(found, key=urgency)


def worth(shown: Board, days: float) -> Worth:
    """What the alerts that started in the last `days` were worth."""
    mine = [a for a in shown.alerts if a.started_at > shown.at - timedelta(days=days)]
    marks = [a.mark for a in mine]
    return Worth(
        len(mine), sum(a.id in shown.on_burns for a in mine), days / 7, marks.count("useful"), marks.count("noise")
    )


def answer(fires: Sequence[Firing]) -> str:
    """The first words of the page."""
    number = sum(len(one.alerts) for one in fires)
    models = {one.group.model for one in fires}
    if not number:
        return "No alert fires."
    count = "1 alert fires" if number == 1 else f"{number} alerts fire"
    if len(models) == 1:
        return f"{count}, of {next(iter(models))}."
    begin = f"Begin with {fires[0].group.model}." if not fires[0].answered else "Somebody answers each."
    return f"{count} in {len(models)} models. {begin}"


def woke(shown: Board) -> str:
    """What woke people in the last seven days."""
    recent = [a for a in shown.alerts if a.started_at > shown.at - WEEK]
    pages = [a for a in recent if a.severity == "page"]
    tickets = len(recent) - len(pages)
    rest = plural(tickets, "ticket")
    if not pages:
        return f"Nobody was woken in the last 7 days: no page, {rest}."
    models = list(dict.fromkeys(a.model for a in reversed(pages)))
    named = ", ".join(models[:_NAMED]) + (f" and {len(models) - _NAMED} more" if len(models) > _NAMED else "")
    nights = sum(not _NIGHT[1] <= a.started_at.astimezone(shown.zone).hour < _NIGHT[0] for a in pages)
    return f"In the last 7 days **{plural(len(pages), 'page')}** woke people ({nights} at night) for {named}; {rest}."


def judged(found: Worth, days: int) -> str:
    """Whether the alerting is worth having, with an icon and its counts."""
    share = found.precision
    if share is None:
        return f":gray[:material/notifications_off:] No alert in {days} days: nothing burned fast enough with evidence."
    hits = f"{found.on_burn} of {plural(found.alerts, 'alert')} of the last {days} days"
    pace = f"{found.per_week:.1f} start in a week"
    if share < _GOOD:
        return f":orange[:material/warning:] **Noisy**: only {hits} were on a burn that mattered; {pace}{_said(found)}."
    if (found.noisy or 0.0) > _TOLERATED:
        return (
            f":orange[:material/warning:] **Noisy to people**: they marked {found.noise} of "
            f"{found.useful + found.noise} as noise, though {hits} were on a burn that mattered; {pace}."
        )
    return (
        f":green[:material/check_circle:] **Worth having**: {hits} were on a burn that mattered; {pace}{_said(found)}."
    )


def _said(found: Worth) -> str:
    if not found.useful + found.noise:
        return "; nobody has marked one as useful or noise yet"
    return f"; people marked {found.useful} as useful and {found.noise} as noise"


def plural(number: int, word: str) -> str:
    """A number of things: `1 page`, `3 pages`."""
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def chance(e_value: float | None) -> str:
    """How likely the burn is chance."""
    if e_value is None:
        return "without evidence"
    if e_value >= _MILLION:
        return "less than 1 in a million by chance"
    return f"at most 1 in {int(e_value):,} by chance"


def lasted(alert: Alert, at: datetime) -> str:
    """How long an alert lasted, or lasts."""
    return wording.duration((alert.resolved_at or at) - alert.started_at)


def fired(alert: Alert) -> str:
    """Which rule fired, and how fast it burned."""
    return f"burned {wording.times(alert.burn_long)} / {wording.times(alert.burn_short)} over {alert.rule}"


def cost(alert: Alert, slo: SloStatus | None) -> str:
    """What had been spent when it fired, and what is left now."""
    spent = f"{wording.percent(alert.budget_spent, 1)} of the budget spent when it fired"
    return spent if slo is None or slo.budget_remaining is None else f"{spent}, {wording.budget(slo)} now"


def on_burn(alert: Alert, on_burns: frozenset[str]) -> str:
    """What hindsight says."""
    return "on a burn that mattered" if alert.id in on_burns else "on no burn that mattered (below 1\u00a0%)"
