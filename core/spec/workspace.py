"""Where the logs are, and how the workspace as a whole is set."""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from burnline.results import Severity
from burnline.spec.corrections import Correction
from burnline.spec.windows import Duration

REMOTE = ("s3://", "gs://", "gcs://", "https://", "http://", "az://", "abfss://")


class Source(BaseModel):
    """Parquet files by path or pattern, and which raw column is which canonical one."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    path: str
    format: str = "auto"
    mapping: dict[str, str] = {}


class Reference(BaseModel):
    """What drift is measured against: the first days of the log, or files of their own.

    Exactly one of the two is set; ``{model}`` in ``path`` stands for the model's name.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    first: Duration | None = None
    path: str | None = None


class Target(BaseModel):
    """Who is told of alerts, and from which severity on.

    The URL may hold secrets, so it stands in the environment; ``variable`` is its name there.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    variable: str
    severity: Severity = "ticket"


class Notifications(BaseModel):
    """Targets by name, where the dashboard is for links, and how often a message is tried."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    targets: dict[str, Target] = {}
    base_url: str | None = None
    attempts: int = 5


class WorkspaceSpec(BaseModel):
    """The settings of a workspace; ``path`` is its folder."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: str
    timezone: str = "UTC"
    logs: tuple[Source, ...] = ()
    labels: tuple[Source, ...] = ()
    metrics: tuple[Source, ...] = ()
    events: tuple[Source, ...] = ()
    training: tuple[Source, ...] = ()
    reference: Reference = Reference(first=Duration(count=7, unit="d"))
    store: str = ".burnline"
    engine: str = "duckdb"
    segments: tuple[str, ...] = ("version", "region")
    count_429: bool = True
    notifications: Notifications = Notifications()
    corrections: tuple[Correction, ...] = ()
    path: Path

    def resolve(self, path: str) -> str:
        """``path`` as seen from the workspace; remote and absolute paths are left as they are."""
        if path.startswith(REMOTE) or os.path.isabs(path):
            return path
        return os.path.normpath(os.path.join(self.path, path))
