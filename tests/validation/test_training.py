from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from burnline.results.validation import Check, StageReport
from burnline.validation.training import training_checks

START = datetime(2026, 11, 1, tzinfo=UTC)
N = 200
X = np.arange(1, N + 1) / N
FALL = 0.2 + 0.8 * np.exp(-8 * X)
NOISE = np.random.default_rng(5).standard_normal((4, N))


def log(run: str = "a", start: datetime = START, step: np.ndarray | None = None, **columns: np.ndarray) -> pl.DataFrame:
    """A training log, a row a minute; a healthy loss and validation loss unless given."""
    columns = {"loss": FALL * (1 + 0.01 * NOISE[0]), "val_loss": 1.1 * FALL * (1 + 0.005 * NOISE[1])} | columns
    n = len(columns["loss"])
    return pl.DataFrame(
        {
            "timestamp": [start + timedelta(minutes=i) for i in range(n)],
            "run": [run] * n,
            "step": np.arange(1, n + 1) if step is None else step,
            **{name: values for name, values in columns.items() if len(values)},
        }
    ).cast({"timestamp": pl.Datetime("us", "UTC")})


def gradients(factor: np.ndarray | float = 1.0) -> np.ndarray:
    return (0.5 + FALL) * np.exp(0.2 * NOISE[2]) * factor


def failed(report: StageReport) -> dict[str, Check]:
    return {c.check: c for c in report.checks if not c.passed}


def test_a_healthy_run_passes_every_check_and_each_is_told() -> None:
    report = training_checks(log(gradient_norm=gradients(), learning_rate=np.cos(np.pi * X / 2) ** 2), "m")
    assert failed(report) == {}
    assert report.passed
    assert report.rows == N
    assert [c.check for c in report.checks] == [
        *("steps", "columns", "cut_off", "not_finite", "not_finite", "not_finite", "not_finite", "learning_rate"),
        *("diverging_loss", "not_improving", "oscillation", "overfitting", "still_falling"),
        *("exploding_gradients", "vanishing_gradients"),
    ]
    assert all(c.sentence.startswith("Run a: ") for c in report.checks)


def test_no_run_is_no_check_and_says_where_to_name_them() -> None:
    report = training_checks(log().head(0), "fraud")
    assert (report.rows, report.checks) == (0, ())
    assert report.reason == "no training run of fraud is logged; name the files in spec.training of the workspace"


@pytest.mark.parametrize(
    ("value", "word"), [(np.nan, "not a number (NaN)"), (np.inf, "infinite"), (-np.inf, "infinite")]
)
def test_the_first_step_that_is_no_number_is_named(value: float, word: str) -> None:
    loss = FALL.copy()
    loss[150:] = value
    found = failed(training_checks(log(loss=loss), "m"))
    assert set(found) == {"not_finite"}
    check = found["not_finite"]
    assert (check.column, check.failed_rows, check.rows, check.severity) == ("loss", 50, N, "error")
    # Step 151 is the row of minute 150.
    assert check.first_failed == check.detected_at == START + timedelta(minutes=150)
    assert f"loss is {word} from step 151 and to the end" in check.sentence


def test_a_single_nan_is_counted_as_one() -> None:
    loss = FALL.copy()
    loss[20] = np.nan
    check = failed(training_checks(log(loss=loss), "m"))["not_finite"]
    assert check.failed_rows == 1
    assert "from step 21 and in 1 rows in all" in check.sentence


def test_a_column_that_is_nan_between_its_values_is_logged_rarely_and_not_broken() -> None:
    rare = np.where(np.arange(N) % 5 == 4, 1.1 * FALL, np.nan)
    report = training_checks(log(val_loss=rare), "m")
    assert failed(report) == {}
    told = next(c for c in report.checks if c.check == "not_finite" and c.column == "val_loss")
    assert told.sentence == "Run a: val_loss is logged at 40 of 200 steps (NaN elsewhere)."


def test_nan_that_begins_half_way_is_not_taken_for_rare_logging() -> None:
    broken = np.where(np.arange(N) < 90, 1.1 * FALL, np.nan)
    assert failed(training_checks(log(val_loss=broken), "m"))["not_finite"].failed_rows == 110


def test_exploding_gradients_are_found_where_they_begin() -> None:
    growth = np.exp(np.maximum(np.arange(N) - 120, 0) * 0.1)
    check = failed(training_checks(log(gradient_norm=gradients(growth)), "m"))["exploding_gradients"]
    # Ten times the usual (a little less than 1 at the end) is reached about ln(10) / 0.1 = 23 steps after step 121.
    assert check.first_failed is not None
    assert timedelta(minutes=135) < check.first_failed - START < timedelta(minutes=155)
    assert check.detected_at is not None
    assert timedelta(0) <= check.detected_at - check.first_failed <= timedelta(minutes=4)
    assert check.severity == "error"
    assert "start again from a checkpoint before step" in check.sentence


