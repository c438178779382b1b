"""What every stage is given: the data, the rules they must meet and the reference they are compared with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from burnline.spec.schema import ColumnRule, Schema
from burnline.validation.profile import Profile
from burnline.validation.source import Data
from burnline.validation.sums import NumberSums, Tell, TextSums


@dataclass(frozen=True)
class Case:
    """One validation. ``of_path`` says that the data are a file that has not reached the model yet, not its logs.

    [``start_us``, ``end_us``) is the time the data speak of and ``rows`` how many there are. ``now_us`` is the moment
    that the newest row is compared with (``asked_at``: it was given), ``future_us`` that after which nothing can have
    happened. ``announced`` are versions that a deploy event names.
    """

    data: Data
    schema: Schema
    profile: Profile | None
    of_path: bool
    rows: int
    start_us: int
    end_us: int
    now_us: int
    asked_at: bool
    future_us: int
    numbers: Mapping[str, NumberSums] = field(default_factory=dict)
    texts: Mapping[str, TextSums] = field(default_factory=dict)
    announced: frozenset[str] = frozenset()
    tell: Tell | None = None

    @property
    def model(self) -> str:
        """The model whose data these are."""
        return self.data.model

    def rule(self, name: str) -> ColumnRule | None:
        """What the schema says of a column."""
        return self.schema.columns.get(name)

    def edit(self, *keys: str) -> str:
        """Where limits are changed, for the end of a sentence."""
        what = " and ".join(keys)
        if self.schema.path is not None:
            return f"or change {what} in {self.schema.path}"
        return f"or set {what} in a schema (burnline validate {self.model} --write-schema)"
