"""Distributions equal a second count of the raw rows, hour by hour, and baselines stay as they were made."""

from __future__ import annotations

import math
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from making import START, WORKSPACE, make_workspace, model_yaml, requests, write
from polars.testing import assert_frame_equal

from burnline.rollups.distributions import baseline_rows, by_day, by_hour, grids, labels_by_day
from burnline.rollups.grids import OUTSIDE, Grid
from burnline.workspace import Workspace

MODELS = {name: model_yaml(name, "availability: {objective: 99%}") for name in ("a", "b")}
ONE = {"m": MODELS["a"].replace("name: a", "name: m")}
HOUR = int(START.timestamp()) // 3600
DAY = HOUR // 24
WEIGHTS = (1.0, 2.5, 10 / 3)


def odd_log(seed: int, rows: int = 2_600, *, days: float = 3.0) -> pl.DataFrame:
    """Everything at once: nulls, NaN, infinities, weights, duplicates, failures, two models and skewed values."""
    rng = np.random.default_rng(seed)
    start = START.timestamp() * 1e6
    normal = rng.normal(size=rows)
    normal[::97] = np.nan
    normal[1::101] = np.inf
    normal[2::103] = -np.inf
    skewed = rng.lognormal(0, 3, rows)
    models = rng.choice(["a", "b"], rows)
    # One value that has no logarithm in each model.
    models[10:12] = "a", "b"
    skewed[10:12] = -5.0, 0.0
    return pl.DataFrame(
        {
            "timestamp": pl.Series((start + rng.uniform(0, days * 86_400e6, rows)).astype("int64")).cast(
                pl.Datetime("us", "UTC")
            ),
            "request_id": [f"r{i % (rows - 50)}" for i in range(rows)],
            "model": models,
            "version": [["v1", "v2", None][i] for i in rng.integers(0, 3, rows)],
            "d_channel": rng.choice(["app", "web"], rows),
            "status": rng.choice([200, 200, 200, 503, 429], rows),
            "weight": rng.choice(WEIGHTS, rows),
            "prediction": rng.normal(10, 3, rows),
            "confidence": np.where(rng.uniform(size=rows) < 0.1, 1.7, rng.uniform(size=rows)),
            "f_normal": pl.Series(normal).set(pl.Series(rng.uniform(size=rows) < 0.05), None),
            "f_skewed": skewed,
            "f_mixed": np.where(models == "a", skewed, normal),
            "f_far": np.where(np.arange(rows) % 500 == 0, 1e250, rng.uniform(size=rows)),
            "f_kind": [["p", "q", None, ""][i] for i in rng.integers(0, 4, rows)],
            "f_flag": rng.uniform(size=rows) < 0.3,
            "f_none": pl.Series([None] * rows, dtype=pl.Float64),
            "f_same": [7] * rows,
        }
    )  # fmt: skip


def bin_of(grid: Grid | None, value: float | None) -> int | None:
    """The bin of a value, one value at a time."""
    if value is None or math.isnan(value):
        return None
    if math.isinf(value) or grid is None:
        return OUTSIDE if value > 0 else -OUTSIDE
    if grid.log and value <= 0:
        return -OUTSIDE
    place = ((math.log(value) if grid.log else value) - grid.low) * grid.per_unit
    return max(-OUTSIDE, min(OUTSIDE, math.floor(place)))


def by_hand(log: pl.DataFrame, model: str, own: dict[str, Grid]) -> dict[tuple[object, ...], int]:
    """Millionths of events by hour, column, bin and category, row by row."""
    found: Counter[tuple[object, ...]] = Counter()
    seen = set()
    for row in log.filter(pl.col("model") == model).iter_rows(named=True):
        if row["request_id"] in seen:
            continue
        seen.add(row["request_id"])
        n = math.floor(row.get("weight", 1.0) * 1e6 + 0.5)
        hour = int(row["timestamp"].timestamp()) // 3600
        failed = row.get("status", 200) in (429, 503)
        for name, value in row.items():
            outcome = name in ("prediction", "confidence")
            if not (name.startswith(("f_", "d_")) or name == "version" or outcome) or (outcome and failed):
                continue
            if name == "confidence" and value is not None and not 0 <= value <= 1:
                value = None
            if isinstance(value, bool):
                value = str(value).lower()
            number = log.schema[name].is_numeric()
            bin_ = bin_of(own.get(name), value) if number else None
            found[hour, name, bin_, None if number else value] += n
    return dict(found)


