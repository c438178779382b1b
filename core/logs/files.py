"""Which files a workspace names, and whether they changed."""

from __future__ import annotations

import glob
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from burnline.errors import BurnlineError

_REMOTE = ("s3://", "gs://", "gcs://", "https://", "http://", "az://", "abfss://")


@dataclass(frozen=True)
class RawFile:
    """A file as found on disk. ``id`` changes when its path, size or modification time does."""

    path: str
    size: int
    modified_ns: int

    @property
    def id(self) -> str:
        """Twenty hexadecimal digits that name this state of this file."""
        text = f"{self.path}\0{self.size}\0{self.modified_ns}"
        return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()[:20]


def is_remote(path: str) -> bool:
    """Whether the path is an address that only the query engine can read."""
    return path.startswith(_REMOTE)


def _as_pattern(pattern: str) -> str:
    return str(Path(pattern) / "**" / "*.parquet") if Path(pattern).is_dir() else pattern


def expand(pattern: str) -> tuple[RawFile, ...]:
    """Local files that a path, folder or glob names, ordered by path.

    A folder means every ``*.parquet`` below it. Hidden files and folders are left out, as are
    files that vanish while being listed. Raises ``BurnlineError`` for an object-store address.
    """
    if is_remote(pattern):
        raise BurnlineError(
            f"{pattern}: addresses outside this machine cannot be listed yet; "
            "copy the files to a local folder and name that folder"
        )
    if Path(pattern).is_file():
        return (raw_file(Path(pattern)),)
    found = []
    for name in sorted(set(glob.glob(_as_pattern(pattern), recursive=True))):
        path = Path(name)
        try:
            if path.is_file():
                found.append(raw_file(path))
        except FileNotFoundError:
            continue
    return tuple(found)


def raw_file(path: Path) -> RawFile:
    """The file at ``path`` as it is now."""
    absolute = path.absolute()
    stat = absolute.stat()
    return RawFile(str(absolute), stat.st_size, stat.st_mtime_ns)


def expand_all(patterns: Iterable[str]) -> tuple[RawFile, ...]:
    """Files of several patterns, each file once, ordered by path."""
    by_path = {file.path: file for pattern in patterns for file in expand(pattern)}
    return tuple(by_path[path] for path in sorted(by_path))


def literal_pattern(path: str) -> str:
    """The path as a pattern that matches only itself, whatever characters it holds."""
    return glob.escape(path)
