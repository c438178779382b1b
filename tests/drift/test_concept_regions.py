"""Where errors sit: the best subset of an input, then what is left of the next."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import polars as pl
import pytest

from burnline.drift.cells import cells
from burnline.drift.regions import regions, scan

N = 12_000


def world(seed: int = 1, *, lift: float = 0.2) -> pl.DataFrame:
    """4 % wrong; ``lift`` more where f_risk lies in its highest quarter. f_echo goes with it, f_idle does not."""
    rng = np.random.default_rng(seed)
    risk = rng.normal(size=N)
    p = 0.04 + lift * (risk > 0.674)
    return pl.DataFrame(
        {
            "f_risk": risk,
            "f_echo": 0.8 * risk + 0.6 * rng.normal(size=N),
            "f_idle": rng.normal(size=N),
            "region": rng.choice(["eu", "us"], N),
            "_bad": (rng.random(N) < p).astype(float),
            "_expected": np.full(N, 0.04),
            "_events": np.full(N, 2.0),
        }
    )


def found_in(rows: pl.DataFrame, kind: str = "accuracy") -> list[tuple[dict[str, str], float]]:
    columns = [cells(name, rows) for name in ("f_echo", "f_risk", "f_idle", "region")]
    return [(one.where, one.share_of_excess) for one in regions(rows, columns, kind=kind)]  # type: ignore[arg-type]


def test_the_guilty_region_is_found_and_its_shadow_explained_away() -> None:
    rows = world()
    found = found_in(rows)
    assert [list(where) for where, _ in found] == [["f_risk"]]
    where, share = found[0]
    edge = float(np.quantile(rows["f_risk"], 0.75))
    assert where["f_risk"] == f"at or above {edge:.4g}"
    assert share == pytest.approx(1.0, abs=0.1)


def test_figures_are_counts_of_events() -> None:
    rows = world()
    one = regions(rows, [cells("f_risk", rows)], kind="accuracy")[0]
    inside = rows.filter(pl.col("f_risk") >= np.quantile(rows["f_risk"], 0.75))
    assert (one.valid, one.bad) == (2.0 * inside.height, 2.0 * inside["_bad"].sum())
    assert one.expected == pytest.approx(0.04 * one.valid)
    assert one.sentence == (
        f"f_risk {one.where['f_risk']}: {one.bad:,.0f} wrong of {one.valid:,.0f}, {one.expected:,.0f} expected; "
        f"{one.share_of_excess:.0%} of the excess"
    )


def test_two_guilty_inputs_are_both_found() -> None:
    rows = world(2)
    rng = np.random.default_rng(3)
    more = (rows["region"] == "us") & pl.Series(rng.random(N) < 0.15)
    rows = rows.with_columns(_bad=pl.when(more).then(1.0).otherwise("_bad"))
    assert {name for where, _ in found_in(rows) for name in where} == {"f_risk", "region"}


def test_a_rise_everywhere_alike_has_no_region() -> None:
    rows = world(4, lift=0.0)
    assert found_in(rows.with_columns(_expected=pl.lit(0.02))) == []


def test_missing_values_and_new_categories_are_regions_too() -> None:
    rows = world(5, lift=0.0)
    rng = np.random.default_rng(6)
    hit = pl.Series(rng.random(N) < 0.1)
    worse = rows.with_columns(
        f_idle=pl.when(hit).then(None).otherwise("f_idle"),
        _bad=pl.when(hit & pl.Series(rng.random(N) < 0.5)).then(1.0).otherwise("_bad"),
    )
    columns = [cells(name, rows) for name in ("f_risk", "f_idle")]
    assert regions(worse, columns, kind="accuracy")[0].where == {"f_idle": "missing"}


def test_squared_errors_have_regions() -> None:
    rows = world(7)
    rng = np.random.default_rng(8)
    size = np.where(rows["f_risk"] > 0.674, 4.0, 1.0)
    rows = rows.with_columns(_bad=pl.Series(size * rng.chisquare(1, N)), _expected=pl.lit(1.0))
    found = found_in(rows, "rmse")
    assert [list(where) for where, _ in found] == [["f_risk"]]


def test_no_rows_and_nothing_expected_have_no_region() -> None:
    rows = world()
    assert found_in(rows.clear()) == []
    assert found_in(rows.with_columns(_expected=pl.lit(0.0))) == []


def test_the_best_prefix_is_the_best_of_all_subsets() -> None:
    rng = np.random.default_rng(9)
    for _ in range(20):
        n = 600
        codes = rng.integers(0, 5, n)
        p = rng.uniform(0.05, 0.5, 5)
        bad, due = (rng.random(n) < p[codes]).astype(float), np.full(n, 0.2)
        best = scan([codes], [5], bad, due, np.ones(n), most=1)
        c = np.bincount(codes, bad, 5)
        e = np.bincount(codes, due, 5) * c.sum() / due.sum()
        scores = {}
        for size in range(1, 5):
            for subset in combinations(range(5), size):
                inner, expected = c[list(subset)].sum(), e[list(subset)].sum()
                outer = c.sum() - inner
                if inner > expected and expected < 0.6 * c.sum():
                    likelihood = inner * np.log(inner / expected) + outer * np.log(outer / (c.sum() - expected))
                    scores[frozenset(subset)] = likelihood - 0.25 * size
        if best:
            assert best[0].score == pytest.approx(max(scores.values()))
            assert best[0].cells == max(scores, key=scores.__getitem__)
        else:
            assert max(scores.values()) < 15
