"""Corrections: what begins in them counts on neither side, in every SLI, window and view."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from making import START, WORKSPACE, make_workspace, model_yaml, requests, write
from oracle import Event, Oracle, starts
from test_against_oracle import World

from burnline.budgets.budget import burn_rate
from burnline.budgets.corrections import bucket_ranges, clipped, inside, merged, size
from burnline.budgets.fleet import Fleet
from burnline.budgets.history import outcomes
from burnline.budgets.question import Question, key_of
from burnline.budgets.sums import Sums
from burnline.budgets.what_if import can_move, recount
from burnline.budgets.windows import begin, bucket
from burnline.spec import Correction
from burnline.spec.corrections import Repeat
from burnline.workspace import Workspace

ranges_of_buckets = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 8)).map(lambda r: (r[0], r[0] + r[1])))


@given(ranges_of_buckets, st.integers(0, 40), st.integers(-9, 40), st.sampled_from([1, 12]))
def test_ranges_are_sets_of_buckets(ranges, first, length, step):
    whole = {t for a, b in ranges for t in range(a, b + 1)}
    joined = merged(ranges)
    last = first + length
    assert {t for a, b in joined for t in range(a, b + 1)} == whole
    assert all(b + 1 < a for (_, b), (a, _) in pairwise(joined))
    within = {t for t in whole if first <= t <= last}
    assert {t for a, b in clipped(joined, first, last) for t in range(a, b + 1)} == within
    assert size(joined, first, last, step) == sum(t % step == 0 for t in within)
    t = pl.int_range(0, 80, eager=True).to_numpy()
    assert set(t[inside(joined, t)].tolist()) == whole


def correction(start: str, end: str, **more: Any) -> Correction:
    times = (datetime.fromisoformat(start), datetime.fromisoformat(end))
    return Correction(start=times[0], end=times[1], timezone="Europe/Zurich", reason="x", **more)


def times_of(found: Correction, last: datetime = datetime(2030, 1, 1, tzinfo=UTC)) -> list[str]:
    """The ranges as times in UTC; the end is where the last bucket ends."""
    spans = [(begin(a), begin(b + 1)) for a, b in bucket_ranges(found, bucket(last))]
    return [f"{a:%m-%d %H:%M} {b:%m-%d %H:%M}" for a, b in spans]


def test_a_bucket_belongs_to_the_correction_it_begins_in():
    # Zurich is two hours ahead in summer: 02:01 to 02:11 holds the beginnings 02:05 and 02:10.
    assert times_of(correction("2026-07-01 02:01", "2026-07-01 02:11")) == ["07-01 00:05 07-01 00:15"]
    assert times_of(correction("2026-07-01 02:00", "2026-07-01 02:10")) == ["07-01 00:00 07-01 00:10"]
    assert times_of(correction("2026-07-01 02:01", "2026-07-01 02:04")) == []
    assert times_of(correction("2026-07-01 02:00+00:00", "2026-07-01 02:05+00:00")) == ["07-01 02:00 07-01 02:05"]


def test_two_in_the_morning_stays_two_in_the_morning_over_daylight_saving():
    weekly = correction("2026-10-18 02:00", "2026-10-18 04:00", repeat=Repeat(rule="FREQ=WEEKLY", count=3))
    # The night of the 25th has its third hour twice: 00:00 to 03:00 in UTC.
    assert times_of(weekly) == ["10-18 00:00 10-18 02:00", "10-25 00:00 10-25 03:00", "11-01 01:00 11-01 03:00"]
    spring = correction("2026-03-28 02:30", "2026-03-28 03:30", repeat=Repeat(rule="FREQ=DAILY", count=2))
    # On the 29th clocks jump from 02:00 to 03:00: what is left is 03:00 to 03:30.
    assert times_of(spring) == ["03-28 01:30 03-28 02:30", "03-29 01:00 03-29 01:30"]


def test_what_lies_ahead_is_not_corrected_yet():
    daily = correction("2026-07-01 02:00", "2026-07-01 03:00", repeat=Repeat(rule="FREQ=DAILY"))
    at = datetime(2026, 7, 2, 0, 7, tzinfo=UTC)
    assert times_of(daily, at) == ["07-01 00:00 07-01 01:00", "07-02 00:00 07-02 00:10"]


# One SLI at a time, by hand --------------------------------------------------------------------


def corrected(text: str) -> str:
    return f"{WORKSPACE}  corrections:\n  - {{{text}}}\n"


def counted(workspace: Workspace, slo: str, *, at: datetime | None = None) -> Sums:
    """The counts of one SLO over its window."""
    fleet = workspace.fleet("m", at=at)
    question = next(q for q in fleet.questions if q.slo.name == slo)
    return fleet.sums(question, fleet.spans["m", slo].first)


HALF_HOUR = 'from: "2026-10-05 01:00", to: "2026-10-05 01:30", reason: load test, category: load_test'


def test_dropped_is_not_called_good_and_both_figures_are_shown(tmp_path: Path) -> None:
    # 180 requests, one a minute; 60..89 fail in the load test, 100..109 for real.
    status = pl.Series([500 if 60 <= i < 90 or 100 <= i < 110 else 200 for i in range(180)])
    log = requests(180).with_columns(status=status)
    models = {"m": model_yaml("m", "availability: {objective: 90%}")}
    workspace = make_workspace(tmp_path, {"logs/a.parquet": log}, models, workspace=corrected(HALF_HOUR))
    workspace.ingest()
    # 180 - 30 = 150 requests are left, 10 of them bad. Called good, they would be 180.
    assert counted(workspace, "availability") == Sums(150, 10, 150)
    fleet = workspace.fleet()
    raw = fleet.raw(fleet.questions[0])
    assert raw is not None
    # 40 of 180 are bad, 18 allowed.
    assert (raw.total, raw.bad, raw.excluded_total, raw.excluded_bad) == (180, 40, 30, 30)
    assert raw.value == pytest.approx(140 / 180)
    assert raw.budget_remaining == pytest.approx(1 - 40 / 18)
    assert raw.reasons == ("load test (2026-10-05 01:00 to 01:30)",)


def test_raw_figures_only_where_a_correction_touches_the_window(tmp_path: Path) -> None:
    models = {"m": model_yaml("m", "availability: {objective: 90%, window: 1h}\nlatency: {threshold: 1s}")}
    log = requests(180).with_columns(status=pl.lit(200), latency_ms=pl.lit(5.0))
    text = f"{HALF_HOUR}, slos: [availability]"
    workspace = make_workspace(tmp_path, {"logs/a.parquet": log}, models, workspace=corrected(text))
    workspace.ingest()
    late, early = workspace.fleet(), workspace.fleet(at=START + timedelta(minutes=100))
    by_name = {q.slo.name: q for q in late.questions}
    # As of 02:59 the last hour begins at 02:00, after the correction.
    assert late.raw(by_name["availability"]) is None
    assert early.raw(by_name["availability"]) is not None
    assert early.raw(by_name["latency"]) is None
    assert list(late.excluded_ranges) == [("m", "availability")]


def test_a_silent_slice_in_a_correction_is_not_missing_traffic(tmp_path: Path) -> None:
    # Requests in hours 0 and 2; hour 1 is silent, and half of it is corrected.
    log = pl.concat([requests(60), requests(60, start=START + timedelta(hours=2))])
    models = {"m": model_yaml("m", "throughput: {threshold: 1/m, objective: 50%}")}
    workspace = make_workspace(tmp_path, {"logs/a.parquet": log}, models, workspace=corrected(HALF_HOUR))
    workspace.ingest()
    # 36 slices, 6 of them corrected; of the 12 silent ones 6 are left.
    assert counted(workspace, "throughput") == Sums(30, 6, 30)


def test_an_hour_is_dropped_when_it_begins_in_the_correction(tmp_path: Path) -> None:
    # Every hour has an error of 5: three bad slices. From 01:00 on hour 1 is dropped, from 02:05 on none.
    log = requests(180).with_columns(prediction=pl.lit(0.0), label=pl.lit(5.0))
    models = {"m": model_yaml("m", "rmse: {threshold: 1, objective: 50%}", type_="regression")}
    for name, text, slices in (
        ("a", HALF_HOUR, 2),
        ("b", 'from: "2026-10-05 02:05", to: "2026-10-05 02:55", reason: x', 3),
    ):
        files = {"logs/a.parquet": log}
        workspace = make_workspace(tmp_path / name, files, models, workspace=corrected(text))
        workspace.ingest()
        assert counted(workspace, "rmse") == Sums(slices, slices, slices)


def test_when_everything_is_dropped_there_is_no_data_and_it_says_why(tmp_path: Path) -> None:
    models = {"m": model_yaml("m", "availability: {objective: 90%}")}
    text = "from: 2026-10-05, to: 2026-10-06, reason: migration"
    log = requests(10).with_columns(status=pl.lit(200))
    workspace = make_workspace(tmp_path, {"logs/a.parquet": log}, models, workspace=corrected(text))
    workspace.ingest()
    fleet = workspace.fleet()
    assert counted(workspace, "availability") == Sums()
    assert fleet.why_no_data(fleet.questions[0]) == "corrections drop everything in the window"


def test_reasons_count_what_recurs_and_name_who_approved(tmp_path: Path) -> None:
    models = {"m": model_yaml("m", "availability: {objective: 90%}")}
    text = (
        'from: "2026-10-05 00:10", to: "2026-10-05 00:20", reason: patch night, category: maintenance, '
        'repeat: "FREQ=HOURLY;COUNT=9", approver: Ada'
    )
    log = requests(150).with_columns(status=pl.lit(200))
    workspace = make_workspace(tmp_path, {"logs/a.parquet": log}, models, workspace=corrected(text))
    workspace.ingest()
    fleet = workspace.fleet()
    raw = fleet.raw(fleet.questions[0])
    assert raw is not None
    assert raw.reasons == (
        "maintenance: patch night (3 times, last 2026-10-05 02:10 to 02:20, approved by Ada)",
    )  # fmt: skip
    assert raw.excluded_total == 30


def test_without_corrections_nothing_more_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    models = {"m": model_yaml("m", "availability: {objective: 90%}")}
    workspace = make_workspace(tmp_path, {"logs/a.parquet": requests(10).with_columns(status=pl.lit(200))}, models)
    workspace.ingest()

    def read(*_: object) -> None:
        raise AssertionError("read")

    monkeypatch.setattr("burnline.budgets.fleet.part_sums", read)
    assert counted(workspace, "availability").valid == 10
    assert workspace.fleet().excluded_ranges == {}


def test_another_threshold_is_counted_without_what_is_dropped(tmp_path: Path) -> None:
    # All of hour 1 is slow; half of it is dropped. At 50 ms nothing else is bad.
    latency = pl.Series([500.0 if 60 <= i < 120 else 10.0 for i in range(180)])
    log = requests(180).with_columns(latency_ms=latency)
    models = {"m": model_yaml("m", "latency: {threshold: 100ms, objective: 90%}")}
    workspace = make_workspace(tmp_path, {"logs/a.parquet": log}, models, workspace=corrected(HALF_HOUR))
    workspace.ingest()
    tried = workspace.what_if("m", "latency", threshold=50)
    assert (tried.total, tried.bad) == (150, 30)


# Against counting one by one -------------------------------------------------------------------


class CorrectedOracle(Oracle):
    """The oracle, with what begins in a correction struck out of its list of events."""

    struck: Any = None

    def events(self, model: str, promise: Any, at: datetime) -> list[Event]:
        return [e for e in super().events(model, promise, at) if not self.struck(model, promise.name, starts(e.t))]

    def coverage(self, model: str, promise: Any, at: datetime, valid: Fraction) -> float | None:
        kept = self.requests[model]
        self.requests[model] = [r for r in kept if not self.struck(model, promise.name, starts(r.t))]
        try:
            return super().coverage(model, promise, at, valid)
        finally:
            self.requests[model] = kept


class CorrectedWorld(World):
    """A random workspace with random corrections in burnline.yaml and in one model."""

    def corrections(self) -> list[dict[str, Any]]:
        draw = self.random
        found = []
        for _ in range(draw.choice([1, 2, 3])):
            # Half of what is logged lies in the first hours.
            begins = self.moment().astimezone(ZoneInfo(self.zone)).replace(tzinfo=None, microsecond=0, second=0)
            length = timedelta(minutes=draw.choice([7, 30, 60, 300]))
            item = {"from": str(begins), "to": str(begins + length), "reason": "x"}
            if draw.random() < 0.5:
                item["repeat"] = draw.choice(["daily", "RRULE:FREQ=HOURLY;INTERVAL=3;COUNT=5"])
            if draw.random() < 0.4:
                item["slos"] = draw.choice([["latency"], ["availability", "completeness"]])
            found.append(item)
        return found

    def write_definitions(self, cases: Any) -> None:
        super().write_definitions(cases)
        path = self.folder / "burnline.yaml"
        document = yaml.safe_load(path.read_text())
        self.zone = document["spec"]["timezone"]
        own, everyone = self.corrections(), self.corrections()
        if self.random.random() < 0.5:
            everyone[0]["models"] = ["alpha", "gamma"]
        document["spec"]["corrections"] = everyone
        path.write_text(yaml.safe_dump(document))
        path = self.folder / "models" / "alpha.yaml"
        document = yaml.safe_load(path.read_text())
        document["spec"]["corrections"] = own
        path.write_text(yaml.safe_dump(document))
        self.listed = [*everyone, *(item | {"models": ["alpha"]} for item in own)]

    def struck(self, model: str, slo: str, at: datetime) -> bool:
        """Whether a bucket that begins at ``at`` is corrected: on the clock of the zone."""
        clock = at.astimezone(ZoneInfo(self.zone)).replace(tzinfo=None)
        for item in self.listed:
            if model not in item.get("models", [model]) or slo not in item.get("slos", [slo]):
                continue
            start, end = (datetime.fromisoformat(item[key]) for key in ("from", "to"))
            step = {"daily": timedelta(days=1)}.get(item.get("repeat", ""), timedelta(hours=3))
            for k in range({"daily": 8}.get(item.get("repeat", ""), 5) if "repeat" in item else 1):
                if start + k * step <= clock < end + k * step:
                    return True
        return False


def still(at: datetime, zone: str) -> bool:
    """Whether clocks of the zone are not changed around ``at``; wall time says nothing about the others."""
    offsets = {(at + timedelta(hours=h)).astimezone(ZoneInfo(zone)).utcoffset() for h in range(0, 24 * 20, 6)}
    return len(offsets) == 1


@pytest.mark.parametrize("seed", [101, 104, 106])
def test_what_is_left_is_what_counting_one_by_one_gives(seed: int, tmp_path: Path) -> None:
    world = CorrectedWorld(seed, tmp_path)
    world.start = random.Random(seed).choice([datetime(2025, 7, 7, tzinfo=UTC), datetime(2024, 12, 30, 20, tzinfo=UTC)])
    plain = world.write()
    oracle = CorrectedOracle.__new__(CorrectedOracle)
    oracle.__dict__ = dict(vars(plain))
    oracle.struck = world.struck
    workspace = Workspace.open(tmp_path)
    world.ingest(workspace)
    assert still(world.start, world.zone)
    for at in world.moments(plain)[1:]:
        fleet = workspace.fleet(at=at)
        for question in fleet.questions:
            check_sums(fleet, question, oracle, at)
    raw = fleet.without_corrections()
    for question in fleet.questions:
        check_raw(fleet, raw, question)
    check_history(fleet)


def check_sums(fleet: Fleet, question: Question, oracle: Oracle, at: datetime) -> None:
    """Counts of the window and of the burn-rate windows, and the coverage."""
    model, name = key_of(question)
    expected = oracle.slo(model, next(p for p in oracle.promises[model] if p.name == name), at)
    found = fleet.sums(question, fleet.spans[model, name].first)
    assert found.valid == (expected["total"] or 0), (model, name, at)
    assert found.bad == pytest.approx(expected["bad"] or 0, abs=1e-6), (model, name, at)
    if expected.get("coverage") is not None:
        assert found.coverage == pytest.approx(expected["coverage"]), (model, name, at)
    for window, burn in expected["burn_rates"].items() if found.valid else ():
        some = fleet.sums(question, fleet.bursts[window].first)
        ours = burn_rate(question.slo.objective, some.valid, some.bad)
        assert ours == (None if burn is None else pytest.approx(burn, abs=1e-6)), (model, name, at, window)


def check_raw(fleet: Fleet, raw: Fleet, question: Question) -> None:
    """What is left and what is excluded add up to what was measured."""
    shown, first = fleet.raw(question), fleet.spans[key_of(question)].first
    kept, measured = fleet.sums(question, first), raw.sums(question, first)
    if shown is None:
        assert (kept.valid, kept.bad) == (measured.valid, measured.bad)
    else:
        assert (shown.total, shown.bad) == (measured.valid, pytest.approx(measured.bad, abs=1e-6))
        assert kept.valid + shown.excluded_total == pytest.approx(shown.total)
        assert kept.bad + shown.excluded_bad == pytest.approx(shown.bad)


def check_history(fleet: Fleet) -> None:
    """Hours add up to the windows they make up, and what-if at the threshold in force gives the same."""
    for question in fleet.questions:
        if question.measure is None:
            continue
        first = fleet.spans[key_of(question)].first
        whole = fleet.sums(question, first)
        hours = outcomes(fleet, first, [question])
        assert hours["valid"].sum() == pytest.approx(whole.valid), key_of(question)
        assert hours["bad"].sum() == pytest.approx(whole.bad), key_of(question)
        slices = question.measure.slices
        if can_move(question) and slices is not None:
            again = recount(fleet, question, question.slo.threshold, first)
            assert again["valid"].sum() == pytest.approx(whole.valid), key_of(question)
            assert again["bad"].sum() == pytest.approx(whole.bad), key_of(question)


def test_late_labels_are_dropped_with_the_request_they_belong_to(tmp_path: Path) -> None:
    log = requests(180).with_columns(prediction=pl.lit(1))
    # Half of the labels of the corrected half hour arrive at 02:00, half at 05:00, the others at once.
    known = pl.Series(
        [START + timedelta(minutes=i if not 60 <= i < 90 else 120 if i < 75 else 300) for i in range(180)]
    )
    labels = log.select("request_id", label=pl.lit(0), label_timestamp=known)
    models = {"m": model_yaml("m", "accuracy: {objective: 90%}")}
    workspace = make_workspace(tmp_path, {"logs/a.parquet": log}, models, workspace=corrected(HALF_HOUR))
    write(tmp_path / "labels" / "a.parquet", labels)
    workspace.ingest()
    # As of 01:40 and 02:30 there are requests up to minute 104 and 154: a bucket counts as a whole.
    for minutes, total, excluded in ((100, 75, 0), (150, 125, 15), (400, 150, 30)):
        at = START + timedelta(minutes=minutes)
        fleet = workspace.fleet(at=at)
        assert counted(workspace, "accuracy", at=at) == Sums(total, total, total), minutes
        raw = fleet.raw(fleet.questions[0])
        assert raw is not None
        assert raw.excluded_total == excluded