def hourly(workspace: Workspace, model: str, first: int = HOUR - 24, last: int = HOUR + 24 * 40) -> pl.DataFrame:
    return by_hour(workspace.snapshot(), first, last, model=model)


def cells(rows: pl.DataFrame, *keys: str) -> dict[tuple[object, ...], int]:
    return {tuple(row[:-1]): round(row[-1] * 1e6) for row in rows.select(*keys, "n").iter_rows()}


@pytest.mark.parametrize("seed", [1, 2])
def test_hours_equal_a_second_count_of_the_raw_rows(tmp_path: Path, seed: int) -> None:
    log = odd_log(seed)
    workspace = make_workspace(tmp_path, {"logs/a.parquet": log}, MODELS)
    workspace.ingest()
    for model in ("a", "b"):
        own = grids(workspace.snapshot(), model)
        assert own["f_skewed"].log
        assert own["f_mixed"].log is (model == "a")
        assert not own["f_normal"].log
        assert "f_none" not in own
        found = cells(hourly(workspace, model), "hour", "feature", "bin", "category")
        assert found == by_hand(log, model, own)


def test_batches_and_wide_hours_count_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = odd_log(3)
    whole = make_workspace(tmp_path / "whole", {"logs/a.parquet": log}, MODELS)
    whole.ingest()
    monkeypatch.setattr("burnline.rollups.features._ROWS_AT_ONCE", 128)
    monkeypatch.setattr("burnline.rollups.features._COLUMNS_AT_ONCE", 2)
    monkeypatch.setattr("burnline.rollups.tallies._DENSE", 0)
    parts = make_workspace(tmp_path / "parts", {"logs/a.parquet": log}, MODELS)
    parts.ingest()
    for model in ("a", "b"):
        assert_frame_equal(hourly(whole, model), hourly(parts, model))


