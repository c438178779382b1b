"""What tests of every folder share."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import settings

# Shared machines make deadlines flaky; in CI the same examples run every time.
settings.register_profile("burnline", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("burnline")


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock that every worker process of this run respects."""
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def demo_workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One demo workspace, built and ingested once for all workers of this run. Read it only.

    BURNLINE_DEMO names one that is ready, to skip the build while working on a page.
    """
    if ready := os.environ.get("BURNLINE_DEMO"):
        return Path(ready)
    from burnline.dashboard.demo import prepare

    base = tmp_path_factory.getbasetemp()
    shared = base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base
    directory, done = shared / "demo", shared / "demo.done"
    with locked(shared / "demo.lock"):
        if not done.exists():
            prepare(directory)
            done.touch()
    return directory
