"""Keep how far the columns of every model had moved on every day: the table ``drift``.

=====  ==================================================================================================
drift  model, feature, day, n, psi, psi_textbook, psi_seasonal, ks, p, p_adjusted, usual, null_share,
       outside_share, unseen_share, moved, shifted
=====  ==================================================================================================

A day is compared once, with the baseline of its model, and again only when its counts or the baseline change.
``moved`` is the threshold that a column reaches: the lesser of its distance from the baseline and from the same hours
of the week, 0 while that is not proven or no more than days of the baseline differ among themselves. So any threshold
can be asked of it. ``shifted`` says that numbers moved as a whole.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import duckdb
import numpy as np
import polars as pl

from burnline.distances.seasonal import HOURS
from burnline.logs import SCALE
from burnline.logs.engine import frame
from burnline.rollups.compared import Blocks, Compared, compared
from burnline.rollups.distributions import baseline_rows, comparable, grids
from burnline.rollups.grids import Grid
from burnline.rollups.ledger import BaselineEntry, DriftPart, Ledger
from burnline.rollups.measures import REQUESTS
from burnline.rollups.moved import SCHEMA
from burnline.rollups.reads import Snapshot
from burnline.rollups.scoring import Each
from burnline.rollups.store import Store, fingerprint

_FORMAT = 3
_MODELS_AT_ONCE = 100
_DAYS_AT_ONCE = 31


def drifted(each: Each, store: Store, draft: Ledger) -> dict[int, DriftPart]:
    """The table ``drift`` of every day of ``draft``; days that stay as they were keep their object."""
    stage = _Stage(store, draft)
    inputs = stage.inputs()
    stale = [day for day in sorted(inputs) if draft.drift.get(day, _NONE).inputs != inputs[day]]
    found = {day: draft.drift[day] for day in inputs if day not in set(stale)}
    compared = [frame for frame in each(stage.compare, stage.tasks(stale), "measuring drift") if frame.height]
    rows = pl.concat([SCHEMA.to_frame(), *compared]).sort("day", "model", "feature")
    parts = {int(key[0]): part for key, part in rows.partition_by("day", as_dict=True).items()}
    for day in stale:
        part = parts.get(day)
        found[day] = DriftPart(inputs=inputs[day], object=None if part is None else _put(store, day, part))
    return found


_NONE = DriftPart(inputs="")


def _put(store: Store, day: int, part: pl.DataFrame) -> str:
    digest = hashlib.sha1(part.write_ipc(None).getvalue(), usedforsecurity=False).hexdigest()[:20]
    return store.put(f"drift-{day}-{digest}", part.to_arrow())


@dataclass(frozen=True)
class _Task:
    models: tuple[str, ...]
    days: tuple[int, ...]


class _Stage:
    def __init__(self, store: Store, draft: Ledger) -> None:
        self.snapshot = Snapshot(store, draft)
        self.baselines: Mapping[str, BaselineEntry] = {
            name: entry for name, entry in draft.baselines.items() if entry.complete and entry.object is not None
        }
        self.of: dict[int, set[str]] = {day: set() for day in draft.days}
        for log in draft.logs.values():
            for day in log.days:
                if day in self.of:
                    self.of[day].update(log.models.keys() & self.baselines.keys())

    def inputs(self) -> dict[int, str]:
        """What each day with features is worked out from."""
        days = self.snapshot.ledger.days
        return {
            day: fingerprint(
                _FORMAT, days[day].objects["features"], [(m, self.baselines[m].object) for m in sorted(models)]
            )
            for day, models in self.of.items()
            if "features" in days[day].objects
        }

    def tasks(self, stale: Sequence[int]) -> list[_Task]:
        """Pieces of work that fit into memory."""
        found = []
        for start in range(0, len(stale), _DAYS_AT_ONCE):
            days = tuple(stale[start : start + _DAYS_AT_ONCE])
            models = sorted(set().union(*(self.of[day] for day in days)))
            found += [
                _Task(tuple(models[at : at + _MODELS_AT_ONCE]), days) for at in range(0, len(models), _MODELS_AT_ONCE)
            ]
        return found

    def compare(self, con: duckdb.DuckDBPyConnection, task: _Task) -> pl.DataFrame:
        """The rows of some models and days."""
        paths = [self.snapshot.ledger.days[day].objects["features"] for day in task.days]
        chosen = {"models": list(task.models), "days": list(task.days)}
        window = frame(con, _WINDOW, {"paths": self.snapshot.store.paths(paths), **chosen})
        hours = frame(con, _HOURS, {"paths": self._hours(task.days), "requests": REQUESTS, **chosen})
        baseline = comparable(self.snapshot, baseline_rows(self.snapshot, list(task.models)))
        by_model = [f.partition_by("model", as_dict=True) for f in (window, hours, baseline)]
        empty = [f.clear() for f in (window, hours, baseline)]
        found = []
        for model in task.models:
            now, weights, then = (parts.get((model,), none) for parts, none in zip(by_model, empty, strict=True))
            if now.height and then.height:
                own = grids(self.snapshot, model), self.baselines[model]
                found.append(_compare_model(model, now, weights, then, *own))
        return pl.concat([SCHEMA.to_frame(), *found])

    def _hours(self, days: Sequence[int]) -> list[str]:
        objects = (self.snapshot.ledger.days[day].objects for day in days)
        return self.snapshot.store.paths(o["hours"] for o in objects if "hours" in o)


_WINDOW = f"""
    select model, day, feature, bin, category, n / {SCALE} as n
    from (select unnest($paths::varchar[]) as filename, unnest($days::bigint[]) as day)
    join read_parquet($paths, filename = true) using (filename)
    where model in (select unnest($models::varchar[]))"""

_HOURS = f"""
    select model, t // 288 as day, (t // 12 + 72) % {HOURS} as how, sum(valid) / {SCALE} as n
    from read_parquet($paths)
    where measure = $requests and model in (select unnest($models::varchar[]))
      and t // 288 in (select unnest($days::bigint[]))
    group by all"""


def _compare_model(
    model: str,
    window: pl.DataFrame,
    hours: pl.DataFrame,
    baseline: pl.DataFrame,
    own_grids: Mapping[str, Grid],
    entry: BaselineEntry,
) -> pl.DataFrame:
    days = window["day"].unique().sort()
    weights = np.zeros((days.len(), HOURS))
    np.add.at(weights, (days.search_sorted(hours["day"]).to_numpy(), hours["how"].to_numpy()), hours["n"].to_numpy())
    placed = window.with_columns(row=days.search_sorted(window["day"]).cast(pl.Int64))
    blocks = Blocks(weights, entry.rows / entry.events if entry.events else 1.0)
    found = compared(baseline.rename({"how": "row"}), placed, own_grids, blocks)
    rows = pl.concat([SCHEMA.to_frame(), *(_rows(model, days, one) for one in found)])
    return rows.filter(pl.col("n") > 0)


def _rows(model: str, days: pl.Series, one: Compared) -> pl.DataFrame:
    """One column of one model, a row per day."""
    held, far = one.by_block, one.by_block.far
    figures = {
        "day": days,
        "n": one.column.sides[1].rows,
        "psi": far.psi,
        "psi_textbook": far.psi_textbook,
        "psi_seasonal": held.psi,
        "ks": far.ks,
        "p": far.p,
        "p_adjusted": held.p_adjusted,
        "null_share": far.null_share,
        "outside_share": far.below_share + far.above_share,
        "unseen_share": far.unseen_share,
        "moved": np.nan_to_num(held.moved(one.usual)),
        "shifted": held.shifted(one.usual),
    }
    named = pl.DataFrame(figures).with_columns(
        model=pl.lit(model), feature=pl.lit(one.name), usual=pl.lit(one.usual, pl.Float64)
    )
    return named.select(SCHEMA.names()).cast(SCHEMA)
