"""Who must be told what about which alert group now: a pure decision, nothing is sent here.

A group is told once per state and target: ``opened`` at the first step of the Model's escalation,
``escalated 2`` … at the later ones while nobody has acknowledged it, ``worsened`` when a ticket
has become a page, ``resolved``, and ``reopened`` when another alert joins a group that was told
to be over. A step counts from when the one before was told, so nobody hears that a group went unanswered
before somebody could answer. The records of what was sent decide; a failed attempt is repeated after 1, 2, 4 … minutes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from burnline.records import Records
from burnline.records.entries import Sent
from burnline.results import Alert, AlertGroup
from burnline.spec import Model
from burnline.spec.workspace import Notifications

BACK_OFF = timedelta(minutes=1)

OPENED, ESCALATED, WORSENED, RESOLVED, REOPENED = "opened", "escalated", "worsened", "resolved", "reopened"


@dataclass(frozen=True)
class Step:
    """The targets that are told once a group has gone unanswered for ``after``."""

    after: timedelta
    targets: tuple[str, ...]


@dataclass(frozen=True)
class Due:
    """A target must be told that a group is in a state; ``attempt`` counts from 1.

    ``after`` is how long the group has gone unanswered for an ``escalated`` state. ``told`` says
    whether somebody has heard of the group before.
    """

    group: AlertGroup
    state: str
    target: str
    attempt: int
    after: timedelta | None = None
    told: bool = True


def steps(model: Model) -> tuple[Step, ...]:
    """The escalation of a model by rising time; its owner at once where it defines none."""
    if not model.escalation:
        return (Step(timedelta(0), (model.owner,)),) if model.owner else ()
    moments = sorted({step.after for step in model.escalation})
    return tuple(
        Step(after, tuple(dict.fromkeys(s.to for s in model.escalation if s.after == after))) for after in moments
    )


def due(
    groups: Iterable[AlertGroup],
    alerts: Iterable[Alert],
    models: Iterable[Model],
    records: Records,
    at: datetime,
    *,
    wall: datetime,
    settings: Notifications,
) -> tuple[Due, ...]:
    """What must be told as of ``at`` (log time), oldest group first.

    ``wall`` is the clock of earlier attempts, for the back-off. What was over by the time
    notifications began is not told, nor anything that a silence covers.
    """
    by_id = {alert.id: alert for alert in alerts}
    by_name = {model.name: model for model in models}
    found: list[Due] = []
    for group in sorted(groups, key=lambda g: (g.started_at, g.id)):
        if group.model in by_name:
            members = tuple(by_id[name] for name in group.alerts if name in by_id)
            case = _Case(group, members, steps(by_name[group.model]), records, at, wall, settings)
            found += case.due()
    return tuple(found)


def missing_targets(models: Iterable[Model], settings: Notifications) -> tuple[str, ...]:
    """A sentence for each target that a model names and the workspace does not, and for models without any."""
    asked: dict[str, list[str]] = {}
    silent: list[str] = []
    for model in models:
        names = [name for step in steps(model) for name in step.targets]
        for name in dict.fromkeys(names):
            if name not in settings.targets:
                asked.setdefault(name, []).append(model.name)
        if not names:
            silent.append(model.name)
    found = [
        f"there is no notification target '{name}', which {_few(users)} would tell; "
        "add it to notifications.targets in burnline.yaml"
        for name, users in asked.items()
    ]
    if silent:
        found.append(f"nobody is told about {_few(silent)}: the Model has neither an escalation nor an owner")
    return tuple(found)


@dataclass(frozen=True)
class _Case:
    """One group and all that decides about it."""

    group: AlertGroup
    alerts: tuple[Alert, ...]
    steps: tuple[Step, ...]
    records: Records
    at: datetime
    wall: datetime
    settings: Notifications

    @property
    def sent(self) -> tuple[Sent, ...]:
        return self.records.sent(self.group.id)

    @property
    def told(self) -> tuple[str, ...]:
        """The targets that have heard of the group, in the order they did."""
        return tuple(dict.fromkeys(s.target for s in self.sent if s.ok))

    def due(self) -> Iterator[Due]:
        if self._silenced():
            return
        yield from self._over() if self.group.resolved_at is not None else self._open()

    def _open(self) -> Iterator[Due]:
        reached: set[str] = set()
        last, begin = self._clock()
        for level, step in enumerate(self.steps):
            fresh = level > last
            if (fresh and self.at - begin < step.after) or (level and self._acknowledged()):
                break
            found = [m for t in step.targets for m in self._message(_state(level), t, after=step.after)]
            reached |= {message.target for message in found}
            yield from found
            if fresh and found:
                break
        over = {s.state for s in self.sent if s.ok and s.state.startswith(RESOLVED)}
        for target in self.told:
            if target in reached:
                continue
            if over:
                yield from self._message(_numbered(REOPENED, len(over)), target)
            elif self._worsened(target):
                yield from self._message(WORSENED, target)

    def _clock(self) -> tuple[int, datetime]:
        """The last step that was told (-1: none), and from when the next ones count.

        That is the group's start; later where a step was told later, so that a group that is told
        late (the first run, logs that come once a day, a silence that ended) leaves each step the
        time that the Model gives it.
        """
        levels = {_state(level): level for level in range(len(self.steps))}
        told = [(levels[s.state], s.as_of) for s in self.sent if s.state in levels]
        if not told:
            return -1, self.group.started_at
        last = max(level for level, _ in told)
        return last, min(as_of for level, as_of in told if level == last) - self.steps[last].after

    def _over(self) -> Iterator[Due]:
        if self.told:
            again = {s.state for s in self.sent if s.ok and s.state.startswith(REOPENED)}
            for target in self.told:
                yield from self._message(_numbered(RESOLVED, len(again) + 1), target)
            return
        began = self.records.notifying_since or self.at
        assert self.group.resolved_at is not None
        if self.group.resolved_at > began and self.steps:
            for target in self.steps[0].targets:
                yield from self._message(RESOLVED, target)

    def _message(self, state: str, target: str, *, after: timedelta | None = None) -> Iterator[Due]:
        """The message, unless the target does not want it, has had it, or must wait for the next attempt."""
        wanted = self.settings.targets.get(target)
        if wanted is None or (wanted.severity == "page" and self.group.severity == "ticket"):
            return
        before = [s for s in self.sent if s.state == state and s.target == target]
        if any(s.ok for s in before) or len(before) >= self.settings.attempts:
            return
        if before and self.wall < before[-1].at + back_off(len(before)):
            return
        yield Due(self.group, state, target, len(before) + 1, after, bool(self.told))

    def _worsened(self, target: str) -> bool:
        known = {s.severity for s in self.sent if s.ok and s.target == target}
        return self.group.severity == "page" and known == {"ticket"}

    def _acknowledged(self) -> bool:
        """Whether somebody works on it: on one of its open alerts of its own severity."""
        worst = [a for a in self.alerts if a.severity == self.group.severity]
        firing = [a for a in worst if a.resolved_at is None]
        return any(self.records.acknowledged_by(a.id) for a in firing or worst)

    def _silenced(self) -> bool:
        """Whether a silence covers all that fires; one that was over unheard, now or when it ended."""
        firing = [a for a in self.alerts if a.resolved_at is None] or self.alerts
        moments = [self.at]
        if self.group.resolved_at is not None and not self.told:
            moments.append(self.group.resolved_at)
        return bool(firing) and any(all(self.records.silence(a.model, a.slo, t) for a in firing) for t in moments)


def back_off(attempts: int) -> timedelta:
    """How long to wait after so many failed attempts: one minute, doubled each time."""
    return BACK_OFF * (1 << (attempts - 1))


def _state(level: int) -> str:
    return OPENED if level == 0 else f"{ESCALATED} {level + 1}"


def _numbered(state: str, number: int) -> str:
    return state if number == 1 else f"{state} {number}"


def _few(names: Sequence[str]) -> str:
    shown = ", ".join(names[:3])
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more"


def reachable(settings: Notifications, environ: Mapping[str, str]) -> Notifications:
    """The settings with those targets only whose environment variable is set."""
    known = {name: target for name, target in settings.targets.items() if environ.get(target.variable, "").strip()}
    return settings.model_copy(update={"targets": known})


def missing_variables(models: Iterable[Model], settings: Notifications, environ: Mapping[str, str]) -> tuple[str, ...]:
    """A sentence for each target that a model names and whose environment variable is not set."""
    asked = {name for model in models for step in steps(model) for name in step.targets}
    able = reachable(settings, environ).targets
    return tuple(
        f"{target.variable} is not set, so nothing is sent to {name}; set it in the environment of burnline notify"
        for name, target in settings.targets.items()
        if name in asked and name not in able
    )
