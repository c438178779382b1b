"""Groups of alerts, incidents, and the names they keep."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest

from burnline.alerts.counts import Counts
from burnline.alerts.grouping import alert_id, grouped
from burnline.alerts.incidents import incidents
from burnline.budgets.arrivals import Arrivals
from burnline.budgets.windows import begin
from burnline.results import Alert

FIRST = 6_000_000
MONTH = timedelta(days=30)


def fired(slo="latency", *, at, until, model="m", track="infrastructure", severity="page", onset=None, confirmed=True):
    """An alert that fires in the bucket ``at`` after the first and resolves in ``until``."""
    return Alert(
        id=alert_id(model, slo, severity, clock(at + 1)),
        model=model,
        slo=slo,
        track=track,
        severity=severity,
        rule="1h/5m",
        onset=clock(at if onset is None else onset),
        started_at=clock(at + 1),
        resolved_at=None if until is None else clock(until + 1),
        burn_long=20.0,
        burn_short=30.0,
        budget_spent=0.1,
        confirmed=confirmed,
        fleet_discovery=False,
    )


def clock(buckets):
    return begin(FIRST) + buckets * timedelta(minutes=5)


def counts(bad_from=0, bad_to=0, bad=0.0, objective="0.99"):
    valid, wrong = np.full(8640, 100.0), np.zeros(8640)
    wrong[bad_from:bad_to] = bad
    return Counts(Arrivals(FIRST, valid, wrong), Decimal(objective), MONTH)


def test_an_alert_keeps_its_name_in_every_zone():
    at = datetime(2026, 3, 1, 12, tzinfo=UTC)
    name = alert_id("m", "latency", "page", at)
    assert name == alert_id("m", "latency", "page", at.astimezone()) == "c01bec018173"
    others = {
        alert_id("n", "latency", "page", at),
        alert_id("m", "quality", "page", at),
        alert_id("m", "latency", "ticket", at),
        alert_id("m", "latency", "page", at + timedelta(minutes=5)),
    }
    assert len(others | {name}) == 5


def test_alerts_of_a_model_an_hour_apart_are_one_group_over_slos_and_tracks():
    alerts = [
        fired("latency", at=0, until=10),
        fired("accuracy", at=22, until=30, track="model", severity="ticket"),
        fired("latency", at=43, until=50),
        fired("latency", at=5, until=8, model="n"),
    ]
    named, groups = grouped(alerts)
    assert [(g.model, len(g.alerts)) for g in groups] == [("m", 2), ("n", 1), ("m", 1)]
    first, other, later = groups
    assert (first.severity, first.tracks, first.slos) == ("page", ("infrastructure", "model"), ("latency", "accuracy"))
    assert (first.started_at, first.resolved_at) == (clock(1), clock(31))
    assert [a.group for a in named] == [first.id, other.id, first.id, later.id]


def test_a_group_keeps_its_name_when_alerts_join_it():
    alone = grouped([fired(at=0, until=None)])[1]
    joined = grouped([fired(at=0, until=None), fired("accuracy", at=900, until=None, track="model")])[1]
    assert len(joined) == 1
    assert joined[0].id == alone[0].id
    assert joined[0].resolved_at is None
    assert grouped([]) == ((), ())


def test_an_incident_by_hand():
    # 10 of 100 fail from bucket 8600 on, for 20 buckets, at 99 %; a month's budget is 8640.
    alerts = [
        fired("latency", at=8602, until=8625, onset=8600),
        fired("latency", at=8610, until=8630, onset=8600, severity="ticket"),
    ]
    (one,) = incidents(alerts, {("m", "latency"): counts(8600, 8620, 10.0)})
    # Its alerts resolve at 8631; the burn ended with bucket 8619.
    assert (one.started_at, one.detected_at, one.ended_at) == (clock(8600), clock(8603), clock(8620))
    assert one.bad == {"latency": 200.0}
    # The window up to then holds 8620 of 8640 buckets, taken as a month.
    assert one.budget_spent == {"latency": pytest.approx(200 / 8640)}
    assert one.peak_burn == {"latency": pytest.approx(10.0)}
    assert (one.severity, one.state, one.postmortem_required) == ("page", "resolved", False)
    assert one.alerts == tuple(a.id for a in alerts)


def test_more_than_a_fifth_of_a_budget_requires_a_postmortem():
    # 0.2 x 8640 = 1728 = 18 buckets of 96.
    alerts = [fired("latency", at=8000, until=8030)]
    at = incidents(alerts, {("m", "latency"): counts(8000, 8018, 96.0)})[0]
    above = incidents(alerts, {("m", "latency"): counts(8000, 8018, 96.001)})[0]
    assert at.budget_spent["latency"] == pytest.approx(0.2)
    assert above.postmortem_required


def test_the_tracks_of_a_model_have_incidents_of_their_own():
    alerts = [fired("latency", at=8000, until=8030), fired("accuracy", at=8001, until=8030, track="model")]
    found = incidents(alerts, {})
    assert [(i.track, i.slos) for i in found] == [("infrastructure", ("latency",)), ("model", ("accuracy",))]
    assert len({i.id for i in found}) == 2
    assert found[0].budget_spent == {}


def test_an_incident_lasts_while_an_alert_is_open_and_spends_to_the_end_of_the_logs():
    alerts = [
        fired("latency", at=8600, until=8610),
        fired("availability", at=8605, until=None, severity="ticket"),
    ]
    known = {("m", "latency"): counts(8600, 8610, 50.0), ("m", "availability"): counts(8600, 8640, 20.0)}
    (one,) = incidents(alerts, known)
    assert (one.ended_at, one.state) == (None, "open")
    assert one.bad == {"latency": 500.0, "availability": 800.0}
    assert one.id == incidents(alerts[:1], known)[0].id


def test_what_was_never_proven_is_no_incident():
    assert incidents([fired(at=100, until=110, confirmed=False)], {}) == ()
