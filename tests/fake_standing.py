"""What is known of the SLOs of the fake workspace beyond their counts, from the same arithmetic as the real one's."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import polars as pl

from burnline.budgets import forecast as ahead
from burnline.budgets.evidence import evidence as evidence_of
from burnline.budgets.spend import spend, spend_over_time
from burnline.results import DelayPoint, Estimate, Evidence, Forecast
from burnline.spec.model import Slo

WEEK, MONTH = 24 * 7, 24 * 30
_HALF_WIDTH = 0.1


def evidence(slo: Slo, valid: np.ndarray, bad: np.ndarray) -> Evidence | None:
    """Evidence over the last thirty days; the first week of all hours is the reference."""
    counts = float(valid[-MONTH:].sum()), float(bad[-MONTH:].sum())
    found = evidence_of(slo.objective, *counts)
    if found is None or slo.track == "infrastructure":
        return found
    accepted = float(valid[:WEEK].sum()), float(bad[:WEEK].sum())
    return found.model_copy(update={"spend": spend(*counts, 1.0, *accepted, float(1 - slo.objective))})


def spend_path(slo: Slo, times: pl.Series, valid: np.ndarray, bad: np.ndarray) -> pl.DataFrame:
    """What the budget of the last thirty days was spent on, hour by hour."""
    share = float(1 - slo.objective)
    n, b = valid[-MONTH:].cumsum(), bad[-MONTH:].cumsum()
    path = spend_over_time(n, b, 1.0, float(valid[:WEEK].sum()), float(bad[:WEEK].sum()), share)
    parts = {
        name: getattr(path, name) / (share * n[-1]) for name in ("irreducible", "noise", "confirmed", "unexplained")
    }
    return pl.DataFrame({"time": times.tail(MONTH), **parts})


def forecast(slo: Slo, at: datetime, valid: np.ndarray, bad: np.ndarray) -> Forecast | None:
    """When the budget is exhausted."""
    return ahead.forecast(_past(valid, bad), [_horizon(valid, bad)], [float(slo.objective)], at=at)[0]


def cone(slo: Slo, at: datetime, valid: np.ndarray, bad: np.ndarray) -> pl.DataFrame:
    """What may be left from now on."""
    rows = ahead.band(_past(valid, bad), _horizon(valid, bad), float(slo.objective))
    times = pl.Series([at + timedelta(days=d) for d in rows["ahead"]], dtype=pl.Datetime("us", "UTC"))
    return rows.select(time=times.dt.convert_time_zone("Europe/Zurich"), low="low", middle="middle", high="high")


def _past(valid: np.ndarray, bad: np.ndarray) -> ahead.Past:
    days = [counts[-42 * 24 :].reshape(1, 42, 24).sum(axis=2) for counts in (valid, bad)]
    return ahead.Past(*days, np.arange(42) % 7, tuple(c[-6:].sum(keepdims=True) for c in (valid, bad)))


def _horizon(valid: np.ndarray, bad: np.ndarray) -> ahead.Horizon:
    return ahead.Horizon("rolling", 30.0, 30.0, float(valid[-MONTH:].sum()), float(bad[-MONTH:].sum()))


def estimate(eligible: np.ndarray, valid: np.ndarray, bad: np.ndarray) -> Estimate | None:
    """The waiting outcomes are bad as often as those of the last labelled week, give or take a tenth."""
    waiting, labelled, counted = (float(c[-MONTH:].sum()) for c in (eligible - valid, valid, bad))
    if not waiting or not labelled:
        return None
    rate = float(bad[-WEEK:].sum() / valid[-WEEK:].sum())
    guesses = [counted + waiting * rate * factor for factor in (1.0, 1 - _HALF_WIDTH, 1 + _HALF_WIDTH)]
    value, high, low = (1 - guess / (labelled + waiting) for guess in guesses)
    ages = (0.0, 6.0, 12.0, 24.0, 36.0, 48.0, 60.0)
    return Estimate(
        value=value,
        interval=(low, high),
        bad=guesses[0],
        bad_interval=(guesses[1], guesses[2]),
        method="nowcast",
        delay_bias=True,
        labelled=labelled,
        waiting=waiting,
        delay_gap=0.1,
        delays=tuple(DelayPoint(hours=h, good=min(1.0, h / 48), bad=max(0.0, min(1.0, h / 48 - 0.1))) for h in ages),
        calibration=value + 0.01,
        backtest_error=0.004,
        expected=value + 0.02,
        realised=1 - counted / labelled,
        gap=1 - counted / labelled - value - 0.02,
        gap_interval=(-0.03, -0.01),
        concept_drift=True,
    )
