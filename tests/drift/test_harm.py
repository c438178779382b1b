"""A drift is harmful, harmless or unknown, by labels or by what is expected of values seen before."""

from __future__ import annotations

from functools import cache

import numpy as np
import polars as pl
import pytest

from burnline.drift.harm import Drifted, harms
from burnline.drift.harm_words import Words
from burnline.drift.movement import Exposed
from burnline.rollups.surrogate import Surrogate, learn

N = 16_000
BUDGET = 0.1
WEEK = 7 * 288


def requests(seed: int, *, late: bool = False) -> pl.DataFrame:
    """A week of requests: 4 % wrong, more where f_risk is high; f_idle and f_other do not matter."""
    rng = np.random.default_rng(seed)
    risk = rng.normal(size=N)
    return pl.DataFrame(
        {
            "f_risk": risk,
            "f_idle": rng.normal(size=N),
            "f_other": rng.normal(size=N),
            "f_kind": rng.choice(["a", "b", "c"], N),
            "_t": np.sort(rng.integers(0, WEEK, N)) + 20 * WEEK * late,
            "_p": 1 / (1 + np.exp(3.6 - 0.8 * risk)),
            "_u": rng.random(N),
            "_events": np.ones(N),
        }
    )


def judged(frame: pl.DataFrame, labelled: float = 1.0) -> pl.DataFrame:
    """Draw whether answers are wrong; only a part of the rows is labelled."""
    known = pl.int_range(pl.len()) % 100 < 100 * labelled
    return frame.with_columns(
        _bad=pl.when(known).then((pl.col("_u") < pl.col("_p")).cast(pl.Float64)),
        _expected=pl.lit(None, pl.Float64),
    )


@cache
def baseline() -> pl.DataFrame:
    return judged(requests(1))


@cache
def surrogate() -> Surrogate:
    frame = baseline()
    inputs = [c for c in frame.columns if c.startswith("f_")]
    return learn(frame.select(inputs), frame["_bad"].to_numpy(), "accuracy").surrogate


def verdicts(window: pl.DataFrame, *names: str, features: bool = True) -> dict[str, bool | None]:
    before, model = baseline(), surrogate() if features else None
    if model is not None:
        before, window = (f.with_columns(_expected=pl.Series(model.expected(f))) for f in (before, window))
    found = harms(before, window, [Drifted(n) for n in names], kind="accuracy", budget=BUDGET, surrogate=model)
    return {name: one.harmful for name, one in found.items()}


def broken(frame: pl.DataFrame, share: float = 0.3, p: float = 0.25) -> pl.DataFrame:
    """f_other a thousand times too large in a part of the requests, which then are wrong more often."""
    hit = pl.int_range(pl.len()) % 100 < 100 * share
    return frame.with_columns(
        f_other=pl.when(hit).then(pl.col("f_other").abs() * 1000 + 50).otherwise("f_other"),
        _p=pl.when(hit).then(pl.col("_p") + p).otherwise("_p"),
    )


SHIFTED = pl.col("f_idle") + 0.8


@pytest.mark.parametrize("features", [True, False])
def test_a_guilty_column_is_harmful_and_one_that_moved_with_it_is_not(features: bool) -> None:
    window = judged(broken(requests(2, late=True)).with_columns(f_idle=SHIFTED))
    assert verdicts(window, "f_other", "f_idle", features=features) == {"f_other": True, "f_idle": False}


def test_what_moved_only_when_the_fault_began_is_not_guilty_of_it() -> None:
    # The fault is in half of the requests after noon of the third day; the idle column moves at that very moment.
    frame = requests(3, late=True)
    after = pl.col("_t") % (20 * WEEK) > 2.5 * 288
    fault = broken(frame)
    mixed = frame.with_columns(
        pl.when(after).then(fault[c]).otherwise(frame[c]).alias(c) for c in ("f_other", "_p")
    ).with_columns(f_idle=pl.when(after).then(SHIFTED).otherwise("f_idle"))
    assert verdicts(judged(mixed), "f_idle", "f_other") == {"f_idle": False, "f_other": True}


def test_missing_values_that_are_answered_wrongly_are_harmful() -> None:
    frame = broken(requests(4, late=True))
    window = judged(frame.with_columns(f_other=pl.when(pl.col("f_other") > 20).then(None).otherwise("f_other")))
    assert verdicts(window, "f_other") == {"f_other": True}


def test_a_renamed_category_is_harmless_while_its_answers_stay_right_and_harmful_when_not() -> None:
    frame = requests(5, late=True)
    renamed = frame.with_columns(f_kind=pl.col("f_kind").replace("b", "bee"))
    worse = renamed.with_columns(_p=pl.col("_p") + 0.2 * (pl.col("f_kind") == "bee"))
    assert verdicts(judged(renamed), "f_kind") == {"f_kind": False}
    assert verdicts(judged(worse), "f_kind") == {"f_kind": True}


def test_a_drift_of_all_requests_is_held_against_the_time_before() -> None:
    frame = requests(6, late=True).with_columns(f_other=pl.col("f_other") * 1000 + 5_000)
    assert verdicts(judged(frame), "f_other") == {"f_other": False}
    assert verdicts(judged(frame.with_columns(_p=pl.col("_p") + 0.1)), "f_other") == {"f_other": True}


