from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from burnline.budgets.evidence import limits
from burnline.drift.answers import SCHEMA, changed_answers, model_answers, read_answers
from burnline.spec import WorkspaceSpec, load_workspace

START = datetime(2026, 11, 1, tzinfo=UTC)


def asked(*rows: tuple[int, int, str | None, str | None], ids: bool = False) -> pl.DataFrame:
    """Rows of minute, inputs, answer, version."""
    us = int(START.timestamp() * 1e6)
    return pl.DataFrame(
        [(us + 60_000_000 * m, i, a, v, n if ids else None, 1.0) for n, (m, i, a, v) in enumerate(rows)],
        schema=SCHEMA,
        orient="row",
    )


def test_answers_that_stay_are_told_as_such() -> None:
    found = changed_answers(asked((0, 1, "a", "1"), (1, 1, "a", "1"), (2, 2, "b", "1"), (3, 1, "a", "2")))
    assert found is not None
    assert (found.repeated, found.changed, found.since, found.versions) == (2, 0, None, ())
    assert found.sentence == "All 2 repeated canary requests were answered as the first time."


def test_the_first_answer_is_the_known_one_and_versions_are_named() -> None:
    found = changed_answers(
        asked(
            *((m, m % 4, "a", "1.0") for m in range(20)),
            *((m, m % 4, "b" if m % 4 == 0 else "a", "2.0") for m in range(20, 40)),
        )
    )
    assert found is not None
    # 40 requests with 4 questions: 36 repeats, of which every fourth of the last 20 is answered otherwise.
    assert (found.repeated, found.changed) == (36, 5)
    assert found.since == START + timedelta(minutes=20)
    assert found.versions == ("1.0", "2.0")
    # 8 cells (question, version) hold 36 answers: one answer in 4.5 is independent.
    low, high = limits(36, 5, 36 / 8)
    assert found.interval == (float(low), float(high))
    assert "5 of 36 repeated canary requests (14 %; 95 %:" in found.sentence
    assert (
        "in 1 of 4 questions, since 2026-11-01 00:20 UTC: version 2.0 answers 5 of 20 otherwise than 1.0 did."
        in found.sentence
    )


def test_numbers_are_compared_with_a_tolerance_of_a_millionth() -> None:
    found = changed_answers(
        asked(
            *((0, i, "100.0", "1") for i in range(3)),
            (1, 0, "100.00009", "2"),
            (1, 1, "100.0002", "2"),
            (1, 2, "100", "2"),
        )
    )
    assert found is not None
    # 9e-5 of 100 is 0.9 millionths, 2e-4 two; "100" and "100.0" are one number.
    assert (found.repeated, found.changed) == (3, 1)
    assert "1 more differ by less than one part in a million, which is rounding." in found.sentence


def test_one_version_that_answers_both_ways_is_told_apart() -> None:
    found = changed_answers(asked(*((m, 1, "ab"[m % 2], "1") for m in range(6))))
    assert found is not None
    assert (found.changed, found.versions) == (3, ("1",))
    assert "within version 1: look for features that are not logged, or for chance in the model" in found.sentence


def test_as_of_a_moment_and_within_a_window() -> None:
    rows = asked((0, 1, "a", "1"), (10, 1, "b", "2"), (20, 1, "b", "2"), (30, 1, "a", "2"))
    until = changed_answers(rows, until=START + timedelta(minutes=15))
    assert until is not None
    assert (until.repeated, until.changed) == (1, 1)
    window = changed_answers(rows, start=START + timedelta(minutes=15))
    assert window is not None
    assert (window.repeated, window.changed, window.since) == (2, 1, START + timedelta(minutes=20))
    assert changed_answers(rows, until=START) is None
    assert changed_answers(rows.head(0)) is None


def test_a_request_that_was_delivered_twice_or_not_answered_is_no_repeat() -> None:
    rows = asked((0, 1, "a", "1"), (1, 2, None, "1"), (2, 2, "b", "1"), ids=True)
    assert changed_answers(pl.concat([rows, rows])) is None


def test_a_weight_counts_as_many_requests() -> None:
    found = changed_answers(asked((0, 1, "a", "1"), (1, 1, "b", "2"), (2, 1, "a", "2")).with_columns(weight=20.0))
    assert found is not None
    assert (found.repeated, found.changed) == (40, 20)


