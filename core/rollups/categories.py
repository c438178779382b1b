"""Columns of very many different values: the thousand most frequent are kept, the others are counted together."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

CATEGORIES = 1_000
OTHER = "<other>"


def capped(rows: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    """The same counts with all but the thousand most frequent categories of each group of ``keys`` together.

    ``n`` may be negative (a label taken back); a category is as frequent as its counts are large.
    """
    if rows.height <= CATEGORIES:
        return rows
    named = pl.col("category").is_not_null() & (pl.col("category") != OTHER)
    totals = rows.filter(named).group_by(*keys, "category").agg(size=pl.col("n").abs().sum())
    rare = (
        totals.filter(pl.len().over(*keys) > CATEGORIES)
        .sort("size", "category", descending=[True, False])
        .filter(pl.int_range(pl.len()).over(*keys) >= CATEGORIES)
        .select(*keys, "category", rare=True)
    )
    if not rare.height:
        return rows
    marked = rows.join(rare, on=[*keys, "category"], how="left", nulls_equal=True)
    together = pl.when("rare").then(pl.lit(OTHER)).otherwise("category").alias("category")
    others = [name for name in rows.columns if name != "n"]
    return marked.with_columns(together).group_by(others).agg(pl.col("n").sum()).select(rows.columns)
