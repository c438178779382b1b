"""What every stage is given: the data, the rules they must meet and the reference they are compared with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from burnline.spec.schema import ColumnRule, Schema
from burnline.validation.figures import NumberProfile, Profile
from burnline.validation.source import Data
from burnline.validation.sums import NumberSums, Tell, TextSums

_HOUR_US = 3_600_000_000
# Values that it takes to say something of a whole column.
ENOUGH = 100
# Values that are one all day long on some day of the reference, such as a rate or a weekday.
SAME_ALL_DAY = 0.95


@dataclass(frozen=True)
class Case:
    """One validation. ``of_path`` says that the data are a file that has not reached the model yet, not its logs.

    [``start_us``, ``end_us``) is the time the data speak of and ``rows`` how many there are. ``now_us`` is the moment
    that the newest row is compared with (``asked_at``: it was given), ``future_us`` that after which nothing can have
    happened. ``newest_us`` is the newest row of the model in the logs, ``announced`` are versions that a deploy event
    names.
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
    newest_us: int | None = None
    numbers: Mapping[str, NumberSums] = field(default_factory=dict)
    texts: Mapping[str, TextSums] = field(default_factory=dict)
    announced: frozenset[str] = frozenset()
    tell: Tell | None = None

    @property
    def model(self) -> str:
        """The model whose data these are."""
        return self.data.model

    def told_after(self, rows: int) -> int | None:
        """The end of the hour in which so many rows have arrived, if they arrive evenly; ``None`` without times."""
        if not self.end_us:
            return None
        share = min(1.0, rows / max(self.rows, 1))
        at = self.start_us + round((self.end_us - self.start_us) * share)
        return min((at // _HOUR_US + 1) * _HOUR_US, self.end_us)

    @property
    def begins_us(self) -> int | None:
        """The first moment the data speak of; ``None`` without times."""
        return self.start_us or None

    def rule(self, name: str) -> ColumnRule | None:
        """What the schema says of a column."""
        return self.schema.columns.get(name)

    def compared(self, name: str) -> NumberProfile | None:
        """The figures of a number column, where the reference holds enough of its values."""
        found = self.profile.numbers.get(name) if self.profile is not None else None
        return found if found is not None and found.filled >= ENOUGH else None

    def edit(self, *keys: str) -> str:
        """Where limits are changed, for the end of a sentence."""
        what = " and ".join(keys)
        if self.schema.path is not None:
            return f"or change {what} in {self.schema.path}"
        return f"or set {what} in a schema (burnline validate {self.model} --write-schema)"
