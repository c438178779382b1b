"""What people say, what it comes to, and how it is taken back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from burnline import records
from burnline.errors import BurnlineError

NOON = datetime(2026, 10, 5, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_acknowledging_and_taking_it_back(tmp_path: Path) -> None:
    records.acknowledge(tmp_path, "a1", by="ann")
    assert records.read(tmp_path).acknowledged_by("a1") == "ann"
    records.acknowledge(tmp_path, "a1", by="bob")
    assert records.read(tmp_path).acknowledged_by("a1") == "bob"
    records.acknowledge(tmp_path, "a1", by="ann", undo=True)
    assert records.read(tmp_path).acknowledged_by("a1") is None
    assert len(records.read(tmp_path).entries) == 3


def test_the_last_mark_counts_and_none_takes_it_back(tmp_path: Path) -> None:
    records.mark(tmp_path, "a1", "noise", by="ann")
    records.mark(tmp_path, "a1", "useful", by="bob")
    records.mark(tmp_path, "a2", "noise", by="bob")
    assert records.read(tmp_path).marks == {"a1": "useful", "a2": "noise"}
    records.mark(tmp_path, "a1", None, by="bob")
    assert records.read(tmp_path).marks == {"a2": "noise"}


@pytest.mark.parametrize(
    ("model", "slo", "covered"),
    [
        (None, None, {"m.a", "m.b", "n.a"}),
        ("m", None, {"m.a", "m.b"}),
        ("m", "a", {"m.a"}),
        (None, "a", {"m.a", "n.a"}),
    ],
)
def test_a_silence_covers_what_it_names_until_it_ends(
    tmp_path: Path, model: str | None, slo: str | None, covered: set[str]
) -> None:
    records.silence(tmp_path, start=NOON, until=NOON + HOUR, reason="load test", by="ann", model=model, slo=slo)
    found = records.read(tmp_path)

    def at(moment: datetime) -> set[str]:
        return {f"{m}.{s}" for m, s in (("m", "a"), ("m", "b"), ("n", "a")) if found.silence(m, s, moment)}

    assert at(NOON) == at(NOON + HOUR - timedelta(seconds=1)) == covered
    assert at(NOON - timedelta(seconds=1)) == at(NOON + HOUR) == set()
    assert len(found.active_silences(NOON)) == 1
    assert found.active_silences(NOON + HOUR) == ()


def test_ending_a_silence_keeps_its_past_and_undoing_it_does_not(tmp_path: Path) -> None:
    first = records.silence(tmp_path, start=NOON, until=NOON + 4 * HOUR, reason="x", by="ann")
    second = records.silence(tmp_path, start=NOON, until=NOON + 2 * HOUR, reason="y", by="ann")
    records.unsilence(tmp_path, first, by="bob", ended=NOON + HOUR)
    found = records.read(tmp_path)
    assert [(s.id, s.end) for s in found.silences] == [(second, NOON + 2 * HOUR), (first, NOON + HOUR)]
    longest = found.silence("m", "a", NOON)
    assert longest is not None
    assert longest.reason == "y"
    records.unsilence(tmp_path, second, by="bob")
    assert [s.id for s in records.read(tmp_path).silences] == [first]


def test_notes_and_status_of_an_incident(tmp_path: Path) -> None:
    assert records.read(tmp_path).incident_status("i1") == "new"
    kept = records.note(tmp_path, "i1", "Rolled back to v3.\nWatching.", by="ann")
    gone = records.note(tmp_path, "i1", "wrong incident", by="bob")
    records.set_incident_status(tmp_path, "i1", "mitigated", by="ann")
    records.delete_note(tmp_path, gone, by="bob")
    found = records.read(tmp_path)
    assert [(n.id, n.by, n.text) for n in found.notes("i1")] == [(kept, "ann", "Rolled back to v3.\nWatching.")]
    assert found.notes("i2") == ()
    assert found.incident_status("i1") == "mitigated"


def test_an_override_is_kept_with_what_the_gate_said(tmp_path: Path) -> None:
    records.override(tmp_path, "m", change="fix", reason="reverts the leak", decision="block", by="ann")
    (found,) = records.read(tmp_path).overrides("m")
    assert (found.change, found.reason, found.decision, found.by) == ("fix", "reverts the leak", "block", "ann")
    assert found.at.tzinfo is not None


@pytest.mark.parametrize(
    ("reason", "by", "hours", "sentence"),
    [
        ("", "ann", 1, "the reason is empty; say it in a few words"),
        (" \n ", "ann", 1, "the reason is empty; say it in a few words"),
        ("x" * 4001, "ann", 1, "the reason has 4,001 characters; keep it below 4,000"),
        ("a\x1b[31m", "ann", 1, "the reason holds control characters; write plain text"),
        ("x", "an\nn", 1, "the name of who says it holds control characters; write plain text"),
        ("x", "", 1, "the name of who says it is empty; say it in a few words"),
        (
            "x",
            "ann",
            0,
            "the silence would end at 2026-10-05 12:00, before it begins at 2026-10-05 12:00; give a later end",
        ),
    ],
)
def test_what_cannot_be_recorded_is_one_sentence_and_leaves_no_trace(
    tmp_path: Path, reason: str, by: str, hours: int, sentence: str
) -> None:
    with pytest.raises(BurnlineError) as error:
        records.silence(tmp_path, start=NOON, until=NOON + hours * HOUR, reason=reason, by=by)
    assert str(error.value) == sentence
    assert not list(tmp_path.iterdir())


def test_unknown_words_and_ids_are_named(tmp_path: Path) -> None:
    with pytest.raises(BurnlineError, match="there is no mark 'good'; write one of useful, noise, none"):
        records.mark(tmp_path, "a", "good", by="ann")  # type: ignore[arg-type]
    with pytest.raises(BurnlineError, match="there is no status 'done'; write one of new, investigating"):
        records.set_incident_status(tmp_path, "i", "done", by="ann")  # type: ignore[arg-type]
    with pytest.raises(BurnlineError, match="there is no silence 's'; known: none"):
        records.unsilence(tmp_path, "s", by="ann")
    with pytest.raises(BurnlineError, match="there is no note 'n'; known: none"):
        records.delete_note(tmp_path, "n", by="ann")
    with pytest.raises(BurnlineError, match="has no time zone"):
        records.silence(tmp_path, start=datetime(2026, 1, 1), until=NOON, reason="x", by="ann")
