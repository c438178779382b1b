"""The spend of a budget: what is accepted, proven, chance, and the rest."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from burnline.budgets.evidence import limits
from burnline.budgets.spend import spend, spend_over_time


@st.composite
def samples(draw, least=0.0):
    valid = draw(st.floats(min_value=least, max_value=1e7))
    return valid, valid * draw(st.floats(min_value=0.0, max_value=1.0))


def parts(found):
    return found.irreducible, found.noise, found.confirmed, found.unexplained


@given(samples(), samples(), st.floats(min_value=1.0, max_value=50.0), st.floats(min_value=0.001, max_value=0.5))
def test_the_four_parts_are_never_negative_and_add_up_to_bad(window, reference, phi, share):
    found = parts(spend(*window, phi, *reference, share))
    assert min(found) >= 0
    assert sum(found) == pytest.approx(window[1], rel=1e-12)


def test_each_part_by_hand():
    # Reference 100 of 5 000: 2 %. Of 10 000 events 200 are irreducible, chance adds 1.96 sqrt(10 000 x 0.02 x 0.98)
    # = 27.44, proven is what the lower limit exceeds the upper limit of Clopper and Pearson by.
    found = spend(10_000, 400, 1.0, 5_000, 100)
    upper = binomtest(100, 5_000).proportion_ci(0.95, method="exact").high
    assert found.irreducible == 200
    assert found.noise == pytest.approx(27.44)
    assert found.confirmed == pytest.approx(10_000 * (float(limits(10_000, 400)[0]) - upper))
    assert found.unexplained == pytest.approx(400 - 200 - found.noise - found.confirmed)
    assert (found.reference_rate, found.reference_events) == (0.02, 5_000)
    assert 60 < found.confirmed < 110


def test_less_than_the_reference_is_all_irreducible():
    assert parts(spend(10_000, 150, 1.0, 5_000, 100)) == (150, 0, 0, 0)


def test_a_little_more_than_the_reference_is_noise():
    assert parts(spend(10_000, 220, 1.0, 5_000, 100)) == (200, 20, 0, 0)


def test_over_dispersion_widens_the_noise_and_takes_from_the_proof():
    calm, bursty = spend(10_000, 400, 1.0, 5_000, 100), spend(10_000, 400, 4.0, 5_000, 100)
    assert bursty.noise == pytest.approx(2 * calm.noise)
    assert bursty.confirmed < calm.confirmed


def test_the_more_events_the_more_of_the_same_excess_is_proven():
    few, many = spend(10_000, 300, 1.0, 1e6, 20_000), spend(1e7, 300_000, 1.0, 1e6, 20_000)
    assert few.confirmed < 50
    # The excess is 100 and 100 000; the reference, known to 2.03 %, and the limit leave little of it open.
    assert many.confirmed > 94_000


def test_without_reference_only_what_is_proven_beyond_the_budget_is_confirmed():
    found = spend(10_000, 300, 1.0, 0, 0, 0.02)
    low = float(limits(10_000, 300)[0])
    assert found.confirmed == pytest.approx(10_000 * (low - 0.02))
    assert (found.irreducible, found.noise, found.reference_rate, found.reference_events) == (0, 0, 0, 0)
    assert found.unexplained == pytest.approx(300 - found.confirmed)
    assert parts(spend(10_000, 100, 1.0, 0, 0, 0.02)) == (0, 0, 0, 100)


def test_a_reference_that_was_always_wrong_accepts_everything():
    assert parts(spend(10, 10, 1.0, 10, 10)) == (10, 0, 0, 0)


def test_over_time_each_moment_is_what_was_known_then():
    rng = np.random.default_rng(30)
    valid = np.arange(0, 72_000, 1000.0)
    bad = np.concatenate([[0], rng.binomial(1000, np.linspace(0.02, 0.06, 71)).cumsum()])
    path = spend_over_time(valid, bad, 1.5, 5_000, 100)
    for i in (0, 1, 10, 71):
        assert [float(p[i]) for p in parts(path)] == list(parts(spend(valid[i], bad[i], 1.5, 5_000, 100)))
    assert np.sum(parts(path), axis=0) == pytest.approx(bad)
    # Nothing is proven in the first hours, more than half of the excess in the end.
    assert path.confirmed[5] == 0
    assert path.confirmed[-1] > (bad[-1] - 0.02 * valid[-1]) / 2
