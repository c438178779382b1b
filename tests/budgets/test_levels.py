"""The level of errors over time agrees with the Gaussian posterior written out as one big matrix."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from burnline.budgets.levels import PACES, levels


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), length=st.integers(1, 12))
def test_the_filter_agrees_with_the_joint_posterior(seed: int, length: int):
    rng = np.random.default_rng(seed)
    expected = rng.uniform(0, 20, (1, length)) * (rng.random((1, length)) < 0.7)
    seen = rng.poisson(expected * 1.5).astype(np.float64)
    gaps = np.concatenate([[0.0], rng.uniform(0.04, 1, length - 1)])
    doubt = np.array([0.25])
    found = levels(seen, expected, gaps, begun=np.zeros(1, dtype=np.int64), scatter=np.array([1.3]), doubt=doubt)
    slope = rng.uniform(0, 5, length)
    variances = found.variance(np.broadcast_to(slope, found.mean.shape))
    scale = (seen.sum() + 1) / (expected.sum() + 1)
    raised = np.maximum(found.best[0] / scale, 1.0)
    times = np.cumsum(gaps)
    known = expected[0] > 1e-9
    for k, pace in enumerate(PACES):
        # Prior: mean 1, covariance doubt + (pace scale)^2 min(t, t').
        prior = doubt[0] + (pace * scale) ** 2 * np.minimum(times[:, None], times)
        if known.any():
            noise = np.diag(1.3 * scale / expected[0, known])
            gain = prior[:, known] @ np.linalg.inv(prior[np.ix_(known, known)] + noise)
            mean = 1 + gain @ (seen[0, known] / expected[0, known] - 1)
            wider = noise * raised[known]
            covariance = prior - prior[:, known] @ np.linalg.inv(prior[np.ix_(known, known)] + wider) @ prior[known]
        else:
            mean, covariance = np.ones(length), prior
        assert found.mean[k, 0] == pytest.approx(np.maximum(mean, 1e-9), abs=1e-6)
        assert variances[k, 0] == pytest.approx(slope @ covariance @ slope, rel=1e-6)


def test_the_pace_that_predicts_best_is_believed():
    days = 40
    expected = np.full((2, days), 400.0)
    steady = np.full(days, 400.0)
    moving = 400.0 * np.where(np.arange(days) % 2, 1.5, 0.7)
    begun = np.zeros(2, dtype=np.int64)
    found = levels(
        np.array([steady, moving]), expected, np.ones(days), begun=begun, scatter=np.ones(2), doubt=np.ones(2)
    )
    assert found.weight[:2, 0].sum() > 0.9
    assert found.weight[3, 1] > 0.9
