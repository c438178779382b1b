"""Replay: the workbook's figures, the life of an alert, and equality with a bucket-by-bucket loop."""

from __future__ import annotations

import math
from datetime import timedelta
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from naive_alerts import naive_replay

from burnline.alerts.conditions import PATIENCE
from burnline.alerts.replay import Episode, History, history
from burnline.alerts.rule_sets import parse_rules
from burnline.budgets.arrivals import Arrivals
from burnline.budgets.burn_rules import Rule, rules

D = Decimal
MONTH = timedelta(days=30)
DAY, HOUR = 288, 12
STANDARD = rules(MONTH)
FAST, SLOW, TICKET = STANDARD
FIRST = 5_000_000


def run(valid, bad, objective="0.999", rules=STANDARD, alpha=0.01, phi=1.0, gated=True) -> History:
    arrivals = Arrivals(FIRST, np.asarray(valid, float), np.asarray(bad, float))
    return history(arrivals, objective=D(objective), rules=rules, alpha=alpha, phi=phi, length=MONTH, gated=gated)


def steady(days: float, per_bucket: float = 1000.0) -> tuple[np.ndarray, np.ndarray]:
    n = round(days * DAY)
    return np.full(n, per_bucket), np.zeros(n)


def times(episode: Episode) -> tuple[int, int | None]:
    return episode.fired - FIRST, None if episode.resolved is None else episode.resolved - FIRST


# -- The workbook ------------------------------------------------------------------------------


def test_15_percent_errors_for_10_minutes_page_in_the_second_bucket_and_reset_within_the_short_window():
    # Continuous time: 0.001 x 14.4 / 0.15 x 1 h = 5.76 min. One bucket is 5 minutes: burn over 1 h is
    # 150 / 12 = 12.5 after the first bad bucket, 25 after the second. The 5-minute window is clean one
    # bucket after the errors end, and 30 minutes later the page is resolved.
    valid, bad = steady(4)
    bad[2 * DAY : 2 * DAY + 2] = 150
    (page,) = run(valid, bad, rules=[FAST]).episodes
    assert times(page) == (2 * DAY + 1, 2 * DAY + 1 + 6)
    assert page.burn_long == pytest.approx(25)
    assert page.burn_short == pytest.approx(150)
    # Bad since the onset over the budget of a month: 300 / (0.001 x 1000 x 8640); 25 x 1 h / 720 h.
    assert page.budget_spent == pytest.approx(25 / 720)


def test_36x_never_exceeds_36x():
    # 5 % in 1 h -> burn 36: an outage at 35x is never seen, and exhausts the budget in 20.5 h.
    valid, bad = steady(3)
    bad[DAY:] = 35
    only = [Rule("page", "1h", "5m", D("0.05"), 36.0)]
    assert run(valid, bad, rules=only, gated=False).episodes == ()
    bad[DAY:] = 36
    assert run(valid, bad, rules=only, gated=False).episodes == ()
    bad[DAY + 100] = 37
    (page,) = run(valid, bad, rules=only, gated=False).episodes
    assert times(page)[0] == DAY + 100


def test_a_full_outage_cannot_page_at_90_percent_with_14_4():
    valid, bad = steady(2)
    bad[DAY:] = 1000
    assert run(valid, bad, "0.9", rules=[FAST], gated=False).episodes == ()


def test_one_failure_among_ten_requests_an_hour_is_raw_a_page_and_gated_nothing():
    # 10 % of an hour is 100x. One failure in a month is what the budget of 7 allows.
    valid, bad = steady(10, 1.0)
    bad[5 * DAY] = 1
    assert run(valid, bad, gated=False).episodes[0].severity == "page"
    assert run(valid, bad).episodes == ()


def test_the_95_minute_outage_pages_tickets_and_then_is_silent():
    # 100k requests an hour at half the budget; half of all requests fail for 95 minutes.
    rng = np.random.default_rng(7)
    valid = np.full(30 * DAY, 8000.0)
    bad = rng.binomial(8000, 0.0005, len(valid)).astype(float)
    start, outage = 20 * DAY + 126, 19
    bad[start : start + outage] = 4000
    page, ticket = run(valid, bad).episodes
    assert (page.severity, ticket.severity) == ("page", "ticket")
    # In the first bucket: 4000 / 96,000 / 0.001 = 42x over 1 h, and 1.07x over 3 d with the half before.
    assert times(page)[0] == times(ticket)[0] == page.onset - FIRST == start
    # The 30-minute window of 6h/30m stays above 6x while it holds one bucket of the outage (83x), five
    # buckets after it; then 30 minutes.
    assert times(page)[1] == start + outage - 1 + 5 + 6
    assert page.rules == ("1h/5m", "6h/30m")
    # The 6-hour window clears 71 buckets after the outage; then 30 minutes.
    assert times(ticket)[1] == start + outage - 1 + 71 + 6
    # Raw rules go on: for three days the 3-day window is over 1x, and every 6 hours above budget ticket.
    assert all(e.fired - FIRST < start + 3 * DAY for e in run(valid, bad, gated=False).episodes)


