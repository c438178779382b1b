"""The append-only journal in which records live: one JSON document per line.

A line counts once its line break is on disk. Writers append under a lock and make the line durable
before they answer; readers take no lock. A line that a crash left torn has no line break: readers
leave it out, and the next writer strikes it out (an ASCII CAN before the break) and goes on behind
it, so the file only ever grows and what was read stays as it was.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from burnline.errors import BurnlineError
from burnline.records.entries import ENTRY, AnyEntry

FILE = "journal.jsonl"
_STRUCK = b"\x18"


def parse(content: bytes, path: Path) -> tuple[AnyEntry, ...]:
    """The entries of a journal's bytes; what follows the last line break is torn and left out.

    Raises:
        BurnlineError: a line that this version cannot read, with its number.
    """
    entries = []
    for number, line in enumerate(content.split(b"\n")[:-1], start=1):
        if line.endswith(_STRUCK):
            continue
        try:
            entries.append(ENTRY.validate_json(line))
        except (ValidationError, BurnlineError):
            raise BurnlineError(
                f"{path}:{number}: this version of Burnline cannot read the line; upgrade it, "
                "or if the line is damaged delete it (the other records stay)"
            ) from None
    return tuple(entries)


@dataclass(frozen=True)
class Writer:
    """The journal in the hands of the one who holds its lock."""

    path: Path
    _file: int

    def read(self) -> tuple[AnyEntry, ...]:
        """Every entry; nobody can add one before the lock is given back."""
        return parse(os.pread(self._file, os.fstat(self._file).st_size, 0), self.path)

    def append(self, entries: Sequence[AnyEntry]) -> None:
        """Write entries and make them durable. Raises ``OSError`` when the disk refuses."""
        if not entries:
            return
        size = os.fstat(self._file).st_size
        torn = size > 0 and os.pread(self._file, 1, size - 1) != b"\n"
        lines = [entry.model_dump_json(by_alias=True).encode() + b"\n" for entry in entries]
        content = (_STRUCK + b"\n" if torn else b"") + b"".join(lines)
        while content:
            content = content[os.write(self._file, content) :]
        os.fsync(self._file)


@contextmanager
def writing(root: Path) -> Iterator[Writer]:
    """Hold the journal's lock, waiting for another writer; makes folder and file where needed.

    Raises:
        BurnlineError: the journal cannot be written.
    """
    path = root / FILE
    try:
        root.mkdir(parents=True, exist_ok=True)
        fresh = not path.exists()
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
    except OSError as error:
        raise _unwritable(path, error) from None
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        if fresh:
            _sync(root)
        yield Writer(path, file)
    except OSError as error:
        raise _unwritable(path, error) from None
    finally:
        os.close(file)


def append(root: Path, *entries: AnyEntry) -> None:
    """Put entries on record.

    Raises:
        BurnlineError: the journal cannot be written.
    """
    with writing(root) as journal:
        journal.append(entries)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _unwritable(path: Path, error: OSError) -> BurnlineError:
    return BurnlineError(
        f"{path}: records cannot be written ({error.strerror}); "
        "check the permissions and the space on the disk, or name another folder in spec.store"
    )
