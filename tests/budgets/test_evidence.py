"""Evidence: the mixture martingale against a second implementation event by event, its duality and its honesty."""

from __future__ import annotations

import math
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from burnline.budgets.evidence import LAMBDAS, events_to_decide, evidence, evidences, limits, log_evidence

D = Decimal

shares = st.floats(min_value=1e-5, max_value=0.9)
phis = st.floats(min_value=1.0, max_value=100.0)


@st.composite
def counts(draw):
    valid = draw(st.floats(min_value=0.5, max_value=1e7))
    return valid, valid * draw(st.floats(min_value=0.0, max_value=1.0))


def event_by_event(badness, share, phi):
    """The mean over lambda of the product over events, in plain floats."""
    capitals = []
    for rate in LAMBDAS:
        capital = 1.0
        for x in badness:
            capital *= (math.exp(rate * x) / (1 + share * (math.exp(rate) - 1))) ** (1 / phi)
        capitals.append(capital)
    return sum(capitals) / len(capitals)


def by_bisection(valid, bad, phi, sign):
    """Where the evidence crosses 40, found without derivatives on logarithms of 24 terms."""

    def proven(share):
        terms = [(sign * r * bad - valid * math.log1p(share * math.expm1(sign * r))) / phi for r in map(float, LAMBDAS)]
        return math.log(math.fsum(math.exp(t - max(terms)) for t in terms)) + max(terms) - math.log(24) >= math.log(40)

    low, high = 0.0, 1.0
    if not proven(low if sign > 0 else high):
        return low if sign > 0 else high
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if proven(middle) == (sign > 0) else (low, middle)
    return low


def test_one_bad_event_at_a_share_of_one_half_by_hand():
    # e^l / (1 + (e^l - 1)/2) = 2 / (1 + e^-l); for a good event 1 / (1 + (e^l - 1)/2) = 2 / (1 + e^l).
    bad = [2 / (1 + math.exp(-rate)) for rate in LAMBDAS]
    good = [2 / (1 + math.exp(rate)) for rate in LAMBDAS]
    assert math.exp(log_evidence(1, 1, 0.5)) == pytest.approx(sum(bad) / 24)
    assert math.exp(log_evidence(2, 1, 0.5)) == pytest.approx(sum(b * g for b, g in zip(bad, good, strict=True)) / 24)


def test_nothing_seen_is_no_evidence():
    assert log_evidence(0, 0, 0.01) == pytest.approx(0.0)
    assert [float(x) for x in limits(0, 0)] == [0.0, 1.0]
    assert evidence(D("0.99"), 0, 0) is None


@given(st.lists(st.floats(min_value=0.0, max_value=1.0), max_size=30), shares, phis)
def test_the_sums_hold_all_that_the_events_hold(badness, share, phi):
    found = math.exp(log_evidence(len(badness), math.fsum(badness), share, phi))
    assert found == pytest.approx(event_by_event(badness, share, phi), rel=1e-9)


@given(counts(), shares, phis)
def test_more_bad_never_lowers_the_evidence(count, share, phi):
    valid, bad = count
    worse = bad + (valid - bad) / 3
    assert log_evidence(valid, worse, share, phi) >= log_evidence(valid, bad, share, phi)
    before, after = limits(valid, bad, phi), limits(valid, worse, phi)
    assert after[0] >= before[0] * (1 - 1e-9)
    assert after[1] >= before[1] * (1 - 1e-9)


@given(counts(), phis)
def test_limits_are_where_bisection_finds_them_and_hold_the_rate(count, phi):
    valid, bad = count
    low, high = (float(x) for x in limits(valid, bad, phi))
    assert low == pytest.approx(by_bisection(valid, bad, phi, 1), rel=1e-7, abs=1e-12)
    assert high == pytest.approx(by_bisection(valid, bad, phi, -1), rel=1e-7, abs=1e-12)
    assert low <= bad / valid * (1 + 1e-12)
    assert high >= bad / valid * (1 - 1e-12)


@given(counts(), shares, phis)
def test_evidence_of_40_is_the_same_as_a_lower_limit_above_the_share(count, share, phi):
    low, _ = limits(*count, phi)
    if abs(low - share) > 1e-9 * share:
        assert (log_evidence(*count, share, phi) >= math.log(40)) == (low > share)


