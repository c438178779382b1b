"""What is expected without labels is kept with the rollups: bounded, as of a moment, once."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from making import START, make_workspace, model_yaml, write

from burnline.rollups import surrogate
from burnline.rollups.expected import SurrogateInfo, expected, surrogate_info
from burnline.rollups.reads import Snapshot
from burnline.rollups.reference import DAY, labels_known, period
from burnline.rollups.sampled import Share, sample
from burnline.workspace import Workspace

ACCURACY = {"m": model_yaml("m", "accuracy: {objective: 90%}")}
RMSE = {"m": model_yaml("m", "rmse: {threshold: 2, objective: 90%}", type_="regression")}
FIRST = int(START.timestamp()) // 300


def log(day: int, *, risky: float = 0.2, per_day: int = 288, seed: int = 0, labelled: bool = True) -> pl.DataFrame:
    """A day of requests at even distances. Risky ones (f_risk above 1) are wrong in 40 of 100 cases, others in 5;
    labels come an hour later."""
    rng = np.random.default_rng(1_000 * seed + day)
    risk = np.where(rng.random(per_day) < risky, 1.5, 0.5) + 0.4 * rng.random(per_day)
    wrong = rng.random(per_day) < np.where(risk > 1, 0.4, 0.05)
    begin = START + timedelta(days=day)
    times = [begin + timedelta(days=i / per_day) for i in range(per_day)]
    frame = pl.DataFrame(
        {
            "timestamp": times,
            "request_id": [f"{day}-{i}" for i in range(per_day)],
            "model": "m",
            "prediction": "yes",
            "f_risk": risk,
            "f_kind": rng.choice(["a", "b"], per_day),
            "label": np.where(wrong, "no", "yes"),
            "label_timestamp": [t + timedelta(hours=1) for t in times],
        }
    )
    return frame if labelled else frame.drop("label", "label_timestamp")


def files(by_day: Iterable[pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """A log for the first ten days and one for each later day (fewer files are rolled faster)."""
    found = list(by_day)
    early = {"logs/early.parquet": pl.concat(found[:10])}
    return early | {f"logs/{day}.parquet": frame for day, frame in enumerate(found[10:], start=10)}


def days(count: int, per_day: int = 288) -> dict[str, pl.DataFrame]:
    return files(log(day, per_day=per_day) for day in range(count))


@pytest.fixture(scope="module")
def seventeen(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Seventeen days, only to be read."""
    workspace = make_workspace(tmp_path_factory.mktemp("seventeen"), days(17), ACCURACY)
    workspace.ingest()
    return workspace


def rate(snapshot: Snapshot, first_day: int, last_day: int) -> float:
    """Expected share of wrong answers from one day to the end of another."""
    found = expected(snapshot, FIRST + first_day * DAY, FIRST + (last_day + 1) * DAY - 1, model="m")
    return float(found["expected"].sum() / found["n"].sum())


def info(workspace: Workspace, day: float = 1_000) -> SurrogateInfo:
    found = surrogate_info(workspace.snapshot(), "m", FIRST + round(day * DAY) - 1)
    assert found is not None
    return found


def test_a_shift_of_the_requests_is_expected_before_any_label_is_in(tmp_path: Path) -> None:
    later = {f"logs/{day}.parquet": log(day, risky=0.6, labelled=False) for day in range(16, 20)}
    workspace = make_workspace(tmp_path, days(16) | later, ACCURACY)
    workspace.ingest()
    # 0.2 * 0.4 + 0.8 * 0.05 = 0.12 and 0.6 * 0.4 + 0.4 * 0.05 = 0.26
    assert rate(workspace.snapshot(), 0, 15) == pytest.approx(0.12, abs=0.015)
    assert rate(workspace.snapshot(), 16, 19) == pytest.approx(0.26, abs=0.04)


def test_the_reference_is_fourteen_days_and_the_time_labels_take(seventeen: Workspace) -> None:
    found = info(seventeen, 17)
    assert found.reason is None
    assert found.reference == (FIRST, FIRST + 14 * DAY - 1)
    assert found.valid_from == FIRST + 15 * DAY
    assert found.rows == 14 * 288
    assert "f_risk" in found.features
    # Days 14 and 15: those of day 16 have not had the day yet that the labels of the reference had.
    assert found.backtest_days == 2
    assert found.backtest_error == pytest.approx(0.0, abs=0.06)


