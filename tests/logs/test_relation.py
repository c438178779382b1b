"""Logs of every shape end in the same counts: types, times, mappings, folders, changing columns."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from making import START, WORKSPACE, make_workspace, model_yaml, only, requests, write

from burnline.logs import classify, profile_models
from burnline.logs.relation import kind_of

SLOS = "availability: {objective: 50%}\nlatency: {threshold: 100ms, objective: 50%}"
MODEL = {"m": model_yaml("m", SLOS)}


def served() -> pl.DataFrame:
    """Ten requests an hour apart: two failed, and three of the other eight took 150 ms."""
    return requests(10, minutes=60).with_columns(
        status=pl.Series([503, 429] + [200] * 8),
        latency_ms=pl.Series([1.0, 1.0] + [150.0] * 3 + [100.0] * 5),
    )


def counted(folder: Path, files: dict[str, pl.DataFrame], workspace: str = WORKSPACE) -> tuple[float | None, ...]:
    opened = make_workspace(folder, files, MODEL, workspace=workspace)
    report = opened.ingest()
    assert report.files_quarantined == ()
    availability, latency = only(opened, "availability"), only(opened, "latency")
    return availability.total, availability.bad, latency.total, latency.bad


EXPECTED = (10, 2, 8, 3)


@pytest.mark.parametrize(
    ("column", "dtype"),
    [
        *(("status", t) for t in (pl.Int8, pl.Int16, pl.Int64, pl.UInt16, pl.UInt64, pl.Float32, pl.Float64)),
        *(("latency_ms", t) for t in (pl.Int16, pl.Int64, pl.UInt32, pl.Float32, pl.Decimal(10, 3))),
        ("latency_ms", pl.String),
        ("status", pl.String),
        ("model", pl.Categorical),
    ],
)
def test_every_type_of_number_and_text_counts_alike(tmp_path: Path, column: str, dtype: pl.DataType) -> None:
    log = served()
    if dtype == pl.Int8:  # 503 and 200 do not fit: any value in 0..127 is a success
        log = log.with_columns(status=pl.when(pl.col("status") == 200).then(100).otherwise(None))
        log = log.with_columns(pl.col("status").cast(pl.Int8))
        assert counted(tmp_path, {"logs/a.parquet": log})[:2] == (8, 0)
        return
    assert counted(tmp_path, {"logs/a.parquet": log.with_columns(pl.col(column).cast(dtype))}) == EXPECTED


def test_decimals_keep_their_exact_value_at_the_threshold(tmp_path: Path) -> None:
    values = [Decimal("100.000"), Decimal("100.001")] * 5
    log = served().with_columns(latency_ms=pl.Series(values, dtype=pl.Decimal(10, 3)), status=pl.lit(200))
    assert counted(tmp_path, {"logs/a.parquet": log})[2:] == (10, 5)


@pytest.mark.parametrize("unit", ["ns", "us", "ms"])
@pytest.mark.parametrize("zone", [None, "UTC", "Europe/Zurich", "America/New_York"])
def test_times_of_every_precision_and_zone_name_the_same_instant(tmp_path: Path, unit: str, zone: str | None) -> None:
    time = pl.col("timestamp").cast(pl.Datetime(unit, "UTC"))  # type: ignore[arg-type]
    time = time.dt.replace_time_zone(None) if zone is None else time.dt.convert_time_zone(zone)
    opened = make_workspace(tmp_path, {"logs/a.parquet": served().with_columns(time)}, MODEL)
    opened.ingest()
    assert opened.now() == START + timedelta(hours=9)


@pytest.mark.parametrize(
    "time",
    [
        pl.col("timestamp").dt.epoch("s"),
        pl.col("timestamp").dt.epoch("ms"),
        pl.col("timestamp").dt.epoch("us"),
        pl.col("timestamp").dt.epoch("ns"),
        pl.col("timestamp").dt.epoch("ms") / 1000,
        pl.col("timestamp").dt.to_string("%Y-%m-%d %H:%M:%S"),
        pl.col("timestamp").dt.to_string("%Y-%m-%dT%H:%M:%SZ"),
        pl.col("timestamp").dt.convert_time_zone("Asia/Tokyo").dt.to_string("%Y-%m-%dT%H:%M:%S%:z"),
    ],
    ids=["s", "ms", "us", "ns", "float", "text", "text Z", "text +09:00"],
)
def test_times_as_numbers_and_text_name_the_same_instant(tmp_path: Path, time: pl.Expr) -> None:
    opened = make_workspace(tmp_path, {"logs/a.parquet": served().with_columns(time.alias("timestamp"))}, MODEL)
    opened.ingest()
    assert opened.now() == START + timedelta(hours=9)
    assert only(opened, "availability").total == 10


def test_a_dictionary_encoded_and_a_plain_file_count_alike(tmp_path: Path) -> None:
    log = served().to_arrow()
    encoded = log.set_column(log.schema.get_field_index("model"), "model", log["model"].dictionary_encode())
    (tmp_path / "logs").mkdir()
    pq.write_table(encoded, tmp_path / "logs/a.parquet")
    assert counted(tmp_path, {}) == EXPECTED


def test_columns_are_found_under_their_mapped_names(tmp_path: Path) -> None:
    log = served().rename({"timestamp": "event time", "status": 'co"de', "latency_ms": "select"})
    mapping = "{timestamp: event time, status: 'co\"de', latency_ms: select}"
    text = WORKSPACE.replace('{path: "logs/**/*.parquet"}', f'{{path: "logs/**/*.parquet", mapping: {mapping}}}')
    assert counted(tmp_path, {"logs/a.parquet": log}, text) == EXPECTED


def test_a_mapping_takes_precedence_over_a_column_of_the_canonical_name(tmp_path: Path) -> None:
    log = served().with_columns(took=pl.col("latency_ms"), latency_ms=pl.lit(1.0))
    text = WORKSPACE.replace('parquet"}]\n  labels', 'parquet", mapping: {latency_ms: took}}]\n  labels')
    assert counted(tmp_path, {"logs/a.parquet": log}, text) == EXPECTED


def test_partition_keys_of_nested_folders_are_columns(tmp_path: Path) -> None:
    log = served().with_columns(region=pl.Series(["eu", "us"] * 5))
    parts = {
        f"logs/region={name}/day=2026-10-05/part 1.parquet": log.filter(region=name).drop("region", "model")
        for name in ("eu", "us")
    }
    parts = {path.replace("logs/", "logs/model=m/"): frame for path, frame in parts.items()}
    assert counted(tmp_path, parts) == EXPECTED
    opened = make_workspace(tmp_path, {}, MODEL)
    sliced = opened.segments("m", "availability").filter(dimension="region")
    assert dict(zip(sliced["value"], sliced["valid"], strict=True)) == {"eu": 5, "us": 5}


def test_columns_may_come_go_and_change_type_between_files(tmp_path: Path) -> None:
    log = served()
    files = {
        "logs/1.parquet": log.head(4),
        "logs/2.parquet": log.slice(4, 3).with_columns(pl.col("latency_ms").cast(pl.String), f_new=pl.lit("x")),
        "logs/3.parquet": log.tail(3).with_columns(pl.col("latency_ms").cast(pl.Int32), f_new=pl.lit(1.5)),
    }
    assert counted(tmp_path, files) == EXPECTED


def test_a_file_without_a_column_lowers_coverage_and_nothing_else(tmp_path: Path) -> None:
    log = served().with_columns(status=pl.lit(200))
    opened = make_workspace(
        tmp_path, {"logs/1.parquet": log.head(5), "logs/2.parquet": log.tail(5).drop("latency_ms")}, MODEL
    )
    opened.ingest()
    latency = only(opened, "latency")
    assert (latency.total, latency.bad, latency.coverage) == (5, 3, 0.5)


def test_a_missing_column_is_no_data_with_the_reason_never_perfect(tmp_path: Path) -> None:
    opened = make_workspace(tmp_path, {"logs/a.parquet": served().drop("latency_ms")}, MODEL)
    opened.ingest()
    latency = only(opened, "latency")
    assert (latency.state, latency.value, latency.reason) == ("no_data", None, "the log has no column latency_ms")


def test_strange_path_names_are_only_names(tmp_path: Path) -> None:
    name = "logs/odd [1] *?'; drop table x --/a b.parquet"
    assert counted(tmp_path, {name: served()}) == EXPECTED


def test_weights_count_each_row_as_the_requests_it_stands_for(tmp_path: Path) -> None:
    log = served().with_columns(weight=pl.Series([2.0, 2.0] + [10.0] * 3 + [4.0] * 5))
    # valid 2 + 2 + 30 + 20 = 54, failed 4; timed 50, slow 30
    assert counted(tmp_path, {"logs/a.parquet": log}) == (54, 4, 50, 30)


def test_rows_without_a_time_or_a_model_are_left_out_and_counted(tmp_path: Path) -> None:
    log = served()
    holes = pl.concat(
        [
            log,
            log.head(2).with_columns(timestamp=pl.lit(None, log.schema["timestamp"])),
            log.head(3).with_columns(model=pl.lit(None, pl.String)),
        ]
    )
    opened = make_workspace(tmp_path, {"logs/a.parquet": holes}, MODEL)
    assert any("5 of 15 rows have no time or no model" in p for p in opened.ingest().problems)
    assert only(opened, "availability").total == 10


def test_the_status_that_means_throttled_can_be_allowed(tmp_path: Path) -> None:
    text = WORKSPACE + "  count_429: false\n"
    try:
        found = counted(tmp_path, {"logs/a.parquet": served()}, text)
    except Exception as error:  # the key's spelling is the definition's business
        pytest.fail(f"count_429 cannot be set: {error}")
    assert found[:2] == (10, 1)


@pytest.mark.parametrize(
    ("engine_type", "kind"),
    [
        ("DECIMAL(10,2)", "number"),
        ("UHUGEINT", "number"),
        ("ENUM('a', 'b')", "text"),
        ("TIMESTAMP WITH TIME ZONE", "time"),
        ("INTEGER[]", "other"),
        ("STRUCT(a INTEGER)", "other"),
        ("BLOB", "other"),
    ],
)
def test_engine_types_fall_into_families(engine_type: str, kind: str) -> None:
    assert kind_of(engine_type) == kind


@pytest.mark.parametrize(
    ("columns", "kind"),
    [
        ({"timestamp": "t", "model": "m", "status": 200}, "logs"),
        ({"timestamp": "t", "model": "m"}, "logs"),
        ({"timestamp": "t", "model": "m", "cpu_percent": 50.0}, "metrics"),
        ({"timestamp": "t", "model": "m", "f_x": 1.0}, "logs"),
        ({"timestamp": "t", "model": "m", "kind": "deploy", "version": "v2"}, "events"),
        ({"timestamp": "t", "model": "m", "run": "r", "step": 1, "loss": 0.5}, "training"),
        ({"request_id": "r", "label": 1}, "labels"),
        ({"a": 1}, "unknown"),
    ],
)
def test_files_are_told_apart_by_their_columns(tmp_path: Path, columns: dict[str, object], kind: str) -> None:
    values = {name: [START if value == "t" else value] for name, value in columns.items()}
    pq.write_table(pa.table(values), tmp_path / "a.parquet")
    assert classify(str(tmp_path / "a.parquet")) == kind


def test_profiles_tell_what_each_model_offers(tmp_path: Path) -> None:
    classes = served().with_columns(
        prediction=pl.lit("yes"), label=pl.Series(["yes", "no"] * 5), f_x=pl.lit(1.0), canary=pl.lit(True)
    )
    numbers = served().with_columns(
        model=pl.lit("n"),
        prediction=pl.int_range(10) + 0.5,
        label=pl.int_range(10) + 0.25,
        f_x=pl.lit(None, pl.Float64),
    )
    write(tmp_path / "a.parquet", classes)
    write(tmp_path / "b.parquet", numbers)
    found = {p.model: p for p in profile_models([str(tmp_path)])}
    assert (found["m"].prediction_kind, found["m"].label_kind, found["m"].label_distinct) == ("category", "category", 2)
    assert (found["m"].features, found["m"].has_canary) == (("f_x",), True)
    assert (found["n"].prediction_kind, found["n"].label_kind, found["n"].features) == ("number", "number", ())
    assert (found["m"].rows, found["m"].first) == (10, datetime(2026, 10, 5, tzinfo=UTC))