def test_two_drifts_of_all_requests_at_one_moment_cannot_be_told_apart() -> None:
    frame = requests(7, late=True).with_columns(
        f_other=pl.col("f_other") * 1000 + 5_000, f_idle=pl.col("f_idle") * 1000 + 5_000, _p=pl.col("_p") + 0.1
    )
    window = judged(frame)
    assert verdicts(window, "f_other", "f_idle") == {"f_other": None, "f_idle": None}
    found = harms(baseline(), window, [Drifted("f_other"), Drifted("f_idle")], kind="accuracy", budget=BUDGET)
    assert "cannot be told apart" in found["f_idle"].reason


def test_two_drifts_of_all_requests_that_changed_nothing_are_both_harmless() -> None:
    frame = requests(8, late=True).with_columns(
        f_other=pl.col("f_other") * 1000 + 5_000, f_idle=pl.col("f_idle") * 1000 + 5_000
    )
    assert verdicts(judged(frame), "f_other", "f_idle") == {"f_other": False, "f_idle": False}


def test_badness_that_falls_is_no_harm() -> None:
    window = judged(requests(9, late=True).with_columns(pl.col("f_risk") - 1, _p=pl.col("_p") * 0.4))
    assert verdicts(window, "f_risk") == {"f_risk": False}


def test_without_labels_a_shift_to_harder_requests_is_harmful_and_an_idle_one_is_not() -> None:
    # Both stay within values that were there before.
    frame = requests(10, late=True)
    moved = frame.with_columns(
        f_risk=pl.when(pl.int_range(pl.len()) % 10 < 6).then(pl.col("f_risk").abs().clip(0, 2.5)).otherwise("f_risk"),
        f_idle=(pl.col("f_idle") + 0.3).clip(-2.5, 2.5),
    )
    assert verdicts(judged(moved, 0.0), "f_risk", "f_idle") == {"f_risk": True, "f_idle": False}


def test_without_labels_values_never_seen_before_are_never_harmless() -> None:
    frame = requests(11, late=True)
    cases = {
        "f_other": frame.with_columns(f_other=pl.col("f_other") * 1000),
        "f_idle": frame.with_columns(f_idle=pl.when(pl.int_range(pl.len()) % 5 > 0).then("f_idle")),
        "f_kind": frame.with_columns(f_kind=pl.col("f_kind").replace("b", "bee")),
    }
    for name, window in cases.items():
        assert verdicts(judged(window, 0.0), name) == {name: None}


def test_too_few_requests_or_labels_are_unknown() -> None:
    few = harms(baseline(), judged(requests(12))[:100], [Drifted("f_idle")], kind="accuracy", budget=BUDGET)["f_idle"]
    assert few.harmful is None
    assert "too few" in few.reason
    bare = baseline().with_columns(_bad=pl.lit(None, pl.Float64))
    none = harms(bare, judged(requests(13), 0.0), [Drifted("f_idle")], kind="accuracy", budget=BUDGET)["f_idle"]
    assert (none.harmful, none.badness_moved) == (None, None)


def test_a_column_that_is_not_there_is_named() -> None:
    found = harms(baseline(), judged(requests(14)), [Drifted("f_gone")], kind="accuracy", budget=BUDGET)
    assert found["f_gone"].harmful is None
    assert "no such column" in found["f_gone"].reason


def test_a_consequence_takes_no_blame_off_its_cause() -> None:
    # Confidence falls exactly where the fault is: judged together with the cause it would share its guilt.
    frame = broken(requests(15, late=True))
    window = judged(frame.with_columns(confidence=pl.when(pl.col("f_other") > 20).then(0.5).otherwise(0.9)))
    before = baseline().with_columns(confidence=pl.lit(0.9))
    found = harms(
        before, window, [Drifted("f_other"), Drifted("confidence", outcome=True)], kind="accuracy", budget=BUDGET
    )
    assert found["f_other"].harmful is True


def test_squared_errors_are_judged_as_well_and_one_absurd_error_decides_nothing() -> None:
    rng = np.random.default_rng(16)
    before, after = requests(16), broken(requests(17, late=True)).with_columns(f_idle=SHIFTED)
    squares = [rng.chisquare(1, N) for _ in range(2)]
    hit = (after["f_other"] > 20).to_numpy()
    squares[1][hit] *= 4
    squares[1][0] = 1e12
    before, after = (
        f.with_columns(_bad=pl.Series(s), _expected=pl.lit(None, pl.Float64))
        for f, s in zip((before, after), squares, strict=True)
    )
    found = harms(before, after, [Drifted("f_other"), Drifted("f_idle")], kind="rmse", budget=2.0)
    assert (found["f_other"].harmful, found["f_idle"].harmful) == (True, False)
    # A third of the requests has squared errors of 4 instead of 1.
    assert found["f_other"].badness_moved == pytest.approx(0.3 * 3, abs=0.25)


def test_the_sentence_names_the_values_that_grew_and_how_they_are_answered() -> None:
    words = Words("accuracy", features=True)
    grown = Exposed("missing", before=0.0, now=0.4, bad=0.108, others=0.039)
    said = words.by_labels(True, 0.0369, (0.0337, 0.0401), grown, shared=False)
    assert said == (
        "Harmful: missing (40% of the requests, 0% before): 10.8% wrong, 3.9% elsewhere; "
        "the move adds +3.69 points of wrong answers (+3.37 to +4.01)."
    )
    squares = Words("rmse", features=False)
    large = Exposed("above 41,460", before=0.0, now=0.09, bad=356.0, others=6.86)
    assert squares.by_labels(False, 0.0, (-0.1, 0.2), large, shared=False) == (
        "Harmless: above 41,460 (9% of the requests, 0% before): RMSE 18.87, 2.619 elsewhere; "
        "it adds +0.2 to the mean squared error at most."
    )