def test_a_few_spikes_are_a_warning_with_a_value_to_clip_at() -> None:
    norms = gradients()
    norms[[60, 140]] *= 40
    report = training_checks(log(gradient_norm=norms), "m")
    assert set(failed(report)) == {"gradient_spikes"}
    assert report.passed
    check = failed(report)["gradient_spikes"]
    assert (check.failed_rows, check.severity) == (2, "warning")
    assert check.first_failed == START + timedelta(minutes=60)
    assert "spikes in 2 of 200 steps" in check.sentence


def test_gradients_that_grow_until_they_are_no_number_explode() -> None:
    norms = gradients()
    norms[150:] = np.nan
    norms[147:150] *= [30, 300, 3000]
    check = failed(training_checks(log(gradient_norm=norms), "m"))["exploding_gradients"]
    assert check.first_failed == START + timedelta(minutes=147)
    assert "then it is no number" in check.sentence


def test_vanishing_gradients_matter_while_the_loss_is_where_it_began() -> None:
    small = gradients() * np.exp(-12 * X)
    stuck = 1.0 - 0.03 * (1 - np.exp(-12 * X)) + 0.002 * NOISE[0]
    assert "vanishing_gradients" in failed(training_checks(log(loss=stuck, val_loss=stuck, gradient_norm=small), "m"))
    assert "vanishing_gradients" not in failed(training_checks(log(gradient_norm=small), "m"))


def test_a_loss_far_above_an_earlier_run_counts_as_far() -> None:
    before = log("old", START - timedelta(days=2), loss=FALL * 0.5)
    small = gradients() * np.exp(-12 * X)
    half = 0.75 + 0.25 * np.exp(-12 * X)
    alone = failed(training_checks(log(loss=half, val_loss=half, gradient_norm=small), "m"))
    beside = failed(
        training_checks(pl.concat([before, log(loss=half, val_loss=half, gradient_norm=small)], how="diagonal"), "m")
    )
    assert "vanishing_gradients" not in alone
    assert beside["vanishing_gradients"].severity == "error"
    assert "that of run old ended at" in beside["worse_than_before"].sentence


def test_a_layer_that_gets_no_gradient_is_named() -> None:
    layers = {f"grad_norm_{i}": gradients(0.5 + i) for i in range(4)}
    report = training_checks(log(**layers, grad_norm_4=gradients(1e-7)), "m")
    check = failed(report)["vanishing_gradients"]
    assert (check.column, check.severity) == ("grad_norm_4", "error")
    frozen = failed(training_checks(log(**layers, grad_norm_4=np.zeros(N)), "m"))["vanishing_gradients"]
    assert frozen.severity == "warning"
    assert "frozen" in frozen.sentence


def test_overfitting_names_the_best_checkpoint() -> None:
    rise = 1 + 0.4 * np.maximum(X - 0.5, 0)
    check = failed(training_checks(log(val_loss=1.1 * FALL * rise), "m"))["overfitting"]
    values = 1.1 * FALL * rise
    best = int(np.argmin(values)) + 1
    assert f"Use the checkpoint of step {best}" in check.sentence
    assert check.first_failed == START + timedelta(minutes=best - 1)
    assert check.failed_rows == N - best
    assert check.detected_at is not None
    assert check.first_failed < check.detected_at < START + timedelta(minutes=N)
    assert check.severity == "error"


def test_a_validation_loss_that_rises_with_the_training_loss_is_divergence_not_overfitting() -> None:
    up = FALL + np.maximum(X - 0.5, 0)
    found = failed(training_checks(log(loss=up, val_loss=1.1 * up), "m"))
    assert set(found) == {"diverging_loss"}
    assert "climbs back to" in found["diverging_loss"].sentence


def test_a_bump_that_comes_back_is_no_overfitting() -> None:
    bump = 1 + 0.3 * np.exp(-(((X - 0.5) / 0.08) ** 2)) - 0.05 * (X > 0.6)
    assert failed(training_checks(log(val_loss=1.1 * FALL * bump), "m")) == {}


def test_a_flat_loss_never_improved() -> None:
    flat = 0.69 + 0.01 * NOISE[0]
    found = failed(training_checks(log(loss=flat, val_loss=0.7 + 0.01 * NOISE[1]), "m"))
    assert set(found) == {"not_improving"}
    assert "no improvement beyond noise" in found["not_improving"].sentence
    constant = failed(training_checks(log(loss=np.full(N, 0.69), val_loss=np.full(N, 0.7)), "m"))
    assert set(constant) == {"not_improving"}