def test_ordinary_requests_speak_only_where_their_features_decide_the_answer() -> None:
    decided = asked(*((m, m % 5, f"{m % 5}" if m < 500 else "new", "1" if m < 500 else "2") for m in range(1000)))
    found = changed_answers(decided, canaries=False)
    assert found is not None
    assert found.changed == 500
    assert "requests (there are no canaries) with the same features as an earlier one" in found.sentence
    chance = asked(*((m, m % 5, "ab"[(m // 5) % 2], "1") for m in range(1000)))
    assert changed_answers(chance, canaries=False) is None
    assert changed_answers(chance) is not None


@given(
    st.lists(
        st.tuples(
            st.integers(0, 50),
            st.integers(0, 3),
            st.sampled_from(["a", "b", None, "1", "1.0", "nan"]),
            st.sampled_from(["1", "2", None]),
        ),
        max_size=25,
    )
)
def test_counts_are_those_of_going_through_the_requests_one_by_one(
    rows: list[tuple[int, int, str | None, str | None]],
) -> None:
    first: dict[int, str] = {}
    repeated = changed = 0
    for _, inputs, answer, _ in sorted(rows, key=lambda row: row[0]):
        if answer is None:
            continue
        repeated += inputs in first
        known = first.setdefault(inputs, answer)
        changed += known != answer and {known, answer} != {"1", "1.0"}
    found = changed_answers(asked(*rows))
    assert (0, 0) if found is None else (found.repeated, found.changed) == (repeated, changed)
    if found is not None:
        assert found.interval is not None
        assert found.interval[0] <= changed / repeated <= found.interval[1]


def workspace(root: Path) -> WorkspaceSpec:
    text = (
        "apiVersion: burnline/v1\nkind: Workspace\nmetadata: {name: w}\n"
        'spec:\n  logs: [{path: "logs/*.parquet", mapping: {prediction: answer}}]\n'
    )
    (root / "burnline.yaml").write_text(text)
    (root / "logs").mkdir()
    return load_workspace(root)


def log(n: int, start: datetime = START, **columns: object) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "timestamp": [start + timedelta(minutes=i) for i in range(n)],
            "model": ["m"] * n,
            "version": ["1"] * n,
            "answer": [i % 3 for i in range(n)],
            "f_x": [i % 3 for i in range(n)],
            "f_y": [None if i % 3 else "y" for i in range(n)],
            **columns,
        }
    )


def test_only_canaries_of_the_model_are_read_whatever_the_types_of_their_features(tmp_path: Path) -> None:
    spec = workspace(tmp_path)
    canary = [i % 2 == 0 for i in range(12)]
    log(12, canary=canary).write_parquet(tmp_path / "logs" / "1.parquet")
    later = log(12, START + timedelta(days=1), canary=[int(c) for c in canary], version=["2"] * 12)
    later = later.with_columns(
        pl.col("f_x").cast(pl.Float32), answer=pl.when(pl.col("f_x") == 2).then(7.0).otherwise("answer")
    )
    later.write_parquet(tmp_path / "logs" / "2.parquet")
    log(12, canary=[True] * 12, model=["other"] * 12).write_parquet(tmp_path / "logs" / "3.parquet")
    found = read_answers(spec, "m")
    assert found.canaries
    assert found.requests.height == 12
    assert found.requests["inputs"].n_unique() == 3
    changed = model_answers(spec, "m")
    assert changed is not None
    # Six canaries a day, two of each question; those of question 2 are answered otherwise on the second day.
    assert (changed.repeated, changed.changed, changed.versions) == (9, 2, ("1", "2"))
    assert changed.since == START + timedelta(days=1, minutes=2)
    assert model_answers(spec, "m", until=START + timedelta(hours=1)) == changed_answers(found.requests.head(6))
    assert model_answers(spec, "nobody") is None


def test_without_canaries_the_newest_requests_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = workspace(tmp_path)
    for day in range(3):
        log(300, START + timedelta(days=day)).write_parquet(tmp_path / "logs" / f"{day}.parquet")
    assert read_answers(spec, "m").requests.height == 900
    monkeypatch.setattr("burnline.drift.answers.NEWEST_ROWS", 700)
    found = read_answers(spec, "m")
    assert not found.canaries
    assert found.requests.height == 600
    assert found.requests["us"].min() == int((START + timedelta(days=1)).timestamp() * 1e6)


def test_a_ranking_log_answers_with_its_score_and_a_log_without_features_says_nothing(tmp_path: Path) -> None:
    spec = workspace(tmp_path)
    ranked = log(6, score=np.arange(6) % 3 / 7, canary=[True] * 6).drop("answer")
    ranked.write_parquet(tmp_path / "logs" / "1.parquet")
    log(6, canary=[True] * 6).drop("f_x", "f_y").write_parquet(tmp_path / "logs" / "2.parquet")
    (tmp_path / "logs" / "3.parquet").write_bytes(b"nothing")
    found = model_answers(spec, "m")
    assert found is not None
    assert (found.repeated, found.changed) == (3, 0)
