"""What people do, one function each: check what they say and put it on record."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from datetime import datetime
from pathlib import Path
from typing import get_args

from burnline.errors import BurnlineError
from burnline.records.entries import (
    Acknowledged,
    IncidentMoved,
    IncidentStatus,
    Mark,
    Marked,
    Noted,
    NoteDeleted,
    Overridden,
    Silenced,
    Unacknowledged,
    Unsilenced,
    Validated,
)
from burnline.records.journal import append
from burnline.records.records import read
from burnline.results import Decision


def acknowledge(root: Path, alert: str, *, by: str, undo: bool = False) -> None:
    """Somebody works on an alert (``undo``: does not after all).

    Raises:
        BurnlineError: a name or id that cannot be recorded, or a journal that cannot be written;
            so do all functions here.
    """
    append(root, Unacknowledged(by=by, alert=alert) if undo else Acknowledged(by=by, alert=alert))


def mark(root: Path, alert: str, value: Mark | None, *, by: str) -> None:
    """An alert was useful or noise; ``None`` takes the mark back."""
    _one_of(value, (*get_args(Mark), None), "mark")
    append(root, Marked(by=by, alert=alert, mark=value))


def silence(
    root: Path,
    *,
    start: datetime,
    until: datetime,
    reason: str,
    by: str,
    model: str | None = None,
    slo: str | None = None,
) -> str:
    """Send nothing about a model or an SLO (None: any) in [start, until) of log time; returns its id."""
    entry = Silenced(
        by=by, id=_new("silence"), model=model, slo=slo, from_=_aware(start), until=_aware(until), reason=reason
    )
    append(root, entry)
    return entry.id


def unsilence(root: Path, id_: str, *, by: str, ended: datetime | None = None) -> None:
    """End a silence at ``ended`` of log time; ``None`` takes it back as if it had never been."""
    _known(id_, {s.id for s in read(root).silences}, "silence")
    append(root, Unsilenced(by=by, id=id_, ended=None if ended is None else _aware(ended)))


def note(root: Path, incident: str, text: str, *, by: str) -> str:
    """Write a note on an incident; returns the id of the note."""
    entry = Noted(by=by, id=_new("note"), incident=incident, text=text)
    append(root, entry)
    return entry.id


def delete_note(root: Path, id_: str, *, by: str) -> None:
    """Take a note back."""
    _known(id_, read(root).note_ids, "note")
    append(root, NoteDeleted(by=by, id=id_))


def set_incident_status(root: Path, incident: str, status: IncidentStatus, *, by: str) -> None:
    """Say where an incident stands."""
    _one_of(status, get_args(IncidentStatus), "status")
    append(root, IncidentMoved(by=by, incident=incident, status=status))


def override(root: Path, model: str, *, change: str, reason: str, decision: Decision, by: str) -> None:
    """A change passed the gate for a reason; ``decision`` is what the gate said of features then."""
    append(root, Overridden(by=by, model=model, change=change, reason=reason, decision=decision))


def validated(
    root: Path,
    model: str,
    *,
    as_of: datetime,
    failed: Collection[str],
    first_failed: datetime | None,
    told: datetime | None,
    by: str,
) -> None:
    """The newest data of a model were validated; the same finding about the same data is put down once."""
    entry = Validated(
        by=by,
        model=model,
        as_of=_aware(as_of),
        passed=not failed,
        failed=tuple(sorted(failed)),
        first_failed=first_failed,
        told=told,
    )
    before = read(root).validations(model)
    if not before or (before[-1].as_of, before[-1].failed) != (entry.as_of, entry.failed):
        append(root, entry)


def _new(what: str) -> str:
    return f"{what}-{secrets.token_hex(4)}"


def _aware(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise BurnlineError(f"the time {moment:%Y-%m-%d %H:%M} has no time zone; give its offset")
    return moment


def _one_of(value: object, known: Collection[object], what: str) -> None:
    if value not in known:
        words = ", ".join("none" if word is None else str(word) for word in known)
        raise BurnlineError(f"there is no {what} '{value}'; write one of {words}")


def _known(id_: str, ids: Collection[str], what: str) -> None:
    if id_ not in ids:
        raise BurnlineError(f"there is no {what} '{id_}'; known: {', '.join(sorted(ids)) or 'none'}")
