"""What a question about drift is about: hours of a window, and a baseline to hold them against."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from burnline.budgets.fleet import Fleet
from burnline.errors import BurnlineError
from burnline.logs import moment
from burnline.results.drift import Baseline, DriftWindow
from burnline.rollups.distributions import baseline_rows, by_day, by_hour, comparable, labels_by_day
from burnline.rollups.ledger import BaselineEntry
from burnline.rollups.measures import REQUESTS
from burnline.rollups.reads import HOUR, hourly
from burnline.spec import Slo

Floats = NDArray[np.float64]
BaselineChoice = Literal["reference", "trailing"]

HOUR_US = 3_600_000_000
_WEEK = 168
_DEFAULT_THRESHOLD = 0.2
# 1 January 1970 was a Thursday.
_THURSDAY = 72
_ROWS = {"row": pl.Int64, "feature": pl.String, "bin": pl.Int32, "category": pl.String, "n": pl.Float64}


@dataclass(frozen=True)
class Asked:
    """One model over the hours ``first`` to before ``end`` (since the epoch), as of the moment of the fleet.

    ``baseline`` are the first days of the log (or a training file), or as many hours as the window has before it.
    Hours before ``known`` were over at that moment.
    """

    fleet: Fleet
    model: str
    first: int
    end: int
    known: int
    baseline: BaselineChoice = "reference"

    @property
    def entry(self) -> BaselineEntry | None:
        """The kept baseline of the model; ``None`` without one that holds anything."""
        found = self.fleet.snapshot.ledger.baselines.get(self.model)
        return found if found is not None and found.object is not None else None

    @property
    def provisional(self) -> bool:
        """Whether the reference window was not over at the moment of the question."""
        entry = self.entry
        return self.baseline == "reference" and entry is not None and not (
            entry.complete and entry.end_hour * HOUR - 1 <= self.fleet.last
        )  # fmt: skip

    @property
    def days(self) -> range:
        """The days (since the epoch) that the window touches."""
        return range(self.first // 24, -(-self.end // 24))

    def time(self, hour: int) -> datetime:
        """When an hour begins, in the zone of the question."""
        return moment(hour * HOUR_US).astimezone(self.fleet.at.tzinfo)

    def before(self) -> tuple[int, int]:
        """The hours (first, end) of the baseline, where they are known."""
        entry = self.entry
        if self.baseline == "trailing":
            return 2 * self.first - self.end, self.first
        if entry is not None and self.provisional:
            return entry.first_hour, entry.first_hour + _half(self.known - entry.first_hour)
        return (entry.first_hour, entry.end_hour) if entry is not None else (0, 0)


def ask(
    fleet: Fleet,
    model: str,
    *,
    start: datetime | None = None,
    end: datetime | None = None,
    days: int = 7,
    baseline: BaselineChoice = "reference",
) -> Asked:
    """The question about a window of whole hours that ends at ``end`` (default: the moment of the fleet).

    Nothing after the moment is looked at: an hour that is not over then is left out, unless the logs end in it. The
    window begins at ``start``, else ``days`` days before its end. Raises ``BurnlineError`` for a window without hours.
    """
    known = (fleet.last + 1) // HOUR if fleet.last < fleet.newest else fleet.newest // HOUR + 1
    until = min(known, _ceil(end)) if end is not None else known
    seen = fleet.seen.get(model)
    if seen is not None and until <= seen.first_us // HOUR_US:
        raise BurnlineError(
            f"the logs of {model} begin at {moment(seen.first_us).astimezone(fleet.at.tzinfo):%Y-%m-%d %H:%M}; "
            "ask about a later time"
        )
    since = _floor(start) if start is not None else until - days * 24
    if since >= until:
        raise BurnlineError(
            "the window of the drift question holds no hour; choose a --from before --to and the last log"
        )
    asked = Asked(fleet, model, since, until, known, baseline)
    halved = asked.before()[1] if asked.provisional and start is None else since
    return replace(asked, first=halved) if since < halved < until else asked


def _half(hours: int) -> int:
    """The first half of a log that is younger than its reference window, in whole days where it has two."""
    days = hours // 24
    return (days + 1) // 2 * 24 if days > 1 else max(hours // 2, 1)


def _floor(at: datetime) -> int:
    return int(at.timestamp()) // 3600


def _ceil(at: datetime) -> int:
    return -(-int(at.timestamp()) // 3600)


def slo_of(asked: Asked, *slis: str) -> Slo | None:
    """The SLO of the model that judges one of these SLIs, the first named first."""
    model = next((m for m in asked.fleet.models if m.name == asked.model), None)
    slos = model.slos if model is not None else ()
    return next((slo for sli in slis for slo in slos if slo.sli == sli), None)


def threshold_of(asked: Asked) -> float:
    """The PSI beyond which a column counts as drifted: that of the SLO, 0.2 without one."""
    slo = slo_of(asked, "drift")
    return slo.threshold if slo is not None and slo.threshold else _DEFAULT_THRESHOLD


def window_rows(asked: Asked, features: Sequence[str] | None = None) -> pl.DataFrame:
    """Counts of the window by day: row (days from the first one), feature, bin, category, n; labels included.

    ``features`` limits them to some columns.
    """
    first, end = asked.first, asked.end
    start = asked.days.start
    whole = range(-(-first // 24), end // 24)
    if not whole:
        whole = range(start, start)
    snapshot, model = asked.fleet.snapshot, asked.model
    parts = [pl.DataFrame(schema=_ROWS)]
    if whole:
        rows = by_day(snapshot, whole.start, whole.stop - 1, model=model, features=features)
        parts.append(_placed(rows.with_columns(row=pl.col("day") - start)))
    edges = [(first, min(end, whole.start * 24)), (max(whole.stop * 24, first), end)] if whole else [(first, end)]
    for low, high in edges:
        if low < high:
            rows = by_hour(snapshot, low, high - 1, model=model, features=features)
            parts.append(_summed(rows.with_columns(row=pl.col("hour") // 24 - start)))
    if features is None or "label" in features:
        parts.append(_placed(_labels(asked, asked.days, start)))
    return pl.concat(parts)


def hour_rows(asked: Asked) -> pl.DataFrame:
    """Counts of the window by hour: row (hours from the first one), feature, bin, category, n."""
    rows = by_hour(asked.fleet.snapshot, asked.first, asked.end - 1, model=asked.model)
    return _placed(rows.with_columns(row=pl.col("hour") - asked.first))


def baseline_counts(asked: Asked, features: Sequence[str] | None = None) -> pl.DataFrame:
    """Counts of the baseline by hour of the week: row (0 = Monday 00:00 UTC, null where no time is known), …, n."""
    first, end = asked.before()
    snapshot = asked.fleet.snapshot
    if asked.baseline == "trailing" or asked.provisional:
        hours = by_hour(asked.fleet.snapshot, first, end - 1, model=asked.model, features=features)
        rows = _summed(hours.with_columns(row=(pl.col("hour") + _THURSDAY) % _WEEK))
    else:
        kept = comparable(snapshot, baseline_rows(snapshot, [asked.model], features=features))
        rows = _placed(kept.with_columns(row=pl.col("how")))
    if first >= end or "label" in rows["feature"].unique() or (features is not None and "label" not in features):
        return rows
    # Labels are kept by day: each stands at the first hour of its weekday.
    labels = _labels(asked, range(first // 24, -(-end // 24)), 0)
    return pl.concat([rows, _summed(labels.with_columns(row=(pl.col("row") * 24 + _THURSDAY) % _WEEK))])


def hours_of_week(asked: Asked, *, step: Literal[1, 24]) -> Floats:
    """Requests of the window by block (of one or 24 hours) and hour of the week: (blocks, 168)."""
    first = asked.days.start * 24 if step == 24 else asked.first
    blocks = -(-(asked.end - first) // step)
    rows = hourly(
        asked.fleet.snapshot, asked.first * HOUR, asked.end * HOUR - 1, model=asked.model, measures=[REQUESTS]
    )
    hour = rows["t"].to_numpy() // HOUR
    weights = np.zeros((blocks, _WEEK))
    np.add.at(weights, ((hour - first) // step, (hour + _THURSDAY) % _WEEK), rows["valid"].to_numpy())
    return weights


def rows_per_event(asked: Asked) -> float:
    """How many rows stand behind one event: less than 1 in logs that are a sample."""
    entry = asked.entry
    return entry.rows / entry.events if entry is not None and entry.events else 1.0


def described(asked: Asked, rows: pl.DataFrame, zone: str) -> Baseline | None:
    """What the window is compared with, in words; ``None`` when there is nothing."""
    entry = asked.entry
    if rows.is_empty() or (entry is None and asked.baseline == "reference"):
        return None
    counts = rows.filter(pl.col("feature") != "label").group_by("feature").agg(pl.col("n").sum())["n"]
    counted = max(counts.to_list(), default=0.0)
    first, end = asked.before()
    timed = first < end
    from_, to = (asked.time(first), asked.time(end)) if timed else (None, None)
    seasonal = rows["row"].null_count() == 0 and rows["row"].n_unique() >= _WEEK
    kind: Literal["reference", "training", "trailing"] = "trailing" if asked.baseline == "trailing" else (
        entry.kind if entry is not None else "reference"
    )  # fmt: skip
    path = entry.path if entry is not None and kind == "training" else None
    span = f"{from_:%d %b %Y %H:%M} to {to:%d %b %Y %H:%M} ({zone})" if from_ and to else ""
    words = {
        "reference": f"the first days of the log, {span}",
        "training": f"the training file {path}",
        "trailing": f"as long a time before the window, {span}",
    }
    return Baseline.model_validate(
        {
            "kind": kind, "from": from_, "to": to, "rows": counted, "path": path, "seasonal": seasonal,
            "provisional": asked.provisional, "sentence": f"Compared with {words[kind]}: {counted:,.0f} rows.",
        }
    )  # fmt: skip


def window_of(asked: Asked, weights: Floats) -> DriftWindow:
    """The window and the requests in it."""
    return DriftWindow.model_validate(
        {"from": asked.time(asked.first), "to": asked.time(asked.end), "rows": float(weights.sum())}
    )


def at_last(asked: Asked) -> datetime:
    """The last moment that counts."""
    return min(asked.fleet.at, asked.time(asked.end) - timedelta(microseconds=1))


def _labels(asked: Asked, days: range, start: int) -> pl.DataFrame:
    rows = labels_by_day(asked.fleet.snapshot, days.start, days.stop - 1, asked.fleet.last, model=asked.model)
    return rows.with_columns(row=pl.col("day") - start, feature=pl.lit("label"))


def _placed(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(pl.col(name).cast(kind) for name, kind in _ROWS.items())


def _summed(rows: pl.DataFrame) -> pl.DataFrame:
    return _placed(rows).group_by("row", "feature", "bin", "category").agg(pl.col("n").sum())