def test_days_are_the_sum_of_their_hours(tmp_path: Path) -> None:
    log = odd_log(4)
    files = {f"logs/{i}.parquet": log.filter(pl.int_range(pl.len()) % 3 == i) for i in range(3)}
    workspace = make_workspace(tmp_path, files, MODELS)
    workspace.ingest()
    for model in ("a", "b"):
        hours = hourly(workspace, model).with_columns(day=pl.col("hour") // 24)
        summed = hours.group_by("day", "feature", "bin", "category").agg(pl.col("n").sum())
        days = by_day(workspace.snapshot(), DAY, DAY + 40, model=model)
        assert days["model"].unique().to_list() == [model]
        keys = ("day", "feature", "bin", "category")
        assert cells(days, *keys) == cells(summed, *keys)
    some = by_day(workspace.snapshot(), DAY + 1, DAY + 1, model="a", features=["f_kind"])
    assert (some["day"].unique().to_list(), some["feature"].unique().to_list()) == ([DAY + 1], ["f_kind"])


def test_infinite_values_and_nan_are_named(tmp_path: Path) -> None:
    values = pl.Series([1.0, 2.0, math.inf, -math.inf, math.nan, None] + [3.0] * 34)
    log = requests(40).with_columns(f_x=values)
    report = make_workspace(tmp_path, {"logs/a.parquet": log}, ONE).ingest()
    assert [p.partition(": ")[2] for p in report.problems] == [
        "f_x holds 2 infinite values: counted beyond the outermost bins",
        "f_x holds 1 value that is NaN: counted as missing",
    ]


def test_a_hundred_thousand_categories_are_counted_as_a_thousand_and_the_rest(tmp_path: Path) -> None:
    rows = 120_000
    ids = np.arange(rows)
    ids[:20_000] %= 10
    log = pl.DataFrame(
        {
            "timestamp": pl.Series(int(START.timestamp()) * 1000 + np.arange(rows)).cast(pl.Datetime("ms", "UTC")),
            "model": ["m"] * rows,
            "f_id": pl.Series(ids).cast(pl.String),
        }
    )
    workspace = make_workspace(tmp_path, {"logs/a.parquet": log}, ONE)
    report = workspace.ingest()
    # 10 values 2,000 times each and 100,000 values once.
    assert any("f_id holds 100,010 different values: it looks like an identifier" in p for p in report.problems)
    days = by_day(workspace.snapshot(), DAY, DAY, model="m")
    assert days.height == 1_001
    counts = dict(days.select("category", "n").iter_rows())
    assert [counts[str(i)] for i in range(10)] == [2_000.0] * 10
    assert counts["<other>"] == 100_000 - 990


def test_a_column_that_changes_its_type_is_counted_both_ways_and_named(tmp_path: Path) -> None:
    numbers = requests(20).with_columns(f_x=pl.lit(1.5))
    words = requests(30, start=START + timedelta(days=1)).with_columns(f_x=pl.lit("high"))
    workspace = make_workspace(tmp_path, {"logs/a.parquet": numbers, "logs/b.parquet": words}, ONE)
    report = workspace.ingest()
    said = [p for p in report.problems if "f_x" in p]
    assert [p.rpartition("/")[2] for p in said] == [
        "b.parquet: f_x holds no numbers here but did in earlier files: counted apart, by value"
    ]
    days = by_day(workspace.snapshot(), DAY, DAY + 1, model="m", features=["f_x"])
    assert days.select("day", "category", "n").rows() == [(DAY, None, 20.0), (DAY + 1, "high", 30.0)]
    assert days["bin"].is_null().to_list() == [False, True]
    write(tmp_path / "logs/c.parquet", numbers.with_columns(pl.col("timestamp") + timedelta(days=2), request_id=None))
    assert not [p for p in workspace.ingest().problems if "f_x" in p]


# Labels


def labelled(log: pl.DataFrame, after: timedelta, value: pl.Expr) -> pl.DataFrame:
    return log.select("request_id", label=value, label_timestamp=pl.col("timestamp") + after)


def bucket(time: datetime) -> int:
    return int(time.timestamp()) // 300


def test_a_corrected_label_takes_its_old_value_back_when_it_is_corrected(tmp_path: Path) -> None:
    log = requests(10).with_columns(prediction=pl.lit("no"), weight=pl.lit(2.5))
    first = labelled(log, timedelta(hours=1), pl.lit("no"))
    later = labelled(log.head(4), timedelta(hours=5), pl.lit("yes"))
    files = {"logs/a.parquet": log, "labels/1.parquet": first, "labels/2.parquet": later}
    workspace = make_workspace(tmp_path, files, ONE)
    workspace.ingest()

    def known(hours: float) -> list[tuple[object, ...]]:
        rows = labels_by_day(workspace.snapshot(), DAY, DAY, bucket(START + timedelta(hours=hours)), model="m")
        return rows.select("day", "category", "n").rows()

    assert known(0.5) == []
    assert known(2) == [(DAY, "no", 25.0)]
    assert known(8) == [(DAY, "no", 15.0), (DAY, "yes", 10.0)]


@pytest.mark.parametrize("predicted", [True, False])
def test_numeric_labels_lie_in_the_bins_of_the_prediction_or_in_their_own(tmp_path: Path, predicted: bool) -> None:
    rng = np.random.default_rng(5)
    log = requests(500).with_columns(status=pl.Series([503] + [200] * 499))
    truth = pl.Series(rng.normal(3, 2, 500))
    if predicted:
        log = log.with_columns(prediction=truth + 0.1)
    labels = log.select("request_id", label=truth, label_timestamp=pl.col("timestamp"))
    workspace = make_workspace(tmp_path, {"logs/a.parquet": log, "labels/a.parquet": labels}, ONE)
    workspace.ingest()
    own = grids(workspace.snapshot(), "m")
    assert (own["label"] == own.get("prediction")) is predicted
    found = labels_by_day(workspace.snapshot(), DAY, DAY, bucket(START) + 10_000, model="m")
    # The first request failed: it has no answer that a label could judge.
    expected = Counter(bin_of(own["label"], value) for value in truth[1:])
    assert dict(found.select("bin", "n").iter_rows()) == expected


def test_labels_in_the_log_and_in_files_are_counted_as_of_any_moment(tmp_path: Path) -> None:
    rng = np.random.default_rng(6)
    log = requests(300, minutes=3).with_columns(
        prediction=pl.lit(1),
        label=pl.Series(rng.integers(0, 3, 300)).set(pl.Series(rng.uniform(size=300) < 0.4), None),
    )
    later = labelled(log.sample(200, seed=1), timedelta(hours=30), pl.Series(rng.integers(0, 3, 200)))
    workspace = make_workspace(tmp_path, {"logs/a.parquet": log, "labels/a.parquet": later}, ONE)
    workspace.ingest()
    own = grids(workspace.snapshot(), "m")["label"]
    files = dict(later.select("request_id", "label").iter_rows())
    for hours in (3, 12, 31, 50):
        last = bucket(START + timedelta(hours=hours))
        expected: Counter[int | None] = Counter()
        for row in log.iter_rows(named=True):
            value = row["label"] if bucket(row["timestamp"]) <= last else None
            if row["request_id"] in files and bucket(row["timestamp"] + timedelta(hours=30)) <= last:
                value = files[row["request_id"]]
            if value is not None:
                expected[bin_of(own, value)] += 1
        found = labels_by_day(workspace.snapshot(), DAY, DAY, last, model="m")
        assert dict(found.select("bin", "n").iter_rows()) == expected


# Baselines


def week_log(days: int, start: datetime = START, *, seed: int = 7) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    log = requests(days * 48, minutes=30, start=start)
    return log.with_columns(
        f_x=pl.Series(rng.normal(size=log.height)), f_kind=pl.Series(rng.choice(["p", "q"], log.height))
    )


def of_week(hours: pl.DataFrame) -> pl.DataFrame:
    """Hourly counts by hour of the week: START is a Monday."""
    how = ((pl.col("hour") - HOUR) % 168).cast(pl.Int32)
    return hours.group_by("feature", "bin", "category", how=how).agg(pl.col("n").sum())


KEYS = ("feature", "how", "bin", "category")


def test_the_baseline_is_the_first_days_by_hour_of_the_week_and_stays_so(tmp_path: Path) -> None:
    log = week_log(9)
    workspace = make_workspace(tmp_path, {"logs/a.parquet": log}, ONE)
    workspace.ingest()
    entry = workspace.store.read().baselines["m"]
    assert (entry.kind, entry.first_hour, entry.end_hour) == ("reference", HOUR, HOUR + 168)
    assert (entry.rows, entry.events, entry.complete) == (7 * 48, 336.0, True)
    assert (entry.numbers, entry.values) == (("f_x",), ("f_kind",))
    rows = baseline_rows(workspace.snapshot(), ["m", "nobody"])
    assert cells(rows, *KEYS) == cells(of_week(hourly(workspace, "m", HOUR, HOUR + 167)), *KEYS)
    write(tmp_path / "logs/b.parquet", week_log(9, START + timedelta(days=9), seed=8))
    workspace.ingest()
    assert workspace.store.read().baselines["m"] == entry


def test_a_baseline_grows_until_its_days_are_over_and_takes_a_late_log_of_them(tmp_path: Path) -> None:
    log = week_log(8)
    day = pl.col("timestamp").dt.day() - START.day
    workspace = make_workspace(tmp_path, {"logs/a.parquet": log.filter(day < 3)}, ONE)
    workspace.ingest()
    young = workspace.store.read().baselines["m"]
    assert (young.rows, young.complete) == (3 * 48, False)
    write(tmp_path / "logs/c.parquet", log.filter(day > 3))
    workspace.ingest()
    grown = workspace.store.read().baselines["m"]
    assert (grown.rows, grown.complete) == (6 * 48, True)
    write(tmp_path / "logs/b.parquet", log.filter(day == 3))
    workspace.ingest()
    whole = workspace.store.read().baselines["m"]
    assert (whole.rows, whole.complete) == (7 * 48, True)
    assert cells(baseline_rows(workspace.snapshot(), ["m"]), *KEYS) == cells(
        of_week(hourly(workspace, "m", HOUR, HOUR + 167)), *KEYS
    )


def test_a_replaced_log_and_another_length_make_the_baseline_anew(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path, {"logs/a.parquet": week_log(9)}, ONE)
    workspace.ingest()
    before = workspace.store.read().baselines["m"]
    write(tmp_path / "logs/a.parquet", week_log(9, seed=9).head(400))
    workspace.ingest()
    replaced = workspace.store.read().baselines["m"]
    assert replaced.object != before.object
    assert cells(baseline_rows(workspace.snapshot(), ["m"]), *KEYS) == cells(
        of_week(hourly(workspace, "m", HOUR, HOUR + 167)), *KEYS
    )
    (tmp_path / "burnline.yaml").write_text(WORKSPACE + "  reference: {window: first 2d}\n")
    shorter = Workspace.open(tmp_path)
    shorter.ingest()
    assert shorter.store.read().baselines["m"].rows == 2 * 48


def test_a_changed_measure_makes_neither_distributions_nor_baselines_anew(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path, {"logs/a.parquet": week_log(8)}, ONE)
    workspace.ingest()
    before = workspace.store.read()
    more = {"m": model_yaml("m", "availability: {objective: 99%}\ncompleteness: {objective: 99%}")}
    again = make_workspace(tmp_path, {}, more)
    assert again.ingest().files_read == 1
    after = again.store.read()
    path = next(iter(after.logs))
    assert after.logs[path].plan != before.logs[path].plan
    assert after.logs[path].features == before.logs[path].features
    assert after.baselines == before.baselines


TRAINING = WORKSPACE + '  reference: {path: "training/{model}.parquet"}\n'


def test_a_training_file_is_the_baseline_and_gives_the_bins(tmp_path: Path) -> None:
    rng = np.random.default_rng(10)
    file = pl.DataFrame({"f_x": rng.normal(50, 5, 1_000), "f_kind": rng.choice(["p", "q"], 1_000)})
    files = {"logs/a.parquet": week_log(2), "training/m.parquet": file}
    workspace = make_workspace(tmp_path, files, ONE, workspace=TRAINING)
    workspace.ingest()
    entry = workspace.store.read().baselines["m"]
    assert (entry.kind, entry.path, entry.rows, entry.complete) == ("training", "training/m.parquet", 1_000, True)
    assert entry.problems == ()
    own = grids(workspace.snapshot(), "m")["f_x"]
    low, high = np.quantile(file["f_x"].to_numpy(), [0.001, 0.999])
    assert (own.low, own.low + 128 / own.per_unit) == pytest.approx((low, high))
    expected: Counter[tuple[object, ...]] = Counter()
    for x, kind in file.iter_rows():
        expected["f_x", None, bin_of(own, x), None] += 1_000_000
        expected["f_kind", None, None, kind] += 1_000_000
    rows = baseline_rows(workspace.snapshot(), ["m"])
    assert cells(rows.filter(pl.col("feature").str.starts_with("f_")), *KEYS) == expected
    assert workspace.ingest().files_read == 0
    assert workspace.store.read().baselines["m"] == entry
    (tmp_path / "training/m.parquet").unlink()
    workspace.ingest()
    left = workspace.store.read().baselines["m"]
    assert left.object == entry.object
    assert left.problems == (
        "training/m.parquet: it cannot be read any more; the baseline that was made from it stays",
    )


def test_a_training_file_with_times_labels_and_models_is_counted_by_hour_of_the_week(tmp_path: Path) -> None:
    file = week_log(7).with_columns(label=pl.lit("yes"), weight=pl.lit(2.0), prediction=pl.lit("no"))
    foreign = file.with_columns(model=pl.lit("other"))
    files = {"logs/a.parquet": week_log(2), "reference.parquet": pl.concat([file, foreign])}
    shared = WORKSPACE + '  reference: {path: "reference.parquet"}\n'
    workspace = make_workspace(tmp_path, files, ONE, workspace=shared)
    workspace.ingest()
    entry = workspace.store.read().baselines["m"]
    assert (entry.first_hour, entry.end_hour, entry.rows, entry.events) == (HOUR, HOUR + 168, 336, 672.0)
    rows = baseline_rows(workspace.snapshot(), ["m"], features=["label", "f_kind"])
    hand: Counter[tuple[object, ...]] = Counter()
    for row in file.iter_rows(named=True):
        how = int(row["timestamp"].timestamp()) // 3600 - HOUR
        hand["label", how, None, "yes"] += 2_000_000
        hand["f_kind", how, None, row["f_kind"]] += 2_000_000
    assert cells(rows, *KEYS) == hand


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "training/m.parquet: there is no such file; the first days of the log are taken instead"),
        (b"no parquet", "not a parquet file"),
        (pl.DataFrame({"f_x": []}), "training/m.parquet: it holds no row of model m; the first days of the log"),
    ],
)
def test_without_a_training_file_that_can_be_read_the_first_days_serve(
    tmp_path: Path, content: object, said: str
) -> None:
    workspace = make_workspace(tmp_path, {"logs/a.parquet": week_log(9)}, ONE, workspace=TRAINING)
    (tmp_path / "training").mkdir()
    if isinstance(content, pl.DataFrame):
        write(tmp_path / "training/m.parquet", content)
    elif isinstance(content, bytes):
        (tmp_path / "training/m.parquet").write_bytes(content)
    workspace.ingest()
    entry = workspace.store.read().baselines["m"]
    assert (entry.kind, entry.rows) == ("reference", 336)
    assert any(said in problem for problem in entry.problems)
    before = workspace.store.read()
    workspace.ingest()
    assert workspace.store.read() == before


