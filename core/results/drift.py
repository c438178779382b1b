"""What changed in the inputs and outputs of a model, and whether it matters."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import polars as pl
from pydantic import ConfigDict, Field

from burnline.results import Result

Role = Literal["feature", "prediction", "confidence", "label", "segment"]
Kind = Literal["numeric", "categorical"]
BaselineKind = Literal["reference", "training", "trailing"]


class DriftWindow(Result):
    """A span of whole hours: from (inclusive) to (exclusive), and the rows in it."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)
    from_: datetime = Field(alias="from")
    to: datetime
    rows: float


class Baseline(Result):
    """What a distribution is compared with.

    ``reference`` is the first days of the log, ``training`` a file (``path``), ``trailing`` the same length of time
    before the window. ``seasonal`` says whether the same hours of the week can be held against each other;
    ``provisional`` that the reference window is not over yet.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)
    kind: BaselineKind
    from_: datetime | None = Field(alias="from")
    to: datetime | None
    rows: float
    path: str | None = None
    seasonal: bool
    provisional: bool
    sentence: str


class FeatureDrift(Result):
    """How far one column has moved from its baseline over the window.

    ``psi`` is the Population Stability Index without the part that chance adds, ``psi_textbook`` the plain sum over ten
    bins; ``psi_seasonal`` holds the window against the same hours of the week. ``ks`` may be too low by at most
    ``ks_error`` (it is read from a histogram). ``wasserstein`` is in the unit of the column, ``js`` the Jensen-Shannon
    distance to base 2. ``effect`` is the shift of the mean in standard deviations of the baseline (numeric) or the
    bias-corrected Cramer's V (categorical). ``p_block`` permutes whole days, ``p_adjusted`` is the
    Benjamini-Hochberg p-value over the columns of the model. Shares are of all rows, as (baseline, window).
    ``harmful`` is ``None`` while nothing is known; ``badness_moved`` is what the shift adds to the expected badness.
    """

    feature: str
    role: Role
    kind: Kind
    n_baseline: float
    n: float
    ks: float | None = None
    ks_error: float | None = None
    ks_p: float | None = None
    chi2: float | None = None
    chi2_p: float | None = None
    psi: float | None = None
    psi_textbook: float | None = None
    psi_seasonal: float | None = None
    js: float | None = None
    wasserstein: float | None = None
    effect: float | None = None
    p_block: float | None = None
    p_adjusted: float | None = None
    nulls: tuple[float | None, float | None] = (None, None)
    outside: tuple[float | None, float | None] = (None, None)
    unseen: float | None = None
    unseen_values: tuple[str, ...] = ()
    drifted: bool
    harmful: bool | None = None
    badness_moved: float | None = None
    badness_interval: tuple[float, float] | None = None
    first_seen: datetime | None = None
    reason: str


class DriftBucket(Result):
    """One column over one day (or hour): what it is judged by, and whether it is beyond the threshold."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)
    feature: str
    from_: datetime = Field(alias="from")
    to: datetime
    n: float
    psi: float | None
    psi_seasonal: float | None = None
    ks: float | None = None
    drifted: bool
    provisional: bool = False


class ConceptRegion(Result):
    """A part of the feature space (``where``: column to values) that fails more often than its inputs explain."""

    where: dict[str, str]
    valid: float
    bad: float
    expected: float
    share_of_excess: float
    sentence: str


class ConceptDay(Result):
    """One day of requests with labels: realised against expected badness. ``interval`` is that of ``realised``."""

    day: datetime
    labelled: float
    realised: float
    expected: float
    interval: tuple[float, float]
    e_value: float | None = None
    drifted: bool
    provisional: bool = False


class ChangedAnswers(Result):
    """Canaries, requests with known answers: ``repeated`` with the same inputs as before, ``changed`` answers.

    ``versions`` says between which versions the answers differ.
    """

    repeated: float
    changed: float
    interval: tuple[float, float] | None
    since: datetime | None
    versions: tuple[str, ...] = ()
    sentence: str


class ConceptDrift(Result):
    """Whether the same inputs now fail more often: ``drifted`` is ``None`` while nothing can be said.

    ``estimated`` is what the inputs lead one to expect of the SLI over the window, ``realised`` what the labels say of
    the same requests and ``gap`` = estimated - realised with its 95 % interval. ``e_value`` is the evidence against
    "the errors are those the inputs explain", anytime valid.
    """

    drifted: bool | None
    estimated: float | None = None
    realised: float | None = None
    gap: float | None = None
    interval: tuple[float, float] | None = None
    where: tuple[ConceptRegion, ...] = ()
    slo: str | None = None
    e_value: float | None = None
    since: datetime | None = None
    days: tuple[ConceptDay, ...] = ()
    answers: ChangedAnswers | None = None
    reason: str


class DriftReport(Result):
    """What changed in a model's inputs and outputs over a window, and whether it hurts. ``threshold`` is the PSI
    beyond which a column counts as drifted."""

    model: str
    at: datetime | None
    sentence: str
    threshold: float
    reference: Baseline | None
    window: DriftWindow
    features: tuple[FeatureDrift, ...]
    buckets: tuple[DriftBucket, ...]
    concept: ConceptDrift
    notes: tuple[str, ...] = ()

    def to_polars(self) -> pl.DataFrame:
        """One row per column with the fields of ``FeatureDrift`` that are single values."""
        several = {"nulls", "outside", "unseen_values", "badness_interval"}
        fields = [name for name in FeatureDrift.model_fields if name not in several]
        rows = [one.model_dump(include=set(fields)) for one in self.features]
        if not rows:
            return pl.DataFrame(schema=dict.fromkeys(fields, pl.String))
        return pl.DataFrame(rows, infer_schema_length=None).select(fields)


class DriftCourse(Result):
    """What a map of drift shows: the buckets of every column, and the days of concept drift."""

    buckets: tuple[DriftBucket, ...]
    days: tuple[ConceptDay, ...]


class Distribution(Result):
    """One column then and now, in bins that lie side by side: shares of the rows that are not null.

    ``low`` and ``high`` are the edges of numeric bins, ``values`` the categories (the smaller ones together as
    ``<other>``); ``nulls`` the shares of missing values (baseline, window).
    """

    feature: str
    role: Role
    kind: Kind
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    values: tuple[str, ...] = ()
    baseline: tuple[float, ...]
    window: tuple[float, ...]
    nulls: tuple[float, float]
    n_baseline: float
    n: float