def test_a_straight_line_has_not_converged_and_the_rate_is_told() -> None:
    line = 2.0 - X
    check = failed(training_checks(log(loss=line, val_loss=line), "m"))["still_falling"]
    # Blocks of four: the first level is 2 - 2.5/200 = 1.9875, the median of the last five 2 - 190.5/200 = 1.0475.
    # The last fifth falls by 0.2: 0.2 / 0.94 = 21 %, and 10 of its 40 steps by 0.05 / 1.0475 = 4.8 %.
    assert "21 % of its whole fall lie in the last fifth" in check.sentence
    assert "by 4.8 % per 10 steps" in check.sentence
    assert check.first_failed == START + timedelta(minutes=160)


def test_a_schedule_that_was_brought_down_was_meant_to_end() -> None:
    line = 2.0 - X
    rate = np.linspace(1, 0.01, N)
    assert failed(training_checks(log(loss=line, val_loss=line, learning_rate=rate), "m")) == {}


def test_a_loss_that_swings_is_a_warning_unless_the_learning_rate_swings_too() -> None:
    swing = FALL * (1 + 0.3 * np.sin(2 * np.pi * np.arange(N) / 8))
    check = failed(training_checks(log(loss=swing), "m"))["oscillation"]
    assert check.severity == "warning"
    assert "every 8" in check.sentence
    rate = 0.01 * (1.1 + np.sin(2 * np.pi * np.arange(N) / 8))
    assert "oscillation" not in failed(training_checks(log(loss=swing, learning_rate=rate), "m"))


@pytest.mark.parametrize(("share", "severity"), [(0.4, "error"), (0.1, "warning"), (0.01, None)])
def test_steps_with_a_learning_rate_of_0_learn_nothing(share: float, severity: str | None) -> None:
    rate = np.where(np.arange(N) >= N * (1 - share), 0.0, 0.01)
    found = failed(training_checks(log(learning_rate=rate), "m"))
    assert (found["learning_rate"].severity if severity else None) == severity
    if severity:
        assert found["learning_rate"].failed_rows == int(N * share)
    else:
        assert "learning_rate" not in found


def test_repeated_steps_gaps_and_a_clock_that_goes_back_are_told_in_one_sentence() -> None:
    step = np.arange(1, N + 1)
    step[100:] += 50
    step[50] = 50
    frame = log(step=step).with_columns(
        timestamp=pl.when(pl.col("step") == 200).then(START).otherwise("timestamp").cast(pl.Datetime("us", "UTC"))
    )
    check = failed(training_checks(frame, "m"))["steps"]
    assert check.severity == "warning"
    assert "1 steps are logged twice, first step 50" in check.sentence
    assert "nothing is logged between step 100 and step 151" in check.sentence
    assert "from step 200 the clock goes back (1 times)" in check.sentence
    assert check.failed_rows == 3


def test_of_a_step_that_is_logged_twice_the_later_row_counts() -> None:
    again = (
        log()
        .tail(50)
        .with_columns(loss=pl.lit(np.nan), timestamp=pl.col("timestamp") - pl.duration(minutes=1, seconds=30))
    )
    found = failed(training_checks(pl.concat([again, log()]).sort("timestamp"), "m"))
    assert "50 steps are logged twice, first step 151" in found["steps"].sentence
    assert "diverging_loss" not in found


def test_missing_columns_say_what_is_not_known() -> None:
    report = training_checks(log(val_loss=np.array([])), "m")
    check = failed(report)["columns"]
    assert (check.column, check.severity) == ("val_loss", "warning")
    assert "val_loss is not logged, so whether it overfits is not known" in check.sentence
    only = training_checks(log().select("timestamp", "run", "step", accuracy=pl.col("loss")), "m")
    assert failed(only)["columns"].column == "loss"
    assert only.passed


def test_too_few_steps_are_told_and_nothing_is_concluded_from_them() -> None:
    report = training_checks(log().head(9), "m")
    assert set(failed(report)) == {"too_few_steps"}
    assert {c.check for c in report.checks} == {"too_few_steps", "steps", "columns", "cut_off", "not_finite"}


def test_a_column_that_is_logged_rarely_in_a_long_run_is_told() -> None:
    rare = np.where(np.arange(N) % 40 == 39, 1.1 * FALL, np.nan)
    report = training_checks(log(val_loss=rare), "m")
    check = failed(report)["too_few_steps"]
    assert (check.column, check.severity) == ("val_loss", "warning")
    assert "val_loss is logged at 5 steps only: too few to judge it by (from 10 on)" in check.sentence
    assert "overfitting" not in {c.check for c in report.checks}