def test_columns_that_the_baseline_and_the_newest_logs_do_not_share_are_named(tmp_path: Path) -> None:
    early = week_log(7).with_columns(f_gone=pl.lit(1.0), f_turned=pl.lit(2.0))
    late = week_log(1, START + timedelta(days=8)).with_columns(f_new=pl.lit("a"), f_turned=pl.lit("two"))
    workspace = make_workspace(tmp_path, {"logs/a.parquet": early, "logs/b.parquet": late}, ONE)
    workspace.ingest()
    expected = (
        "f_new is in the newest logs but not in its reference days: nothing to compare with",
        "f_gone is in its reference days but not in the newest logs",
        "f_turned is of another type in the newest logs than in its reference days: cannot be compared",
    )
    assert workspace.store.read().baselines["m"].problems == expected
    before = workspace.store.read()
    workspace.ingest()
    assert workspace.store.read() == before
    write(tmp_path / "logs/c.parquet", early.tail(10).with_columns(pl.col("timestamp") + timedelta(days=9)))
    workspace.ingest()
    assert workspace.store.read().baselines["m"].problems == ()


def test_weighted_logs_say_how_many_rows_their_events_were(tmp_path: Path) -> None:
    log = week_log(7).with_columns(weight=pl.lit(20.0))
    workspace = make_workspace(tmp_path, {"logs/a.parquet": log}, ONE)
    workspace.ingest()
    entry = workspace.store.read().baselines["m"]
    assert (entry.rows, entry.events) == (336, 6720.0)


