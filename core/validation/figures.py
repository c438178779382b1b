"""The figures of a reference, by kind of column, as they are kept."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

Quartiles = tuple[float, float, float]


class _Kept(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Tails(_Kept):
    """Quartiles, the bounds of outliers (one row in 2,000 on either side) and the levels of one in a million."""

    q25: float
    q50: float
    q75: float
    outlier_low: float
    outlier_high: float
    rare_low: float
    rare_high: float


class NumberProfile(_Kept):
    """A number column of the reference. ``nulls_day`` is the largest share of missing values of a day."""

    rows: int
    filled: int
    low: float | None
    high: float | None
    whole: float
    nulls_day: float
    integer: bool
    tails: Tails | None = None
    mode: float | None = None
    mode_share: float = 0.0
    quartiles: dict[str, Quartiles] = {}


class TextProfile(_Kept):
    """A text (or boolean) column: ``values`` with their rows, when there are at most a thousand."""

    rows: int
    filled: int
    distinct: int
    singletons: int
    nulls_day: float
    mode_share: float
    boolean: bool
    numbers: float
    values: dict[str, int] | None


class AgeProfile(_Kept):
    """How old features are at the request, in seconds: the 99.9 % quantile; ``early`` is the share below zero."""

    rows: int
    filled: int
    q999: float
    early: float
    nulls_day: float


class RowsProfile(_Kept):
    """Rows per hour of the week (0 = Monday 00:00 UTC): sums and how many such hours there were; ``days`` are the
    rows of whole days, ``gap`` the longest pause in seconds, ``unordered`` the share of rows before their predecessor,
    ``repeated`` the share of rows whose request_id was there before, ``spread`` the over-dispersion of an hour."""

    rows: int
    first_us: int
    end_us: int
    hours: tuple[tuple[int, int], ...]
    days: tuple[int, ...]
    gap: float
    unordered: float
    repeated: float
    spread: float


class Profile(_Kept):
    """The reference of one model, column by column. ``seen`` is the sentence that says what it is."""

    model: str
    said: str
    rows: RowsProfile
    numbers: dict[str, NumberProfile]
    texts: dict[str, TextProfile]
    ages: dict[str, AgeProfile]
    answers: dict[str, float] = {}

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that the reference has."""
        return (*self.numbers, *self.texts, *self.ages)