# -- The life of an alert ----------------------------------------------------------------------


def test_resolving_the_last_alert_starts_the_evidence_anew():
    valid, bad = steady(10)
    bad[5 * DAY : 5 * DAY + 6] = 500
    past = run(valid, bad)
    end = max(e.resolved - FIRST for e in past.episodes)
    alone = run(valid[end + 1 :], bad[end + 1 :])
    assert past.episodes[0].peak_log_e > 100
    assert past.log_e == pytest.approx(alone.log_e)
    assert past.log_e < 0


def test_an_open_ticket_keeps_the_evidence_for_a_second_page():
    valid, bad = steady(6)
    bad[4 * DAY : 4 * DAY + 6] = 500
    bad[4 * DAY + 24 : 4 * DAY + 26] = 100
    first, ticket, second = run(valid, bad).episodes
    assert (first.severity, ticket.severity, second.severity) == ("page", "ticket", "page")
    assert second.fired < ticket.resolved
    assert second.onset == FIRST + 4 * DAY + 24


def test_an_alert_that_lasts_is_open():
    valid, bad = steady(4)
    bad[4 * DAY - 3 :] = 500
    past = run(valid, bad)
    assert [(e.severity, e.resolved) for e in past.open] == [("page", None), ("ticket", None)]
    assert past.log_e == past.episodes[0].peak_log_e > 100


def test_silence_freezes_an_open_alert_and_data_resolve_it():
    valid, bad = steady(6)
    bad[3 * DAY : 3 * DAY + 3] = 500
    valid[3 * DAY + 3 : 4 * DAY] = 0
    (page,) = run(valid, bad, rules=[FAST]).episodes
    # Data are back with bucket 4 d and clean: the pair stops there, six such buckets resolve.
    assert times(page) == (3 * DAY, 4 * DAY + 5)


def test_silence_of_three_days_resolves_an_alert():
    valid, bad = steady(9)
    bad[3 * DAY : 3 * DAY + 3] = 500
    valid[3 * DAY + 3 :] = 0
    (page,) = run(valid, bad, rules=[FAST]).episodes
    assert times(page) == (3 * DAY, 3 * DAY + 2 + PATIENCE + 6)


def test_nothing_begins_in_silence():
    # Two failures are 16.7x for one bucket. In the silence after it the pair holds and the weights of
    # new starts let the evidence creep over a threshold that it missed.
    valid, bad = steady(3, 10.0)
    bad[DAY] = 2
    valid[DAY + 1 :] = 0
    before, after = run(valid[: DAY + 1], bad[: DAY + 1]).log_e, run(valid, bad).log_e
    assert before < after
    between = math.exp(-(before + after) / 2)
    assert run(valid, bad, rules=[FAST], alpha=between).episodes == ()
    assert len(run(valid, bad, rules=[FAST], alpha=math.exp(-before + 0.01)).episodes) == 1


def test_a_pair_waits_for_the_history_of_its_long_window():
    valid, bad = steady(4)
    bad[:] = 500
    page, ticket = run(valid, bad).episodes
    assert times(page)[0] == HOUR - 1
    assert times(ticket)[0] == 3 * DAY - 1
    assert page.budget_spent == pytest.approx(12 * 500 / (0.001 * 1000 * 8640))


def test_a_taken_back_label_takes_its_alert_with_it():
    # 40 wrong labels of one hour are corrected in the next: the pair stops when the windows cancel.
    valid, bad = steady(2)
    bad[DAY : DAY + 2] = 200
    bad[DAY + 2] = -400
    past = run(valid, bad, rules=[FAST])
    (page,) = past.episodes
    assert times(page) == (DAY, DAY + 1 + 6)
    assert page.peak_burn == pytest.approx(400 / 12)


def test_corrections_alone_are_no_evidence():
    # Good outcomes withdrawn leave negative counts of good ones.
    valid, bad = steady(2)
    valid[DAY] = -900
    assert run(valid, bad).log_e < 0