@given(
    counts(),
    st.decimals(min_value=D("0.1"), max_value=D("0.99999"), places=5),
    phis,
)
def test_verdict_interval_and_e_value_never_contradict(count, objective, phi):
    valid, bad = count
    found = evidence(objective, valid, bad, phi)
    assert found is not None
    low, high = found.interval
    assert 0 <= low <= high <= 1
    assert (found.verdict == "confirmed_breach") == (high < float(objective)) == (found.e_value >= 40 * (1 - 1e-12))
    assert (found.verdict == "confirmed_ok") == (low > float(objective))
    if found.verdict != "undecided":
        assert found.events_to_decide is None
    assert math.isfinite(found.e_value)


@pytest.mark.parametrize("objective", ["0.5", "0.99999"])
def test_all_bad_is_a_breach_and_none_bad_is_met_given_events(objective):
    share = float(1 - D(objective))
    lost = evidence(D(objective), 1e6, 1e6)
    assert lost is not None
    assert (lost.verdict, lost.e_value) == ("confirmed_breach", 1e300)
    kept = evidence(D(objective), 20 / share, 0)
    assert kept is not None
    assert kept.verdict == "confirmed_ok"
    assert kept.interval[1] == 1.0
    few = evidence(D(objective), 2, 0)
    assert few is not None
    assert few.verdict == "undecided"


def test_the_fleet_is_judged_element_by_element():
    objectives, valid, bad, phi = [D("0.99"), D("0.9"), D("0.999")], [1000, 0, 5e5], [30, 0, 400.5], [1, 1, 2.5]
    assert evidences(objectives, valid, bad, phi) == tuple(
        evidence(*each) for each in zip(objectives, valid, bad, phi, strict=True)
    )


@given(counts(), shares, phis)
def test_the_events_to_decide_decide_at_the_present_rate(count, share, phi):
    valid, bad = count
    more = float(events_to_decide(valid, bad, share, phi))
    assert more >= 1
    if not math.isfinite(more):
        assert bad / valid == pytest.approx(share, rel=3e-3, abs=3e-3 * share)
        return

    def decided(events):
        low, high = limits(events, bad / valid * events, phi)
        return bool(low > share or high < share)

    assert decided((valid + more) * 1.001)
    if more > 1:
        assert not decided((valid + more) * 0.999)


def test_events_to_decide_by_counting():
    # None bad at 99 %: the first number of good events at which "at least 1 % is bad" has evidence of 40.
    gains = [1 + 0.01 * (math.exp(-rate) - 1) for rate in LAMBDAS]
    first = next(n for n in range(1000) if sum(gain**-n for gain in gains) / 24 >= 40)
    found = evidence(D("0.99"), 100, 0)
    assert found is not None
    assert found.events_to_decide == pytest.approx(first - 100, abs=1)
    # Twice the over-dispersion, twice the events in all.
    tempered = evidence(D("0.99"), 100, 0, 2.0)
    assert tempered is not None
    assert tempered.events_to_decide == pytest.approx(2 * (found.events_to_decide + 100) - 100)


def test_a_rate_at_the_budget_is_never_decided():
    found = evidence(D("0.99"), 1000, 10)
    assert found is not None
    assert (found.verdict, found.events_to_decide) == ("undecided", None)


def test_over_dispersed_counts_are_worth_that_many_fewer_events():
    assert log_evidence(5000, 100, 0.01, 5.0) == pytest.approx(float(log_evidence(1000, 20, 0.01)))
    for tempered, fewer in zip(limits(5000, 100, 5.0), limits(1000, 20), strict=True):
        assert tempered == pytest.approx(float(fewer))


@pytest.mark.parametrize(
    ("objective", "valid", "bad"), [("0.99", 10, 11), ("0.99", 10, -1), ("1", 10, 1), ("0", 10, 1)]
)
def test_impossible_counts_and_objectives_are_refused(objective, valid, bad):
    with pytest.raises(ValueError, match="between 0 and"):
        evidence(D(objective), valid, bad)


def test_an_interval_looked_at_every_hour_holds_the_truth():
    # 300 runs of 500 looks; the guarantee is 5 %, a peeked binomial interval misses in 30 to 50 %.
    rng = np.random.default_rng(20)
    rates = 0.02 * (1 + 0.5 * np.sin(np.arange(500) / 50))
    truth = rates.cumsum() / np.arange(1, 501)
    bad = rng.binomial(200, rates, (300, 500)).cumsum(axis=1)
    low, high = limits(200.0 * np.arange(1, 501), bad)
    assert ((low > truth) | (high < truth)).any(axis=1).mean() <= 0.05