@pytest.mark.parametrize("settings", [WORKSPACE, TRAINING])
def test_a_moved_workspace_keeps_its_bins_and_baselines(tmp_path: Path, settings: str) -> None:
    files = {"logs/a.parquet": week_log(8), "training/m.parquet": week_log(2, seed=11).drop("timestamp", "model")}
    old = make_workspace(tmp_path / "old", files, ONE, workspace=settings)
    old.ingest()
    before, rows = old.store.read(), baseline_rows(old.snapshot(), ["m"])
    (tmp_path / "old").rename(tmp_path / "new")
    new = Workspace.open(tmp_path / "new")
    new.ingest()
    after = new.store.read()
    assert after.grids == before.grids
    assert_frame_equal(baseline_rows(new.snapshot(), ["m"]), rows)
    if settings == TRAINING:
        assert after.baselines == before.baselines


def test_a_ledger_of_before_is_brought_up_to_date(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path, {"logs/a.parquet": week_log(9)}, ONE)
    workspace.ingest()
    now = workspace.store.read()
    before = now.with_(baselines={}, texts={}, grids={}, drift={})
    old = {p: e.model_copy(update={"hourly": False, "plan": "old"}) for p, e in before.logs.items()}
    workspace.store.commit(before.with_(logs=old), since=now)
    workspace.ingest()
    after = workspace.store.read()
    assert after.baselines == now.baselines
    assert all(entry.hourly for entry in after.logs.values())


def test_logs_that_are_gone_keep_the_days_they_were_counted_by(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path, {"logs/a.parquet": week_log(9)}, ONE)
    workspace.ingest()
    ledger = workspace.store.read()
    path, entry = next(iter(ledger.logs.items()))
    hourly_rows = pl.read_parquet(workspace.store.path(entry.features))
    daily = hourly_rows.group_by("model", "version", "feature", "bin", "category", day=pl.col("hour") // 24).agg(
        pl.col("n").sum()
    )
    workspace.store.put("features-old", daily.to_arrow())
    days = by_day(workspace.snapshot(), DAY, DAY + 10)
    old = entry.model_copy(update={"hourly": False, "features": "features-old"})
    workspace.store.commit(ledger.with_(logs={path: old}), since=ledger)
    (tmp_path / "logs/a.parquet").unlink()
    workspace.ingest()
    assert_frame_equal(by_day(workspace.snapshot(), DAY, DAY + 10), days)
    rows = baseline_rows(workspace.snapshot(), ["m"])
    assert rows["how"].null_count() == rows.height
    assert rows.filter(pl.col("feature") == "f_x")["n"].sum() == 336.0