def test_without_rules_or_without_history_nothing_fires():
    valid, bad = steady(1)
    assert run(valid, bad, rules=()).episodes == ()
    assert run([], []) == History((), -math.inf)


def test_over_dispersion_asks_for_more():
    valid, bad = steady(4)
    bad[3 * DAY : 3 * DAY + 3] = 20
    assert run(valid, bad, rules=[FAST]).episodes == ()
    bad[3 * DAY : 3 * DAY + 12] = 20
    (plain,) = run(valid, bad, rules=[FAST]).episodes
    assert run(valid, bad, rules=[FAST], phi=100.0).episodes == ()
    assert plain.log_e > math.log(100)


# -- A second implementation -------------------------------------------------------------------

SMALL = parse_rules("page 10 30m/5m, page 4 1h/15m, ticket 1.5 4h/30m", MONTH)


@st.composite
def worlds(draw):
    seed = draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    n = draw(st.integers(1, 700))
    traffic = draw(st.sampled_from([0.3, 2.0, 30.0, 500.0]))
    objective = draw(st.sampled_from(["0.999", "0.99", "0.9", "0.3"]))
    p = np.full(n, float(1 - D(objective)) * draw(st.sampled_from([0.5, 0.9, 1.5])))
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, n - 1))
        p[at : at + draw(st.integers(1, 40))] = draw(st.sampled_from([0.02, 0.2, 0.9]))
    valid = rng.poisson(traffic, n).astype(float)
    bad = rng.binomial(valid.astype(int), np.minimum(p, 1)).astype(float)
    if draw(st.booleans()):
        at = draw(st.integers(0, n - 1))
        valid[at : at + 100] = bad[at : at + 100] = 0
    if draw(st.booleans()):
        bad[rng.integers(0, n, 5)] -= 3
        valid[rng.integers(0, n, 5)] -= 3
    if draw(st.booleans()):
        valid, bad = valid * 1.25, bad * 1.25
    return valid, bad, objective


@settings(max_examples=60, deadline=None)
@given(worlds(), st.sampled_from([0.01, 0.3]), st.sampled_from([1.0, 3.0]), st.booleans())
def test_replay_equals_a_loop_over_buckets(world, alpha, phi, gated):
    valid, bad, objective = world
    past = run(valid, bad, objective, SMALL, alpha, phi, gated)
    expected, evidence = naive_replay(valid, bad, D(objective), SMALL, alpha, phi, gated)
    expected.sort(key=lambda e: (e.fired, e.severity))
    assert [(e.severity, e.rule, set(e.rules), *times(e)) for e in past.episodes] == [
        (e.severity, e.rule, e.rules, e.fired, e.resolved) for e in expected
    ]
    assert [e.log_e for e in past.episodes] == pytest.approx([e.log_e for e in expected], rel=1e-9, abs=1e-6)
    assert past.log_e == pytest.approx(evidence, rel=1e-9, abs=1e-6)


@settings(max_examples=30, deadline=None)
@given(worlds(), st.integers(1, 700), st.booleans())
def test_a_prefix_knows_the_same_episodes(world, cut, gated):
    valid, bad, objective = world
    whole = run(valid, bad, objective, SMALL, 0.3, 1.0, gated).episodes
    part = run(valid[:cut], bad[:cut], objective, SMALL, 0.3, 1.0, gated).episodes
    last = FIRST + min(cut, len(valid)) - 1
    known = [e for e in whole if e.fired <= last]
    assert [(e.severity, e.rule, e.fired, e.onset, e.budget_spent, e.log_e) for e in part] == [
        (e.severity, e.rule, e.fired, e.onset, e.budget_spent, e.log_e) for e in known
    ]
    assert [e.resolved for e in part] == [e.resolved if e.resolved and e.resolved <= last else None for e in known]


@settings(max_examples=30, deadline=None)
@given(worlds(), st.sampled_from([0.01, 0.3]))
def test_evidence_only_removes_and_delays(world, alpha):
    # Every gated episode starts inside a raw one of its severity, with the evidence that was asked for.
    valid, bad, objective = world
    raw = run(valid, bad, objective, SMALL, alpha, 1.0, False).episodes
    end = FIRST + len(valid)
    for episode in run(valid, bad, objective, SMALL, alpha).episodes:
        assert episode.log_e >= math.log(1 / alpha)
        assert episode.onset <= episode.fired
        assert any(r.severity == episode.severity and r.fired <= episode.fired <= (r.resolved or end) for r in raw)
