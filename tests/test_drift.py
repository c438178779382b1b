"""What changed in the inputs, from raw logs to the answer: held against scipy on the raw values."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from making import START, WORKSPACE, make_workspace, model_yaml, only, requests, write
from scipy import stats

from burnline.errors import BurnlineError
from burnline.results.drift import DriftReport, FeatureDrift
from burnline.workspace import Workspace

DAYS = 21
A_DAY = 720
SHIFTED = 16
SLOS = """
drift: {threshold: 0.2, objective: 80%}
accuracy: {objective: 90%}
"""


def log(days: int = DAYS, *, seed: int = 7) -> pl.DataFrame:
    """720 requests a day from a Monday on; from day 16 on f_x is one standard deviation higher, f_kind has a new value.

    f_weekend is another at weekends, f_new begins on day 10 and f_gone ends there.
    """
    rng = np.random.default_rng(seed)
    rows = DAYS * A_DAY
    day = np.arange(rows) // A_DAY
    later = day >= SHIFTED
    frame = requests(rows, minutes=2).with_columns(
        f_x=pl.Series(rng.normal(10.0, 2.0, rows) + 2.0 * later),
        f_calm=pl.Series(rng.gamma(2.0, 3.0, rows)),
        f_weekend=pl.Series(rng.normal(0.0, 1.0, rows) + 3.0 * (day % 7 >= 5)),
        f_kind=pl.Series(np.where(later & (rng.random(rows) < 0.3), "brand-new", rng.choice(["a", "b", "c"], rows))),
        f_new=pl.Series(rng.normal(size=rows)).set(pl.Series(day < 10), None),
        f_gone=pl.Series(rng.normal(size=rows)).set(pl.Series(day >= 10), None),
        prediction=pl.lit(1),
        label=pl.Series((rng.random(rows) < 0.95).astype(int)),
    )
    return frame.head(days * A_DAY)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    folder = tmp_path_factory.mktemp("drift")
    files = {"logs/a.parquet": log(18), "logs/b.parquet": log().slice(18 * A_DAY)}
    opened = make_workspace(folder, files, {"m": model_yaml("m", SLOS)})
    opened.ingest()
    return opened


@pytest.fixture(scope="module")
def report(workspace: Workspace) -> DriftReport:
    return workspace.drift("m", start=START + timedelta(days=14))


def feature(report: DriftReport, name: str) -> FeatureDrift:
    return next(f for f in report.features if f.feature == name)


def raw(name: str) -> tuple[np.ndarray, np.ndarray]:
    """The values of the first seven days and of the last seven."""
    values = log()[name].to_numpy()
    return values[: 7 * A_DAY], values[14 * A_DAY :]


@pytest.mark.parametrize("name", ["f_x", "f_calm", "f_weekend"])
def test_kolmogorov_smirnov_is_that_of_the_raw_values_within_its_stated_error(report: DriftReport, name: str) -> None:
    found, expected = feature(report, name), stats.ks_2samp(*raw(name)).statistic
    assert found.ks is not None
    assert found.ks_error is not None
    assert expected - found.ks_error <= found.ks <= expected + 1e-12
    assert found.ks == pytest.approx(expected, abs=0.005)


def test_wasserstein_is_that_of_the_raw_values_within_a_bin(report: DriftReport) -> None:
    before, now = raw("f_x")
    width = (np.quantile(before, 0.999) - np.quantile(before, 0.001)) / 128
    assert feature(report, "f_x").wasserstein == pytest.approx(stats.wasserstein_distance(before, now), abs=width)


def test_chi_square_of_categories_is_that_of_the_contingency_table(report: DriftReport) -> None:
    before, now = raw("f_kind")
    table = np.array([[(side == value).sum() for value in ("a", "b", "c", "brand-new")] for side in (before, now)])
    expected = stats.chi2_contingency(table, correction=False)
    found = feature(report, "f_kind")
    assert found.chi2 == pytest.approx(expected.statistic)
    assert found.chi2_p == pytest.approx(expected.pvalue)
    assert found.unseen == pytest.approx((now == "brand-new").mean())
    assert found.unseen_values == ("brand-new",)


def test_what_moved_has_drifted_since_its_day_and_the_rest_has_not(report: DriftReport) -> None:
    drifted = {f.feature: f.first_seen for f in report.features if f.drifted}
    begun = START + timedelta(days=SHIFTED)
    assert set(drifted) >= {"f_x", "f_kind", "f_gone"}
    assert not {"f_calm", "f_weekend", "prediction", "label"} & set(drifted)
    assert drifted["f_x"] is not None
    assert abs(drifted["f_x"] - begun) <= timedelta(hours=2)
    days = {b.from_ for b in report.buckets if b.feature == "f_x" and b.drifted}
    assert days == {begun + timedelta(days=i) for i in range(DAYS - SHIFTED)}


def test_half_a_standard_deviation_is_found_on_its_first_day_though_the_threshold_is_too_coarse_for_it(
    tmp_path: Path,
) -> None:
    # PSI of half a standard deviation is .235: below .25. KS of it is 2 x Phi(.25) - 1 = .197.
    rng = np.random.default_rng(3)
    rows = 9 * 2_000
    days = requests(rows, minutes=0.72).with_columns(
        f_x=pl.Series(rng.normal(size=rows) + 0.5 * (np.arange(rows) >= 8 * 2_000)),
        f_calm=pl.Series(rng.normal(size=rows)),
    )
    slo = "drift: {threshold: 0.25, objective: 80%}"
    opened = make_workspace(tmp_path, {"logs/a.parquet": days}, {"m": model_yaml("m", slo)})
    opened.ingest()
    found = opened.drift("m")
    drifted = [(b.feature, b.from_) for b in found.buckets if b.drifted]
    assert drifted == [("f_x", START + timedelta(days=8))]
    assert feature(found, "f_x").drifted
    # The SLO counts what is beyond its threshold.
    assert only(opened, "drift").bad == 0


def test_a_weekend_is_a_season_and_no_drift(workspace: Workspace) -> None:
    weekend = workspace.drift("m", start=START + timedelta(days=12), end=START + timedelta(days=14))
    found = feature(weekend, "f_weekend")
    assert found.psi is not None
    assert found.psi > 1
    assert found.psi_seasonal == pytest.approx(0, abs=0.05)
    assert (found.drifted, "a season" in found.reason) == (False, True)


def test_a_feature_that_vanishes_is_missing_in_all_rows_and_a_new_one_has_nothing_to_be_compared_with(
    report: DriftReport,
) -> None:
    gone, new = feature(report, "f_gone"), feature(report, "f_new")
    assert (gone.drifted, gone.nulls) == (True, (0.0, 1.0))
    assert new.nulls == (1.0, 0.0)


def test_the_slo_counts_days_on_which_a_feature_is_beyond_its_threshold(workspace: Workspace) -> None:
    slo = only(workspace, "drift")
    # f_gone is missing from day 10 on: eleven of twenty-one days.
    assert (slo.total, slo.bad, slo.coverage) == (DAYS, DAYS - 10, 1.0)
    assert slo.budget_remaining == pytest.approx(1 - 11 / (0.2 * 21))
    assert slo.alerts == ()


def test_as_of_the_past_only_days_that_were_over_count(workspace: Workspace) -> None:
    then = only(workspace, "drift", at=START + timedelta(days=12, hours=13))
    assert (then.total, then.bad) == (12, 2)
    early = only(workspace, "drift", at=START + timedelta(days=5))
    assert early.total is None
    assert early.reason == "the reference window is not over yet: until then there is nothing to compare with"


def test_a_later_log_changes_no_answer_about_the_past(tmp_path: Path, workspace: Workspace) -> None:
    short = make_workspace(tmp_path, {"logs/a.parquet": log(18)}, {"m": model_yaml("m", SLOS)})
    short.ingest()
    at = START + timedelta(days=17, hours=6)
    now, then = (w.drift("m", at=at) for w in (workspace, short))
    assert now.model_dump(exclude={"features", "concept"}) == then.model_dump(exclude={"features", "concept"})
    for one, other in zip(now.features, then.features, strict=True):
        assert (one.feature, one.drifted, one.psi, one.ks) == (other.feature, other.drifted, other.psi, other.ks)


def test_the_baseline_is_kept_when_its_logs_are_gone(tmp_path: Path) -> None:
    files = {f"logs/{i}.parquet": log().slice(i * 7 * A_DAY, 7 * A_DAY) for i in range(2)}
    opened = make_workspace(tmp_path, files, {"m": model_yaml("m", SLOS)})
    opened.ingest()
    before = opened.drift("m").features
    write(tmp_path / "logs/2.parquet", log().slice(14 * A_DAY, A_DAY))
    kept = opened.store.read().baselines["m"].object
    opened.ingest()
    assert opened.store.read().baselines["m"].object == kept
    assert opened.drift("m", end=START + timedelta(days=14)).features[0].psi == before[0].psi


def test_another_threshold_is_counted_without_the_logs(workspace: Workspace) -> None:
    # Nothing is as far as 100.
    assert workspace.what_if("m", "drift", threshold=100.0).bad == 0
    assert workspace.what_if("m", "drift", threshold=0.2).bad == DAYS - 10


def test_a_trailing_baseline_compares_with_the_time_before(workspace: Workspace) -> None:
    found = workspace.drift("m", start=START + timedelta(days=18), baseline="trailing")
    assert found.reference is not None
    assert found.reference.kind == "trailing"
    # Days 15 to 17 hold two shifted days, so what is left of the shift is smaller than against the reference.
    against_reference = feature(workspace.drift("m", start=START + timedelta(days=18)), "f_x")
    assert (feature(found, "f_x").psi or 0) < (against_reference.psi or 0)


def test_hours_are_buckets_of_their_own(workspace: Workspace) -> None:
    found = workspace.drift("m", start=START + timedelta(days=20), step="1h")
    hours = [b for b in found.buckets if b.feature == "f_x"]
    assert len(hours) == 24
    assert {b.to - b.from_ for b in hours} == {timedelta(hours=1)}


def test_the_course_that_is_kept_is_the_one_that_is_compared_anew(workspace: Workspace) -> None:
    start, end = START + timedelta(days=9), START + timedelta(days=20, hours=6)
    kept = workspace.drift_course("m", start=start, end=end).buckets
    anew = workspace.drift("m", start=start, end=end, raw=False).buckets
    assert len(kept) == len(anew) > 0
    ordered = sorted(kept, key=lambda b: (b.feature, b.from_))
    for one, other in zip(ordered, sorted(anew, key=lambda b: (b.feature, b.from_)), strict=True):
        assert (one.feature, one.from_, one.to, one.n, one.drifted) == (
            other.feature, other.from_, other.to, other.n, other.drifted,
        )  # fmt: skip
        assert one.psi == pytest.approx(other.psi)
        assert one.psi_seasonal == pytest.approx(other.psi_seasonal)


def test_validation_warns_of_features_that_have_drifted_and_fails_for_none(workspace: Workspace) -> None:
    stage = next(s for s in workspace.validate("m", stages=("features",)).stages if s.stage == "features")
    warned = [c for c in stage.checks if c.check == "drift" and not c.passed]
    # f_new was missing in all of the reference, which is as far from having values as the reverse.
    assert {c.column for c in warned} == {"f_new", "f_gone", "f_kind", "f_x"}
    assert {c.severity for c in warned} == {"warning"}


def test_both_sides_of_a_distribution_add_up_and_show_the_shift(workspace: Workspace) -> None:
    shown = workspace.distribution("m", "f_x", start=START + timedelta(days=16), end=START + timedelta(days=21))
    assert sum(shown.baseline) == pytest.approx(1)
    assert sum(shown.window) == pytest.approx(1)
    middle = (np.array(shown.low[1:-1]) + np.array(shown.high[1:-1])) / 2
    means = [np.average(middle, weights=side[1:-1]) for side in (shown.baseline, shown.window)]
    assert means[1] - means[0] == pytest.approx(2.0, abs=0.15)


def test_a_log_younger_than_its_reference_is_held_against_its_first_half_and_says_so(tmp_path: Path) -> None:
    days = log(4).with_columns(f_x=pl.col("f_x") + 4.0 * (pl.int_range(pl.len()) >= 3 * A_DAY))
    opened = make_workspace(tmp_path, {"logs/a.parquet": days}, {"m": model_yaml("m", SLOS)})
    opened.ingest()
    found = opened.drift("m")
    assert found.reference is not None
    assert (found.reference.to, found.reference.provisional) == (START + timedelta(days=2), True)
    assert found.window.from_ == START + timedelta(days=2)
    assert feature(found, "f_x").drifted
    assert found.sentence.endswith("this is provisional.")
    assert (
        only(opened, "drift").reason
        == "the reference window is not over yet: until then there is nothing to compare with"
    )


def test_a_training_file_is_the_baseline_and_what_never_reached_the_logs_has_not_vanished(tmp_path: Path) -> None:
    trained = log(7).select("f_x", "f_calm", f_never=pl.col("f_x"))
    text = WORKSPACE + '  reference: {path: "reference/{model}.parquet"}\n'
    files = {"logs/a.parquet": log(), "reference/m.parquet": trained}
    opened = make_workspace(tmp_path, files, {"m": model_yaml("m", SLOS)}, workspace=text)
    opened.ingest()
    found = opened.drift("m", start=START + timedelta(days=14))
    assert found.reference is not None
    assert (found.reference.kind, found.reference.seasonal) == ("training", False)
    assert feature(found, "f_x").drifted
    assert not feature(found, "f_calm").drifted
    assert "f_never" not in [f.feature for f in found.features if f.drifted]
    assert any("f_never" in note for note in found.notes)
    assert only(opened, "drift").bad == DAYS - SHIFTED


def test_what_cannot_be_asked_is_said_in_one_sentence(workspace: Workspace) -> None:
    with pytest.raises(BurnlineError, match="holds no hour"):
        workspace.drift("m", start=START + timedelta(days=40))
    with pytest.raises(BurnlineError, match="no column 'f_wrong'"):
        workspace.distribution("m", "f_wrong", start=START, end=START + timedelta(days=1))
    with pytest.raises(BurnlineError, match="did you mean m"):
        workspace.drift("mm")


def test_before_the_first_request_there_is_nothing_to_ask_about(workspace: Workspace) -> None:
    with pytest.raises(BurnlineError, match="the logs of m begin at 2026-10-05 00:00; ask about a later time"):
        workspace.drift("m", at=START - timedelta(days=30))