def test_twelve_epochs_are_enough_to_see_overfitting() -> None:
    epochs = np.arange(12)
    loss = 0.1 + 0.9 * np.exp(-0.5 * epochs)
    seen = np.array([1.1, 0.8, 0.6, 0.5, 0.45, 0.47, 0.5, 0.55, 0.6, 0.66, 0.7, 0.76])
    report = training_checks(log(loss=loss, val_loss=seen), "m")
    assert set(failed(report)) == {"overfitting"}
    assert "Use the checkpoint of step 5" in failed(report)["overfitting"].sentence


def test_a_few_noisy_steps_that_seem_to_fall_are_not_called_a_failure() -> None:
    loss = np.array([1.3, 0.7, 1.2, 0.9, 0.5, 1.1, 0.6, 0.4, 1.0, 0.7, 0.6, 0.8])
    report = training_checks(log(loss=loss, val_loss=loss), "m")
    assert failed(report)["not_improving"].severity == "warning"
    assert failed(report)["not_improving"].sentence.endswith("Log more steps.")


def test_a_run_much_shorter_than_those_before_was_cut_off() -> None:
    runs = pl.concat([log("a", START - timedelta(days=2)), log("b", START - timedelta(days=1)), log("c").head(120)])
    check = failed(training_checks(runs, "m"))["cut_off"]
    assert check.severity == "warning"
    assert "it ends at step 120, earlier runs at step 200" in check.sentence


def test_a_run_that_goes_on_is_not_blamed_for_its_end() -> None:
    line = 2.0 - X
    runs = pl.concat([log("a", START - timedelta(days=2)), log("c", loss=line, val_loss=line).head(100)])
    last = START + timedelta(minutes=99)
    running = training_checks(runs, "m", until=last + timedelta(minutes=19))
    ended = training_checks(runs, "m", until=last + timedelta(minutes=21))
    assert failed(running) == {}
    assert any("seems to be running" in c.sentence for c in running.checks)
    assert {"cut_off", "still_falling"} <= set(failed(ended))


def test_failures_of_older_runs_are_history() -> None:
    bad = FALL.copy()
    bad[100:] = np.nan
    runs = pl.concat([log("new"), log("old", START - timedelta(days=1), loss=bad)])
    report = training_checks(runs, "m")
    assert report.passed
    check = failed(report)["not_finite"]
    assert (check.severity, check.sentence[:9]) == ("warning", "Run old: ")
    assert [c.sentence[:9] for c in report.checks if c.passed and "old" in c.sentence[:9]] == []
    assert not training_checks(runs.filter(pl.col("run") == "old"), "m").passed


def test_order_of_rows_does_not_matter() -> None:
    runs = pl.concat(
        [log("new", gradient_norm=gradients()), log("old", START - timedelta(days=1), gradient_norm=gradients())]
    )
    assert training_checks(runs.sample(fraction=1, shuffle=True, seed=3), "m") == training_checks(runs, "m")


def test_rows_that_stand_for_many_are_counted_as_many() -> None:
    frame = log().with_columns(rows=pl.lit(50), counted=pl.lit(value=True))
    odd = frame.head(1).with_columns(
        loss=pl.lit(np.nan), val_loss=pl.lit(None, pl.Float64), rows=pl.lit(7), counted=pl.lit(value=False)
    )
    report = training_checks(pl.concat([odd, frame]), "m")
    assert report.rows == 50 * N
    assert set(failed(report)) == {"not_finite"}
    assert failed(report)["not_finite"].failed_rows == 7


VALUES = st.floats(allow_nan=True, allow_infinity=True) | st.none() | st.sampled_from([0.0, 1.0, -1.0, 1e-300])


@settings(max_examples=80, deadline=None, phases=[Phase.generate])
@given(st.data())
def test_whatever_is_logged_nothing_crashes_and_every_failure_has_a_sentence(data: st.DataObject) -> None:
    n = data.draw(st.sampled_from([1, 2, 3, 19, 20, 40]))
    kind = data.draw(st.sampled_from(["any", "constant", "line"]))
    columns = {}
    for name in ("loss", "val_loss", "gradient_norm", "grad_norm_a", "grad_norm_b", "grad_norm_c", "lr"):
        if kind == "any":
            columns[name] = data.draw(st.lists(VALUES, min_size=n, max_size=n))
        else:
            value = data.draw(VALUES)
            columns[name] = [value if value is None or kind == "constant" else value * i for i in range(n)]
    steps = data.draw(st.lists(st.integers(-5, 50), min_size=n, max_size=n))
    frame = pl.DataFrame(
        {"timestamp": [START + timedelta(seconds=i) for i in range(n)], "run": ["r"] * n, "step": steps},
        schema_overrides={"timestamp": pl.Datetime("us", "UTC")},
    ).with_columns(pl.Series(name, values, dtype=pl.Float64, strict=False) for name, values in columns.items())
    report = training_checks(frame, "m")
    assert report.rows == n
    assert all(c.sentence.startswith("Run r: ") and c.sentence.endswith(".") for c in report.checks)
