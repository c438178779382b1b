"""The surrogate of a model's failures learns where requests go wrong, whatever the columns hold."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from burnline.rollups.surrogate import LEVELS, Surrogate, learn

RNG = np.random.default_rng


def requests(rows: int, seed: int, share: float = 0.2) -> tuple[pl.DataFrame, np.ndarray]:
    """Requests of which ``share`` are risky (f_risk above 1); these are wrong in 30 of 100 cases, the others in 2."""
    rng = RNG(seed)
    risky = rng.random(rows) < share
    frame = pl.DataFrame(
        {
            "f_risk": np.where(risky, 1 + rng.random(rows), rng.random(rows)),
            "f_noise": rng.standard_normal(rows),
            "f_kind": rng.choice(["a", "b", "c"], rows),
        }
    )
    wrong = rng.random(rows) < np.where(risky, 0.3, 0.02)
    return frame, wrong.astype(np.float64)


def test_a_planted_shift_of_the_inputs_is_recovered() -> None:
    learnt = learn(*requests(8_000, 1), "accuracy").surrogate
    # Truth: 0.5 * 0.3 + 0.5 * 0.02 = 0.16, where the reference had 0.2 * 0.3 + 0.8 * 0.02 = 0.076.
    shifted, _ = requests(8_000, 2, share=0.5)
    assert learnt.expected(shifted).mean() == pytest.approx(0.16, abs=0.012)
    same, _ = requests(8_000, 3)
    assert learnt.expected(same).mean() == pytest.approx(0.076, abs=0.006)


def test_expectations_of_squared_errors_follow_the_inputs() -> None:
    rng = RNG(4)
    wide = rng.random(8_000) < 0.3
    frame = pl.DataFrame({"f_wide": wide, "prediction": rng.random(8_000)})
    squared = (np.where(wide, 3.0, 1.0) * rng.standard_normal(8_000)) ** 2
    learnt = learn(frame, squared, "rmse").surrogate
    ask = pl.DataFrame({"f_wide": [True, False], "prediction": [0.5, 0.5]})
    # Mean squares 9 and 1; the largest thousandth of the errors is cut.
    assert learnt.expected(ask) == pytest.approx([9.0, 1.0], rel=0.15)


def test_rows_of_the_reference_are_judged_out_of_fold_and_add_up_to_what_was_realised() -> None:
    frame, wrong = requests(4_000, 5)
    noise = pl.DataFrame({f"f_{i}": RNG(i).standard_normal(4_000) for i in range(20)})
    found = learn(pl.concat([frame, noise], how="horizontal"), wrong, "accuracy")
    assert found.out_of_fold.mean() == pytest.approx(wrong.mean(), rel=0.01)
    # In the sample the trees look better than they are: they give the wrong rows more than the out-of-fold ones do.
    inside = found.surrogate.expected(pl.concat([frame, noise], how="horizontal"))
    assert inside[wrong == 1].mean() > 1.1 * found.out_of_fold[wrong == 1].mean()


def test_the_same_rows_give_the_same_surrogate() -> None:
    frame, wrong = requests(2_000, 6)
    assert learn(frame, wrong, "accuracy").surrogate == learn(frame, wrong, "accuracy").surrogate


def test_a_surrogate_survives_being_written_down() -> None:
    frame, wrong = requests(2_000, 7)
    learnt = learn(frame, wrong, "accuracy").surrogate
    read = Surrogate.model_validate_json(learnt.model_dump_json())
    assert np.array_equal(read.expected(frame), learnt.expected(frame))


@pytest.mark.parametrize("bad", [0, 29])
def test_few_wrong_answers_teach_a_flat_rate(bad: int) -> None:
    frame, _ = requests(1_000, 8)
    found = learn(frame, (np.arange(1_000) < bad).astype(np.float64), "accuracy")
    assert found.surrogate.trees is None
    # (bad + 1/2) / (n + 1)
    assert found.surrogate.expected(frame)[0] == pytest.approx((bad + 0.5) / 1_001)
    assert found.out_of_fold.tolist() == [found.surrogate.base] * 1_000


def test_errors_that_are_all_alike_teach_a_flat_mean() -> None:
    frame, _ = requests(500, 9)
    assert learn(frame, np.zeros(500), "rmse").surrogate.expected(frame).tolist() == [0.0] * 500


def test_the_level_is_that_of_the_whole_reference_where_it_is_known() -> None:
    frame, wrong = requests(4_000, 10)
    learnt = learn(frame, wrong, "accuracy", population=(0.05, 200_000.0)).surrogate
    assert learnt.expected(frame).mean() == pytest.approx(0.05, rel=0.1)
    # Binomial: sqrt(0.05 * 0.95 / 200000) / 0.05
    assert learnt.relative_error == pytest.approx(0.00975, rel=1e-3)


def test_weights_count_as_that_many_rows() -> None:
    frame, wrong = requests(4_000, 11)
    weights = np.where(wrong == 1, 4.0, 1.0)
    learnt = learn(frame, wrong, "accuracy", weights=weights).surrogate
    assert learnt.base == pytest.approx(np.average(wrong, weights=weights), abs=1e-3)


def test_no_expectation_is_below_a_fiftieth_of_the_mean_or_above_one() -> None:
    frame, wrong = requests(8_000, 12, share=0.02)
    learnt = learn(frame, np.where(frame["f_risk"].to_numpy() > 1, 1.0, 0.0), "accuracy").surrogate
    expected = learnt.expected(frame)
    assert expected.min() >= 0.02 * learnt.base - 1e-15
    assert expected.max() <= 1.0
    del wrong


def test_columns_of_every_kind_are_taken() -> None:
    frame, wrong = requests(1_000, 13)
    rng = RNG(14)
    odd = frame.with_columns(
        f_constant=pl.lit(1.0),
        f_null=pl.lit(None, pl.Float64),
        f_text_null=pl.lit(None, pl.String),
        f_one=pl.lit("only"),
        f_bool=pl.Series(rng.random(1_000) < 0.5),
        f_infinite=pl.Series(np.where(rng.random(1_000) < 0.5, np.inf, np.nan)),
        f_many=pl.Series([f"v{i}" for i in range(1_000)]),
        f_whole=pl.Series(rng.integers(0, 5, 1_000)),
    )
    learnt = learn(odd, wrong, "accuracy").surrogate
    assert "f_constant" not in learnt.numbers
    assert "f_one" not in learnt.categories
    assert len(learnt.categories["f_many"]) == LEVELS
    assert np.isfinite(learnt.expected(odd)).all()


def test_columns_that_vanish_or_change_their_type_count_as_missing() -> None:
    frame, wrong = requests(2_000, 15)
    learnt = learn(frame, wrong, "accuracy").surrogate
    missing = learnt.expected(frame.select("f_noise"))
    as_null = learnt.expected(frame.with_columns(f_risk=pl.lit(None, pl.Float64), f_kind=pl.lit(None, pl.String)))
    assert np.array_equal(missing, as_null)
    swapped = frame.with_columns(f_risk=pl.lit("broken"), f_kind=pl.lit(7))
    assert np.array_equal(learnt.expected(swapped), as_null)
    unseen = frame.with_columns(f_kind=pl.lit("d"), f_new=pl.lit(1.0))
    assert np.array_equal(learnt.expected(unseen), learnt.expected(frame.with_columns(f_kind=pl.lit(None, pl.String))))


def test_nothing_to_learn_from_is_said() -> None:
    with pytest.raises(ValueError, match="no labelled rows"):
        learn(pl.DataFrame({"f_x": []}, schema={"f_x": pl.Float64}), np.empty(0), "accuracy")