def test_later_labels_change_nothing_and_earlier_questions_get_no_answer(seventeen: Workspace, tmp_path: Path) -> None:
    short = seventeen
    long = make_workspace(tmp_path, days(17) | {"logs/17.parquet": log(17, risky=1.0)}, ACCURACY)
    long.ingest()
    until = FIRST + 17 * DAY - 1
    assert expected(short.snapshot(), FIRST, until).equals(expected(long.snapshot(), FIRST, until))
    assert expected(short.snapshot(), FIRST, FIRST + 15 * DAY - 1).is_empty()
    assert info(short, 15).reason == "the labels of its reference period were not in yet"


def test_only_hours_that_are_over_and_whole_are_answered(seventeen: Workspace) -> None:
    start = FIRST + 15 * DAY
    found = expected(seventeen.snapshot(), start + 1, start + 40)
    # Of the buckets 1 to 40 the hours 12..23 and 24..35 are whole.
    assert (found["t"] - start).to_list() == [12, 24]
    assert found["n"].to_list() == [12.0, 12.0]


def test_a_second_ingest_costs_nothing_and_a_new_log_is_judged_by_the_same_surrogate(
    seventeen: Workspace, tmp_path: Path
) -> None:
    workspace = make_workspace(tmp_path, days(16), ACCURACY)
    workspace.ingest()
    before = workspace.store.read()
    workspace.ingest()
    assert workspace.store.read() == before
    write(tmp_path / "logs/16.parquet", log(16))
    workspace.ingest()
    after = workspace.store.read()
    assert after.expected.models["m"].object == before.expected.models["m"].object
    assert len(after.expected.models["m"].logs) == len(before.expected.models["m"].logs) + 1
    last = FIRST + 17 * DAY - 1
    grown = expected(workspace.snapshot(), FIRST, last)
    assert grown.equals(expected(seventeen.snapshot(), FIRST, last))


def test_a_log_that_is_written_anew_replaces_what_was_expected_of_it(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path, days(17), ACCURACY)
    workspace.ingest()
    write(tmp_path / "logs/16.parquet", log(16, risky=1.0))
    workspace.ingest()
    assert rate(workspace.snapshot(), 16, 16) > 0.3
    found = expected(workspace.snapshot(), FIRST + 16 * DAY, FIRST + 17 * DAY - 1)
    assert found["n"].sum() == 288


def test_labels_of_files_teach_as_well_as_labels_of_the_log(seventeen: Workspace, tmp_path: Path) -> None:
    logs = days(17)
    apart = {path: frame.drop("label", "label_timestamp") for path, frame in logs.items()}
    labels = {"labels/all.parquet": pl.concat(logs.values()).select("request_id", "label", "label_timestamp")}
    separate = make_workspace(tmp_path, apart | labels, ACCURACY)
    separate.ingest()
    last = FIRST + 17 * DAY - 1
    assert expected(seventeen.snapshot(), FIRST, last).equals(expected(separate.snapshot(), FIRST, last))


def test_squared_errors_are_expected_by_the_hour(tmp_path: Path) -> None:
    def numbers(day: int) -> pl.DataFrame:
        frame = log(day, risky=0.2 if day < 16 else 1.0)
        rng = np.random.default_rng(10_000 + day)
        error = np.where(frame["f_risk"].to_numpy() > 1, 3.0, 1.0) * rng.standard_normal(288)
        return frame.with_columns(prediction=pl.lit(10.0), label=pl.Series(10 + error))

    workspace = make_workspace(tmp_path, files(numbers(day) for day in range(18)), RMSE)
    workspace.ingest()
    snapshot = workspace.snapshot()
    # Mean squares 0.2 * 9 + 0.8 * 1 = 2.6, then 9.
    assert rate(snapshot, 0, 15) == pytest.approx(2.6, rel=0.15)
    assert rate(snapshot, 16, 17) == pytest.approx(9.0, rel=0.15)
    found = expected(snapshot, FIRST, FIRST + 18 * DAY - 1)
    assert found["kind"].unique().to_list() == ["rmse"]
    assert found.height == 18 * 24
    assert info(workspace).backtest_error == pytest.approx(0.0, abs=0.4)


