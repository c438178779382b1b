"""Who must be told what: decided from groups, records and two clocks, nothing sent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from burnline.alerts.escalation import back_off, due, missing_targets, missing_variables, reachable
from burnline.records import Records
from burnline.records.entries import Acknowledged, AnyEntry, Notifying, Sent, Silenced, Unacknowledged
from burnline.results import Alert, AlertGroup, Severity
from burnline.spec import Duration, Escalation, Model, Slo
from burnline.spec.windows import Window
from burnline.spec.workspace import Notifications, Target

START = datetime(2026, 10, 5, 12, tzinfo=UTC)
WALL = datetime(2026, 11, 1, tzinfo=UTC)
BEGAN = Notifying(by="t", at=WALL, since=START - timedelta(days=1))
SETTINGS = Notifications(
    targets={
        "sre": Target(variable="SRE"),
        "lead": Target(variable="LEAD"),
        "head": Target(variable="HEAD", severity="page"),
    }
)


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def model(*steps: tuple[float, str], owner: str | None = None) -> Model:
    slo = Slo(
        name="accuracy",
        sli="accuracy",
        track="model",
        objective=Decimal("0.95"),
        window=Window(duration=Duration(count=30, unit="d")),
        budgeting="Occurrences",
    )
    return Model(
        name="m",
        type="classification",
        owner=owner,
        slos=(slo,),
        escalation=tuple(Escalation(after=minutes(after), to=to) for after, to in steps),
    )


LADDER = model((30, "lead"), (0, "sre"), (60, "head"))


def alert(
    name: str = "a", *, severity: Severity = "page", slo: str = "accuracy", resolved: float | None = None
) -> Alert:
    return Alert(
        id=name,
        model="m",
        slo=slo,
        track="model",
        severity=severity,
        rule="14.4x 1h/5m",
        started_at=START,
        resolved_at=None if resolved is None else START + minutes(resolved),
        burn_long=15.0,
        burn_short=16.0,
        budget_spent=0.02,
        confirmed=True,
        fleet_discovery=False,
    )


def group(*alerts: Alert) -> AlertGroup:
    ends = [a.resolved_at for a in alerts]
    return AlertGroup(
        id="g",
        model="m",
        severity="page" if any(a.severity == "page" for a in alerts) else "ticket",
        started_at=START,
        resolved_at=None if None in ends else max(e for e in ends if e),
        tracks=("model",),
        slos=tuple(dict.fromkeys(a.slo for a in alerts)),
        alerts=tuple(a.id for a in alerts),
    )


def sent(
    state: str,
    target: str,
    *,
    ok: bool = True,
    attempt: int = 1,
    severity: Severity = "page",
    at: float = 0,
    as_of: float = 0,
) -> Sent:
    return Sent(
        by="t",
        at=WALL + minutes(at),
        as_of=START + minutes(as_of),
        group="g",
        model="m",
        state=state,
        target=target,
        severity=severity,
        attempt=attempt,
        ok=ok,
        error=None if ok else "no",
    )


def silenced(first: float, last: float, slo: str | None = None) -> Silenced:
    return Silenced(
        by="t",
        id=f"s{first}{slo}",
        model="m",
        slo=slo,
        from_=START + minutes(first),
        until=START + minutes(last),
        reason="x",
    )


def told(
    *alerts: Alert,
    after: float,
    entries: tuple[AnyEntry, ...] = (BEGAN,),
    of: Model = LADDER,
    wall: float = 0,
    settings: Notifications = SETTINGS,
) -> list[tuple[str, str, int]]:
    """State, target and attempt of what is due so many minutes after the start."""
    found = due(
        [group(*alerts)],
        alerts,
        [of],
        Records(entries),
        START + minutes(after),
        wall=WALL + minutes(wall),
        settings=settings,
    )
    return [(d.state, d.target, d.attempt) for d in found]


def test_steps_come_in_the_order_of_their_time() -> None:
    done: tuple[AnyEntry, ...] = (BEGAN,)
    assert told(alert(), after=0, entries=done) == [("opened", "sre", 1)]
    done += (sent("opened", "sre"),)
    assert told(alert(), after=29.9, entries=done) == []
    assert told(alert(), after=30, entries=done) == [("escalated 2", "lead", 1)]
    done += (sent("escalated 2", "lead", as_of=30),)
    assert told(alert(), after=60, entries=done) == [("escalated 3", "head", 1)]
    done += (sent("escalated 3", "head", as_of=60),)
    assert told(alert(), after=600, entries=done) == []
    # All who were told hear that it is over, in the order they were told.
    assert told(alert(resolved=700), after=700, entries=done) == [
        ("resolved", "sre", 1), ("resolved", "lead", 1), ("resolved", "head", 1),
    ]  # fmt: skip


def test_steps_at_one_time_are_one_step_and_a_target_may_come_twice() -> None:
    ladder = model((0, "sre"), (0, "lead"), (30, "sre"))
    assert told(alert(), after=0, of=ladder) == [("opened", "sre", 1), ("opened", "lead", 1)]
    done = (BEGAN, sent("opened", "sre"), sent("opened", "lead"))
    assert told(alert(), after=30, of=ladder, entries=done) == [("escalated 2", "sre", 1)]


def test_a_group_that_is_told_late_leaves_each_step_its_time() -> None:
    done: tuple[AnyEntry, ...] = (BEGAN,)
    assert told(alert(), after=500, entries=done) == [("opened", "sre", 1)]
    # The step of 30 minutes: 30 minutes after the first was told, whether or not it was heard.
    done += (sent("opened", "sre", ok=False, as_of=500),)
    assert told(alert(), after=529.9, entries=done, wall=0) == []
    assert told(alert(), after=530, entries=done, wall=0) == [("escalated 2", "lead", 1)]
    # Late again: the step of 60 minutes is 30 minutes behind that of 30.
    done += (sent("escalated 2", "lead", as_of=550),)
    assert told(alert(), after=579.9, entries=done, wall=0) == []
    assert told(alert(), after=580, entries=done, wall=0) == [("escalated 3", "head", 1)]


def test_a_step_that_cannot_be_told_keeps_nobody_waiting() -> None:
    ladder = model((0, "ops"), (30, "lead"), (60, "head"))
    assert told(alert(), after=29.9, of=ladder) == []
    assert told(alert(), after=30, of=ladder) == [("escalated 2", "lead", 1)]
    assert told(alert(), after=60, of=ladder, entries=(BEGAN, sent("escalated 2", "lead", as_of=30))) == [
        ("escalated 3", "head", 1)
    ]


def test_the_owner_is_told_where_there_is_no_escalation() -> None:
    assert told(alert(), after=0, of=model(owner="lead")) == [("opened", "lead", 1)]
    assert told(alert(), after=0, of=model()) == []


def test_a_target_for_pages_hears_nothing_of_tickets() -> None:
    ladder = model((0, "head"), (0, "sre"))
    assert told(alert(severity="ticket"), after=0, of=ladder) == [("opened", "sre", 1)]
    assert told(alert(severity="page"), after=0, of=ladder) == [("opened", "head", 1), ("opened", "sre", 1)]


def test_acknowledged_groups_do_not_escalate_but_get_their_resolved_message() -> None:
    done = (BEGAN, sent("opened", "sre"), Acknowledged(by="ann", alert="a"))
    assert told(alert(), after=90, entries=done) == []
    assert told(alert(), after=90, entries=(*done, Unacknowledged(by="ann", alert="a"))) == [("escalated 2", "lead", 1)]
    assert told(alert(resolved=90), after=90, entries=done) == [("resolved", "sre", 1)]


def test_a_ticket_that_becomes_a_page_is_told_once_more_even_if_the_ticket_was_acknowledged() -> None:
    worse = (alert("a", severity="ticket"), alert("b", severity="page"))
    done = (BEGAN, sent("opened", "sre", severity="ticket"), Acknowledged(by="ann", alert="a"))
    assert told(alert("a", severity="ticket"), after=20, entries=done) == []
    assert told(*worse, after=20, entries=done) == [("worsened", "sre", 1)]
    assert told(*worse, after=20, entries=(*done, sent("worsened", "sre"))) == []
    # The acknowledged ticket does not answer for the page: it escalates until somebody takes the page.
    assert told(*worse, after=30, entries=(*done, sent("worsened", "sre"))) == [("escalated 2", "lead", 1)]
    taken = (*done, sent("worsened", "sre"), Acknowledged(by="ann", alert="b"))
    assert told(*worse, after=30, entries=taken) == []


def test_silenced_groups_are_told_when_the_silence_ends_and_only_if_they_still_burn() -> None:
    quiet = (BEGAN, silenced(-10, 40))
    assert told(alert(), after=35, entries=quiet) == []
    assert told(alert(), after=40, entries=quiet) == [("opened", "sre", 1)]
    assert told(alert(resolved=30), after=35, entries=quiet) == []
    assert told(alert(resolved=30), after=50, entries=quiet) == []
    assert told(alert(resolved=45), after=50, entries=quiet) == [("resolved", "sre", 1)]
    # Who was told before the silence hears of the end after it.
    before = (BEGAN, sent("opened", "sre"), silenced(5, 40))
    assert told(alert(resolved=30), after=35, entries=before) == []
    assert told(alert(resolved=30), after=41, entries=before) == [("resolved", "sre", 1)]


def test_a_silence_of_one_slo_does_not_cover_the_others_of_the_group() -> None:
    quiet = (BEGAN, silenced(-10, 90, slo="accuracy"))
    both = (alert("a"), alert("b", slo="latency"))
    assert told(*both, after=0, entries=quiet) == [("opened", "sre", 1)]
    assert told(*both, after=0, entries=(*quiet, silenced(-10, 90, slo="latency"))) == []
    # Only the silenced one still fires.
    assert told(alert("a"), alert("b", slo="latency", resolved=10), after=20, entries=quiet) == []


def test_what_was_over_when_notifications_began_is_not_told() -> None:
    late = (Notifying(by="t", since=START + minutes(100)),)
    assert told(alert(resolved=50), after=100, entries=()) == []
    assert told(alert(resolved=50), after=200, entries=late) == []
    assert told(alert(), after=0, entries=()) == [("opened", "sre", 1)]
    # What began and ended between two runs is told once.
    assert told(alert(resolved=150), after=200, entries=late) == [("resolved", "sre", 1)]


def test_a_group_that_burns_again_after_it_was_told_to_be_over() -> None:
    over: tuple[AnyEntry, ...] = (BEGAN, sent("opened", "sre"), sent("resolved", "sre"))
    again = (alert("a", resolved=20), alert("b"))
    assert told(*again, after=25, entries=over) == [("reopened", "sre", 1)]
    over += (sent("reopened", "sre"),)
    assert told(*again, after=25, entries=over) == []
    ended = (alert("a", resolved=20), alert("b", resolved=60))
    assert told(*ended, after=60, entries=over) == [("resolved 2", "sre", 1)]
    over += (sent("resolved 2", "sre"),)
    assert told(*ended, after=70, entries=over) == []
    assert told(*ended, alert("c"), after=29, entries=over) == [("reopened 2", "sre", 1)]
    # Somebody worked on the first alert; nobody does on the one that fires now.
    taken = (*over, Acknowledged(by="x", alert="a"))
    assert told(*ended, alert("c"), after=30, entries=taken) == [("escalated 2", "lead", 1), ("reopened 2", "sre", 1)]


def test_failed_attempts_are_repeated_with_growing_distance_until_they_are_too_many() -> None:
    done: tuple[AnyEntry, ...] = (BEGAN,)
    when = 0.0
    for attempt in range(1, 6):
        assert told(alert(), after=5, entries=done, wall=when) == [("opened", "sre", attempt)]
        done += (sent("opened", "sre", ok=False, attempt=attempt, at=when),)
        wait = back_off(attempt).total_seconds() / 60
        assert wait == 2 ** (attempt - 1)
        assert told(alert(), after=5, entries=done, wall=when + wait - 0.01) == []
        when += wait
    assert told(alert(), after=5, entries=done, wall=when + 1e5) == []
    # The others are told nevertheless, and those who never heard of it do not hear that it is over.
    assert told(alert(), after=30, entries=done, wall=when) == [("escalated 2", "lead", 1)]
    assert told(alert(resolved=40), after=40, entries=(*done, sent("escalated 2", "lead")), wall=when) == [
        ("resolved", "lead", 1)
    ]


@given(
    st.lists(st.tuples(st.integers(0, 120), st.booleans()), min_size=1, max_size=12),
    st.integers(1, 100),
    st.booleans(),
)
def test_no_target_is_told_twice_of_one_state(runs: list[tuple[int, bool]], end: int, ack: bool) -> None:
    entries: list[AnyEntry] = [BEGAN]
    when = 0
    for step, works in runs:
        when += step
        now = alert(resolved=end) if when >= end else alert()
        found = due(
            [group(now)], [now], [LADDER], Records(tuple(entries)), START + minutes(when),
            wall=WALL + minutes(when), settings=SETTINGS,
        )  # fmt: skip
        entries += [sent(d.state, d.target, ok=works, attempt=d.attempt, at=when, as_of=when) for d in found]
        if ack and when > 10:
            entries.append(Acknowledged(by="x", alert="a"))
    heard = [(e.state, e.target) for e in entries if isinstance(e, Sent) and e.ok]
    tried = [(e.state, e.target, e.attempt) for e in entries if isinstance(e, Sent)]
    assert len(heard) == len(set(heard))
    assert len(tried) == len(set(tried))
    assert max((n for _, _, n in tried), default=0) <= SETTINGS.attempts


def test_what_is_missing_is_named_once() -> None:
    nobody, other = model(), model((0, "ops"), (5, "sre"))
    assert missing_targets([other, nobody], SETTINGS) == (
        "there is no notification target 'ops', which m would tell; add it to notifications.targets in burnline.yaml",
        "nobody is told about m: the Model has neither an escalation nor an owner",
    )
    environ = {"SRE": "json://x", "LEAD": " "}
    assert missing_variables([LADDER, other], SETTINGS, environ) == (
        "LEAD is not set, so nothing is sent to lead; set it in the environment of burnline notify",
        "HEAD is not set, so nothing is sent to head; set it in the environment of burnline notify",
    )
    assert missing_variables([other], SETTINGS, environ) == ()
    assert list(reachable(SETTINGS, environ).targets) == ["sre"]


def test_a_target_that_is_not_defined_stops_nobody() -> None:
    assert told(alert(), after=0, of=model((0, "ops"), (0, "sre"))) == [("opened", "sre", 1)]
