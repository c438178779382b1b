"""What the journal says now: who works on what, what is silenced, what was noted and sent."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TypeVar

from burnline.records.entries import (
    Acknowledged,
    AnyEntry,
    Definition,
    IncidentMoved,
    IncidentStatus,
    Mark,
    Marked,
    Noted,
    NoteDeleted,
    Notifying,
    Overridden,
    Sent,
    Silenced,
    Unacknowledged,
    Unsilenced,
    Validated,
)
from burnline.records.journal import FILE, parse

E = TypeVar("E")


@dataclass(frozen=True)
class Silence:
    """A silence as it came out: [start, end) in log time, the end moved if somebody ended it."""

    id: str
    model: str | None
    slo: str | None
    start: datetime
    end: datetime
    reason: str
    by: str

    def covers(self, model: str, slo: str, at: datetime) -> bool:
        """Whether it holds for an SLO at a moment."""
        named = self.model in (None, model) and self.slo in (None, slo)
        return named and self.start <= at < self.end


@dataclass(frozen=True)
class Records:
    """The journal's entries, and what they come to. Later entries win."""

    entries: tuple[AnyEntry, ...] = ()

    @cached_property
    def acknowledgements(self) -> dict[str, Acknowledged]:
        """Alert id -> who works on it."""
        found: dict[str, Acknowledged] = {}
        for entry in self.entries:
            if isinstance(entry, Acknowledged):
                found[entry.alert] = entry
            elif isinstance(entry, Unacknowledged):
                found.pop(entry.alert, None)
        return found

    def acknowledged_by(self, alert: str) -> str | None:
        """Who works on an alert."""
        found = self.acknowledgements.get(alert)
        return found.by if found is not None else None

    @cached_property
    def marks(self) -> dict[str, Mark]:
        """Alert id -> useful or noise."""
        found = {entry.alert: entry.mark for entry in self.entries if isinstance(entry, Marked)}
        return {alert: mark for alert, mark in found.items() if mark is not None}

    @cached_property
    def silences(self) -> tuple[Silence, ...]:
        """Every silence that ever held, oldest first; one that was ended has that end."""
        found: dict[str, Silence] = {}
        for entry in self.entries:
            if isinstance(entry, Silenced):
                found[entry.id] = Silence(
                    entry.id, entry.model, entry.slo, entry.from_, entry.until, entry.reason, entry.by
                )
            elif isinstance(entry, Unsilenced) and entry.id in found:
                was = found.pop(entry.id)
                if entry.ended is not None and entry.ended > was.start:
                    end = min(entry.ended, was.end)
                    found[entry.id] = Silence(was.id, was.model, was.slo, was.start, end, was.reason, was.by)
        return tuple(found.values())

    def active_silences(self, at: datetime) -> tuple[Silence, ...]:
        """The silences that hold at a moment of log time."""
        return tuple(s for s in self.silences if s.start <= at < s.end)

    def silence(self, model: str, slo: str, at: datetime) -> Silence | None:
        """The silence that covers an SLO at a moment of log time, the one that ends last."""
        covering = [s for s in self.silences if s.covers(model, slo, at)]
        return max(covering, key=lambda s: s.end, default=None)

    @cached_property
    def _notes(self) -> dict[str, tuple[Noted, ...]]:
        deleted = {entry.id for entry in self.entries if isinstance(entry, NoteDeleted)}
        return _by(
            (entry.incident, entry) for entry in self.entries if isinstance(entry, Noted) and entry.id not in deleted
        )

    def notes(self, incident: str) -> tuple[Noted, ...]:
        """The notes on an incident, oldest first, without those taken back."""
        return self._notes.get(incident, ())

    @cached_property
    def note_ids(self) -> frozenset[str]:
        """The ids of all notes that stand."""
        return frozenset(note.id for notes in self._notes.values() for note in notes)

    @cached_property
    def _statuses(self) -> dict[str, IncidentMoved]:
        return {entry.incident: entry for entry in self.entries if isinstance(entry, IncidentMoved)}

    def incident_status(self, incident: str) -> IncidentStatus:
        """Where an incident stands; ``new`` until somebody says otherwise."""
        found = self._statuses.get(incident)
        return found.status if found is not None else "new"

    @cached_property
    def _overrides(self) -> dict[str, tuple[Overridden, ...]]:
        return _by((entry.model, entry) for entry in self.entries if isinstance(entry, Overridden))

    def overrides(self, model: str) -> tuple[Overridden, ...]:
        """The fixes that passed the gate of a model with a reason, oldest first."""
        return self._overrides.get(model, ())

    @cached_property
    def notifying_since(self) -> datetime | None:
        """When notifications began (log time); ``None`` before."""
        return next((entry.since for entry in self.entries if isinstance(entry, Notifying)), None)

    @cached_property
    def _sent(self) -> dict[str, tuple[Sent, ...]]:
        return _by((entry.group, entry) for entry in self.entries if isinstance(entry, Sent))

    def sent(self, group: str) -> tuple[Sent, ...]:
        """Every attempt to tell somebody about an alert group, oldest first."""
        return self._sent.get(group, ())

    @cached_property
    def _validations(self) -> dict[str, tuple[Validated, ...]]:
        return _by((entry.model, entry) for entry in self.entries if isinstance(entry, Validated))

    def validations(self, model: str) -> tuple[Validated, ...]:
        """What the validations of a model's newest data found, oldest first."""
        return self._validations.get(model, ())

    @cached_property
    def definitions(self) -> tuple[Definition, ...]:
        """The laws, in the order they were written."""
        return tuple(entry for entry in self.entries if isinstance(entry, Definition))


def read(root: Path) -> Records:
    """The records below ``root`` as of now; none where there is no journal yet.

    A journal only grows, so the last few read are kept: repeating this costs one look at the file.

    Raises:
        BurnlineError: a line that this version cannot read, with its number.
    """
    path = root / FILE
    try:
        state = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return Records()
    return _read(path, state.st_ino, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=8)
def _read(path: Path, inode: int, modified_ns: int, size: int) -> Records:
    del inode, modified_ns
    with path.open("rb") as file:
        return Records(parse(file.read(size), path))


def _by(pairs: Iterable[tuple[str, E]]) -> dict[str, tuple[E, ...]]:
    found: defaultdict[str, list[E]] = defaultdict(list)
    for key, entry in pairs:
        found[key].append(entry)
    return {key: tuple(entries) for key, entries in found.items()}