def test_a_sample_stands_for_the_day_and_says_how_well(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path, days(17, per_day=4_000), ACCURACY)
    workspace.ingest()
    parts = workspace.snapshot().ledger.expected.parts.values()
    kept = pl.concat([pl.read_parquet(workspace.store.path(name)) for name in parts])
    judged = kept.group_by(pl.col("t") // DAY).agg(pl.col("sampled").sum(), pl.col("n").sum())
    assert judged["n"].to_list() == [4_000.0] * 17
    assert judged["sampled"].to_numpy() == pytest.approx(np.full(17, 1_000), abs=5)
    found = expected(workspace.snapshot(), FIRST + 16 * DAY, FIRST + 17 * DAY - 1)
    total, sd = found["expected"].sum(), float(np.sqrt((found["sd"] ** 2).sum()))
    # Truth: 480 of 4,000. Of 1,000 judged with standard deviation of e sqrt(0.2 * 0.8) * 0.35 = 0.14:
    # 4,000 * 0.14 / sqrt(1,000) * sqrt(1 - 1/4) = 15.3
    assert sd == pytest.approx(15.3, rel=0.15)
    assert total == pytest.approx(480, abs=60)
    # Chance: 4,000 * (0.2 * 0.4 * 0.6 + 0.8 * 0.05 * 0.95) = 344 = 18.5 squared
    assert float(np.sqrt((found["noise"] ** 2).sum())) == pytest.approx(18.5, rel=0.1)


def test_events_are_weighted_and_failed_requests_left_out(tmp_path: Path) -> None:
    weighted = {
        path: frame.with_columns(weight=pl.lit(10.0), status=pl.when(pl.col("f_kind") == "a").then(503).otherwise(200))
        for path, frame in days(20).items()
    }
    workspace = make_workspace(tmp_path, weighted, ACCURACY)
    workspace.ingest()
    found = expected(workspace.snapshot(), FIRST, FIRST + 20 * DAY - 1)
    good = sum(frame.filter(pl.col("status") == 200).height for frame in weighted.values())
    assert found["n"].sum() == 10.0 * good
    # Rows are taken by number, not by weight: all of the reference that has an answer.
    assert info(workspace).rows == sum(f.filter(pl.col("status") == 200).height for f in list(weighted.values())[:5])


def test_a_young_model_learns_from_what_it_has_and_again_when_the_reference_is_whole(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path, days(5), ACCURACY)
    workspace.ingest()
    # The labels of the fifth day need another one.
    assert info(workspace).reference == (FIRST, FIRST + 3 * DAY - 1)
    assert not workspace.store.read().expected.models["m"].complete
    for day in range(5, 17):
        write(tmp_path / f"logs/{day}.parquet", log(day))
    workspace.ingest()
    assert info(workspace).reference == (FIRST, FIRST + 14 * DAY - 1)
    assert workspace.store.read().expected.models["m"].complete


def test_models_without_features_or_labels_say_why(tmp_path: Path) -> None:
    bare = {path: frame.drop("f_risk", "f_kind") for path, frame in days(16).items()}
    workspace = make_workspace(tmp_path / "bare", bare, ACCURACY)
    workspace.ingest()
    assert info(workspace).reason == "the logs of its reference period have no feature column (f_…)"
    workspace = make_workspace(tmp_path / "unlabelled", files(log(d, labelled=False) for d in range(3)), ACCURACY)
    workspace.ingest()
    assert info(workspace).reason == "fewer than 300 labels are known of its first days"
    assert expected(workspace.snapshot(), FIRST, FIRST + 3 * DAY).is_empty()


def test_a_model_that_cannot_be_judged_stops_no_ingest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("trees do not grow here")

    monkeypatch.setattr(surrogate, "_fit", broken)
    workspace = make_workspace(tmp_path, days(16), ACCURACY)
    assert workspace.ingest().files_quarantined == ()
    assert info(workspace).reason == "trees do not grow here"
    assert workspace.status().models[0].slos[0].value is not None


def test_an_ingest_that_dies_before_its_commit_leaves_nothing_behind(
    seventeen: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    workspace = make_workspace(tmp_path, days(17), ACCURACY)
    with monkeypatch.context() as patch:
        patch.setattr("burnline.rollups.store.ledger.write", dies)
        with pytest.raises(KeyboardInterrupt):
            workspace.ingest()
    last = FIRST + 17 * DAY - 1
    assert expected(workspace.snapshot(), FIRST, last).is_empty()
    workspace.ingest()
    assert expected(workspace.snapshot(), FIRST, last).equals(expected(seventeen.snapshot(), FIRST, last))


def test_columns_that_change_on_the_way_do_not_matter(tmp_path: Path) -> None:
    logs = days(18)
    logs["logs/10.parquet"] = logs["logs/10.parquet"].with_columns(f_kind=pl.lit(None, pl.String))
    logs["logs/11.parquet"] = logs["logs/11.parquet"].with_columns(f_risk=pl.col("f_risk").cast(pl.String))
    logs["logs/15.parquet"] = logs["logs/15.parquet"].drop("f_kind").with_columns(f_late=pl.lit(1))
    logs["logs/16.parquet"] = logs["logs/16.parquet"].with_columns(f_risk=pl.lit(float("inf")))
    logs["logs/17.parquet"] = logs["logs/17.parquet"].with_columns(f_risk=pl.lit([1.0]), f_kind=pl.lit(True))
    workspace = make_workspace(tmp_path, logs, ACCURACY)
    workspace.ingest()
    assert info(workspace).reason is None
    found = expected(workspace.snapshot(), FIRST, FIRST + 18 * DAY - 1)
    assert found["n"].sum() == 18 * 288
    assert found["expected"].is_finite().all()


def test_models_of_one_log_have_a_surrogate_each(tmp_path: Path) -> None:
    logs = {
        path: pl.concat([frame, frame.with_columns(model=pl.lit("n"), request_id="n" + pl.col("request_id"))])
        for path, frame in days(16).items()
    }
    models = ACCURACY | {"n": model_yaml("n", "accuracy: {objective: 90%}")}
    workspace = make_workspace(tmp_path, logs, models)
    workspace.ingest()
    found = expected(workspace.snapshot(), FIRST, FIRST + 16 * DAY - 1)
    m, n = (found.filter(pl.col("model") == name).drop("model", "expected", "sd", "noise") for name in "mn")
    assert m.equals(n)
    workspace = make_workspace(tmp_path, {}, ACCURACY)
    (tmp_path / "models/n.yaml").unlink()
    Workspace.open(tmp_path).ingest()
    assert set(workspace.store.read().expected.models) == {"m"}
    assert expected(workspace.snapshot(), FIRST, FIRST + 16 * DAY - 1)["model"].unique().to_list() == ["m"]


def test_repeated_requests_are_judged_once(seventeen: Workspace, tmp_path: Path) -> None:
    logs = days(17)
    twice = logs | {"logs/10.parquet": pl.concat([logs["logs/10.parquet"], logs["logs/10.parquet"]])}
    repeated = make_workspace(tmp_path, twice, ACCURACY)
    repeated.ingest()
    assert info(repeated).rows == info(seventeen).rows
    assert info(repeated).bad == info(seventeen).bad


@pytest.mark.parametrize(("age", "wait"), [(1, DAY), (5 * DAY, 5 * DAY), (30 * DAY, 14 * DAY)])
def test_the_wait_for_labels_is_their_age_within_a_day_and_a_fortnight(age: int, wait: int) -> None:
    t = np.arange(40 * 24)
    labels = pl.DataFrame({"model": "m", "hour": t, "known": t + age // 12, "n": 100.0, "bad": 5.0})
    found = period(labels, 0, 60 * DAY)
    assert found is not None
    # Half-open hours: an age of a whole number of hours counts as one more.
    expected_end = 14 * DAY if age < 14 * DAY else found.end
    assert found.end == expected_end
    assert found.valid_from - found.end == pytest.approx(wait, abs=12)


def test_no_late_objects_are_no_labels() -> None:
    import duckdb

    with duckdb.connect() as con:
        assert labels_known(con, [], {"m": "accuracy"}).is_empty()


def test_a_smaller_share_takes_a_part_of_what_a_larger_one_takes(tmp_path: Path) -> None:
    from burnline.logs import shape
    from burnline.logs.engine import connect

    write(tmp_path / "log.parquet", log(0, per_day=5_000))
    day = FIRST // DAY
    with connect() as con:
        found = shape(con, str(tmp_path / "log.parquet"), {}, ("timestamp", "model"))

        def taken(fraction: float) -> set[float]:
            shares = [Share("m", day, fraction, 0.0, 0)]
            rows = sample(con, found, {"f_risk": "number"}, shares, count_429=True)
            assert rows["_judged"].all()
            return set(rows["f_risk"])

        small, large, all_rows = taken(0.1), taken(0.3), taken(1.0)
    # The golden ratio spreads rows so evenly that a tenth of them is a tenth to within a few.
    assert len(small) == pytest.approx(500, abs=3)
    assert len(large) == pytest.approx(1_500, abs=3)
    assert small < large < all_rows
    assert len(all_rows) == 5_000
