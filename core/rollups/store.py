"""Where rollups live: immutable parquet objects beside the ledger that names them."""

from __future__ import annotations

import fcntl
import hashlib
import os
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from burnline.errors import BurnlineError
from burnline.rollups import ledger
from burnline.rollups.ledger import Ledger

_GRACE_SECONDS = 600
_SYNCS_AT_ONCE = 16
_ROWS_PER_GROUP = 122_880


def fingerprint(*parts: object) -> str:
    """Twenty hexadecimal digits of the parts' text."""
    text = "\0".join(str(part) for part in parts)
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()[:20]


def _sync(path: str) -> None:
    with open(path, "rb") as file:
        os.fsync(file.fileno())


@dataclass(frozen=True)
class Store:
    """A folder with the ledger, the objects and the writers' lock."""

    root: Path

    @property
    def ledger_path(self) -> Path:
        """The file that says what is visible."""
        return self.root / "ledger.json"

    def read(self) -> Ledger:
        """What is visible now."""
        return ledger.read(self.ledger_path)

    def commit(self, content: Ledger, *, since: Ledger) -> Ledger:
        """Make ``content`` visible as the next generation; its objects must have been put before.

        Objects that were not visible in ``since`` are made durable first, many at a time.
        """
        fresh = self.paths(content.objects - since.objects)
        with ThreadPoolExecutor(max_workers=_SYNCS_AT_ONCE) as pool:
            for _ in pool.map(_sync, fresh):
                pass
        committed = content.with_(generation=content.generation + 1)
        ledger.write(self.ledger_path, committed)
        return committed

    def path(self, name: str) -> str:
        """The file of an object."""
        return str(self.root / "objects" / name[:2] / f"{name}.parquet")

    def paths(self, names: Iterable[str]) -> list[str]:
        """The files of several objects."""
        return [self.path(name) for name in names]

    def put(self, name: str, table: pa.Table) -> str:
        """Write an object under its name and return the name. It is durable only once committed."""
        return self.put_parts(name, table.schema, [table])

    def put_parts(self, name: str, schema: pa.Schema, parts: Iterable[pa.Table]) -> str:
        """Write an object whose rows come in parts, of which only a few are held at a time."""
        target = Path(self.path(name))
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = target.with_name(f".{name}.{os.getpid()}.{time.monotonic_ns()}")
        with pq.ParquetWriter(temporary, schema, compression="zstd") as writer:
            waiting: list[pa.Table] = []
            for part in parts:
                waiting.append(part)
                if sum(one.num_rows for one in waiting) >= _ROWS_PER_GROUP:
                    writer.write_table(pa.concat_tables(waiting), row_group_size=_ROWS_PER_GROUP)
                    waiting = []
            if waiting:
                writer.write_table(pa.concat_tables(waiting), row_group_size=_ROWS_PER_GROUP)
        temporary.replace(target)
        return name

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the one writer's lock. Raises ``BurnlineError`` when another ingest has it."""
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            lock = (self.root / "lock").open("w")
        except OSError as error:
            raise BurnlineError(
                f"{self.root}: the store cannot be written ({error.strerror}); "
                "check the permissions or name another folder in spec.store"
            ) from None
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise BurnlineError(
                    f"{self.root}: another ingest is running on this store; wait for it to end"
                ) from None
            yield

    def sweep(self, visible: set[str]) -> int:
        """Delete objects that no ledger names and no reader can still be reading; counts them."""
        before = time.time() - _GRACE_SECONDS
        swept = 0
        for file in (self.root / "objects").glob("*/*"):
            if file.stem not in visible and file.stat().st_mtime < before:
                file.unlink(missing_ok=True)
                swept += 1
        return swept
