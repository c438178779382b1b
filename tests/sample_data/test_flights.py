from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import lightgbm
import numpy as np
import pandas as pd
import polars as pl

from burnline.sample_data.flights import SHIFT, ZONE

Log = Callable[[str], pl.DataFrame]

WEEKDAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]


def _day(rows: pl.DataFrame) -> pl.Series:
    return rows["timestamp"].dt.convert_time_zone(ZONE).dt.date()


def test_weekdays_are_the_ones_of_2013(log: Log) -> None:
    rows = log("flight-delay")
    assert SHIFT.days % 7 == 0
    assert date(2013, 12, 25) + SHIFT == date(2026, 11, 18)
    expected = _day(rows).dt.weekday().map_elements(lambda day: WEEKDAYS[day - 1], pl.String)
    assert (rows["f_weekday"] == expected).all()


def test_labels_come_when_the_plane_is_at_the_gate(log: Log) -> None:
    landed = log("flight-delay").filter(pl.col("label").is_not_null())
    delay = landed["label_timestamp"] - landed["timestamp"]
    assert delay.min() > timedelta(minutes=15)
    assert timedelta(hours=2) < delay.median() < timedelta(hours=4)  # type: ignore[operator]


def test_the_blizzard_of_february_left_flights_without_a_label(log: Log) -> None:
    rows = log("flight-delay")
    days = _day(rows)
    storm = rows.filter(days.is_in([date(2013, 2, 8) + SHIFT, date(2013, 2, 9) + SHIFT]))
    calm = rows.filter(days.is_between(date(2013, 9, 16) + SHIFT, date(2013, 9, 29) + SHIFT))
    assert storm["label"].is_null().mean() > 0.4
    assert calm["label"].is_null().mean() < 0.02


def test_what_was_not_recorded_is_not_invented(log: Log) -> None:
    assert not {"latency_ms", "status", "feature_timestamp"} & set(log("flight-delay").columns)


def test_the_model_is_worth_something_on_calm_weeks_and_less_in_the_storms_of_december(log: Log) -> None:
    rows = log("flight-delay").filter(pl.col("label").is_not_null())
    days = _day(rows)
    right = rows["label"] == rows["prediction"]
    autumn = right.filter(days.is_between(date(2013, 9, 1) + SHIFT, date(2013, 9, 30) + SHIFT))
    december = right.filter(days >= date(2013, 12, 1) + SHIFT)
    assert autumn.mean() > 0.83
    assert december.mean() < 0.75


def test_the_artifact_repeats_the_logged_predictions(small: Path, log: Log) -> None:
    booster = lightgbm.Booster(model_file=str(small / "artifacts" / "flight-delay.txt"))
    rows = log("flight-delay").head(2000)
    names = booster.feature_name()
    frame = pd.DataFrame({name: rows[name].to_list() for name in names})
    texts = [name for name in names if rows.schema[name] == pl.String]
    for name, categories in zip(texts, booster.pandas_categorical, strict=True):
        frame[name] = pd.Categorical(frame[name], categories=categories)
    again = np.asarray(booster.predict(frame))
    assert np.allclose(again, rows["p_late"].to_numpy(), atol=0.00051)
