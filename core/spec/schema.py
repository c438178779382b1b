"""What the data of a model must look like: a Schema, one rule per column, beside the Model."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

SchemaType = Literal["number", "integer", "string", "boolean", "timestamp"]
SCHEMA_TYPES: tuple[SchemaType, ...] = ("number", "integer", "string", "boolean", "timestamp")
SUFFIXES = (".schema.yaml", ".schema.yml")


class ColumnRule(BaseModel):
    """What one column must be; ``None`` means that nothing is said.

    ``nulls``, ``outside`` (of ``min`` to ``max``), ``unseen`` (not in ``values``) and ``stale`` (older than ``max_age``
    seconds at the request) are the shares of rows that are tolerated.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    type: SchemaType
    required: bool = True
    nulls: float | None = None
    min: float | None = None
    max: float | None = None
    outside: float = 0.0
    values: tuple[str, ...] | None = None
    unseen: float | None = None
    unique: bool = False
    max_age: float | None = None
    stale: float = 0.0
    line: int = 0


class RowsRule(BaseModel):
    """How many rows there must be: in a day, the longest pause between two, the age of the newest (seconds).

    ``seasonal`` says whether hours are held against the same hours of the week of the reference.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    least_per_day: float | None = None
    most_per_day: float | None = None
    gap: float | None = None
    lag: float | None = None
    seasonal: bool = True


class Schema(BaseModel):
    """The rules of one model by column; ``path`` is the file they were read from, ``None`` = inferred."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    model: str
    rows: RowsRule = RowsRule()
    columns: dict[str, ColumnRule] = {}
    path: str | None = None


def schema_path(folder: str | Path, model: str) -> Path:
    """Where the Schema of a model stands in a workspace folder."""
    return Path(folder, "models", model + SUFFIXES[0])


def is_schema(path: Path) -> bool:
    """Whether a file of the folder ``models`` is a Schema and no Model."""
    return path.name.endswith(SUFFIXES)
