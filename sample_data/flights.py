"""A real log: every departure from New York in 2013, asked "will it arrive late?" as it leaves.

Source: US Bureau of Transportation Statistics (public domain). A request is made at the scheduled
departure and knows only what is known then; the label comes when the aircraft is at the gate.
Cancelled and diverted flights never get one. The times are moved by whole weeks, so that the log
ends with the sample and every weekday stays what it was. Latency and status were never recorded:
the log has none, and the infrastructure SLIs of this model are honestly without data.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from importlib.resources import as_file, files

import lightgbm
import numpy as np
import polars as pl

from burnline.sample_data.arrays import Floats, Ints
from burnline.sample_data.clock import END

NAME = "flight-delay"
VERSION = "2013.1"
CLASSES = ("on_time", "late")
LATE_MINUTES = 15
ZONE = "America/New_York"
TRAINING_DAYS = 28

# 29 December 2013 and 22 November 2026 are Sundays.
SHIFT = date(2026, 11, 22) - date(2013, 12, 29)

NUMBERS = ("hour", "distance", "scheduled_minutes", "recent_delay", "recent_departures", "waiting")
CHOICES = ("weekday", "origin", "carrier", "dest")

# Taxiing out and in takes 8 to 67 minutes together: the clock times at both ends tell it up to
# whole hours, which is what time zones differ by.
_LEAST_TAXI = 8

_HOUR = 3_600_000_000

_ROUNDS = 60
_PARAMETERS = {
    "objective": "binary",
    "learning_rate": 0.06,
    "num_leaves": 8,
    "min_data_in_leaf": 200,
    "min_data_per_group": 300,
    "cat_smooth": 100.0,
    "lambda_l2": 20.0,
    "seed": 7,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 2,
    "verbosity": -1,
}


@dataclass(frozen=True)
class FlightLog:
    """Requests and labels of the flight model, the model itself and how its training went."""

    requests: pl.DataFrame
    labels: pl.DataFrame
    booster: lightgbm.Booster
    curve: pl.DataFrame


def flight_log(scale: float = 1.0) -> FlightLog:
    """Train on the first four weeks, answer every later departure; ``scale`` keeps a share of it."""
    flights = _with_features(_departures())
    start = flights["timestamp"].min()
    assert isinstance(start, datetime)
    boundary = start + timedelta(days=TRAINING_DAYS)
    known = flights.filter(pl.col("late").is_not_null() & (pl.col("landed") < boundary), pl.col("timestamp") < boundary)
    categories = {name: sorted(known[name].unique().to_list()) for name in CHOICES}
    booster, curve = _train(known, categories)
    later = flights.filter(pl.col("timestamp") >= boundary, pl.col("timestamp") < END).filter(
        pl.int_range(pl.len()) % 100 < round(100 * scale)
    )
    p_late = _predict(booster, _matrix(later, categories))
    requests = later.select(
        "timestamp",
        "request_id",
        model=pl.lit(NAME),
        version=pl.lit(VERSION),
        region="origin",
        prediction=pl.Series(np.where(p_late > 0.5, "late", "on_time")),
        confidence=pl.Series(np.round(np.maximum(p_late, 1 - p_late), 3)),
        p_late=pl.Series(np.round(p_late, 3)),
        p_on_time=pl.Series(np.round(1 - p_late, 3)),
        **{f"f_{name}": pl.col(name) for name in (*NUMBERS, *CHOICES)},
    )
    labels = (
        later.filter(pl.col("late").is_not_null(), pl.col("landed") < END)
        .select(
            "request_id",
            label=pl.when("late").then(pl.lit("late")).otherwise(pl.lit("on_time")),
            label_timestamp="landed",
        )
        .sort("label_timestamp", "request_id")
    )
    return FlightLog(requests, labels, booster, curve)


def _departures() -> pl.DataFrame:
    """The shipped flights at their new dates, with what was known afterwards."""
    with as_file(files("burnline.sample_data") / "flights.parquet") as path:
        flights = pl.read_parquet(path)
    local = pl.col("scheduled") + SHIFT
    leaves = pl.col("scheduled") + pl.duration(minutes="dep_delay")
    clock_out = leaves.dt.hour().cast(pl.Int32) * 60 + leaves.dt.minute()
    clock_in = _clock("arr_time")
    taxi = (clock_in - clock_out - pl.col("air_time") - _LEAST_TAXI) % 60 + _LEAST_TAXI
    return flights.with_columns(
        request_id=pl.format("{}{}-{}-{}", "carrier", "flight", "origin", local.dt.strftime("%Y%m%d")),
        timestamp=_instant(local),
        left=_instant(local) + pl.duration(minutes="dep_delay"),
        landed=_instant(local) + pl.duration(minutes=pl.col("dep_delay") + pl.col("air_time") + taxi),
        late=pl.when(pl.col("arr_delay").is_not_null()).then(pl.col("arr_delay") > LATE_MINUTES),
        hour=local.dt.hour().cast(pl.Int16),
        weekday=local.dt.strftime("%a"),
        scheduled_minutes=((_clock("sched_arr_time") - _minute("scheduled")) % 1440).cast(pl.Int16),
    ).sort("timestamp", "request_id")


def _clock(name: str) -> pl.Expr:
    """Minutes after midnight of a time written as 1345."""
    return pl.col(name).cast(pl.Int32) // 100 * 60 + pl.col(name) % 100


def _minute(name: str) -> pl.Expr:
    return pl.col(name).dt.hour().cast(pl.Int32) * 60 + pl.col(name).dt.minute()


def _instant(local: pl.Expr) -> pl.Expr:
    """The moment in UTC of a New York clock time."""
    zoned = local.dt.replace_time_zone(ZONE, ambiguous="earliest", non_existent="raise")
    return zoned.dt.convert_time_zone("UTC").dt.cast_time_unit("us")


def _with_features(flights: pl.DataFrame) -> pl.DataFrame:
    """What an airport knows at a scheduled departure about the hours before it."""
    return pl.concat(_with_recent(flights.filter(origin=origin)) for origin in sorted(flights["origin"].unique())).sort(
        "timestamp", "request_id"
    )


def _with_recent(here: pl.DataFrame) -> pl.DataFrame:
    """Delay and number of those that left in the last two hours, and how many wait to leave.

    A flight that does not leave waits for three hours: then the airport knows it is cancelled.
    """
    now = _micros(here["timestamp"])
    gone = here.filter(pl.col("left").is_not_null()).sort("left", "request_id")
    left = _micros(gone["left"])
    delays = np.concatenate([[0.0], np.cumsum(gone["dep_delay"].to_numpy())])
    last = np.searchsorted(left, now, side="right")
    first = np.searchsorted(left, now - 2 * _HOUR, side="right")
    departures = last - first
    given_up = now + 3 * _HOUR
    ends = np.where(here["left"].is_null(), given_up, _micros(here["left"].fill_null(END)))
    ends = np.sort(np.clip(ends, now, given_up))
    waiting = np.searchsorted(now, now) - np.searchsorted(ends, now, side="left")
    return here.with_columns(
        recent_delay=pl.Series(np.round((delays[last] - delays[first]) / np.maximum(departures, 1), 1)),
        recent_departures=pl.Series(departures).cast(pl.Int16),
        waiting=pl.Series(np.maximum(waiting, 0)).cast(pl.Int16),
    )


def _micros(times: pl.Series) -> Ints:
    return times.to_physical().to_numpy()


def _matrix(flights: pl.DataFrame, categories: dict[str, list[str]]) -> Floats:
    """Features as numbers; a category that training never saw is missing."""
    columns = [flights[name].cast(pl.Float64).to_numpy() for name in NUMBERS]
    for name in CHOICES:
        codes = dict(zip(categories[name], range(len(categories[name])), strict=True))
        column = flights[name].replace_strict(codes, default=None, return_dtype=pl.Float64)
        columns.append(column.to_numpy())
    return np.column_stack(columns)


def _train(known: pl.DataFrame, categories: dict[str, list[str]]) -> tuple[lightgbm.Booster, pl.DataFrame]:
    """A small LightGBM model and its loss by round; the last week of the four validates."""
    cut = known["timestamp"].max() - timedelta(days=7)  # type: ignore[operator]
    choices = list(range(len(NUMBERS), len(NUMBERS) + len(CHOICES)))
    train, validation = (
        lightgbm.Dataset(
            _matrix(part, categories),
            part["late"].cast(pl.Int8).to_numpy(),
            feature_name=[f"f_{name}" for name in (*NUMBERS, *CHOICES)],
            categorical_feature=choices,
            free_raw_data=False,
        )
        for part in (known.filter(pl.col("timestamp") < cut), known.filter(pl.col("timestamp") >= cut))
    )
    losses: dict[str, dict[str, list[float]]] = {}
    booster = lightgbm.train(
        _PARAMETERS,
        train,
        num_boost_round=_ROUNDS,
        valid_sets=[train, validation],
        valid_names=["train", "validation"],
        callbacks=[lightgbm.record_evaluation(losses)],
    )
    # Where LightGBM keeps the names of categories: with them the text file is complete.
    booster.pandas_categorical = [categories[name] for name in CHOICES]
    curve = pl.DataFrame(
        {
            "step": range(1, _ROUNDS + 1),
            "loss": losses["train"]["binary_logloss"],
            "val_loss": losses["validation"]["binary_logloss"],
        }
    )
    return booster, curve


def _predict(booster: lightgbm.Booster, matrix: Floats) -> Floats:
    return np.asarray(booster.predict(matrix, num_threads=2), dtype=np.float64)
