"""The sample workspace of a user: built once, then only brought up to date."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from burnline.errors import BurnlineError


def default_directory() -> Path:
    """`burnline/demo` in the folder where a user's applications keep their data."""
    data = os.environ.get("XDG_DATA_HOME")
    # The XDG specification says to ignore a relative path.
    base = Path(data) if data and Path(data).is_absolute() else Path.home() / ".local" / "share"
    return base / "burnline" / "demo"


def prepare(directory: Path, *, progress: Callable[[int, int, str], None] | None = None) -> None:
    """Build the sample workspace unless it is there, and ingest it.

    It is built beside its place and moved there whole, so an interrupted build leaves nothing behind.
    """
    if not (directory / "burnline.yaml").is_file():
        _build(directory, progress)
    from burnline.workspace import Workspace

    Workspace.open(directory).ingest(progress=progress)


def _build(directory: Path, progress: Callable[[int, int, str], None] | None) -> None:
    if directory.is_dir() and any(directory.iterdir()):
        raise BurnlineError(f"{directory} is not empty and not a workspace: name another folder with --dir.")
    from burnline.sample_data import build

    directory.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(prefix=f".{directory.name}-", dir=directory.parent))
    try:
        build(unfinished, progress=progress)
        unfinished.chmod(0o755)
        unfinished.rename(directory)
    except OSError:
        # Another process may have finished the same build first.
        if not (directory / "burnline.yaml").is_file():
            raise
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
