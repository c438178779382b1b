"""How something goes wrong: each effect changes one ingredient, for a while, somewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np

from burnline.sample_data.arrays import Floats
from burnline.sample_data.clock import END, micros
from burnline.sample_data.traffic import Requests


@dataclass(frozen=True, kw_only=True)
class Effect:
    """From ``start`` to ``end``, growing over ``ramp``, where all of ``where`` hold."""

    start: datetime
    end: datetime = END
    ramp: timedelta = timedelta(0)
    where: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)

    def strength(self, requests: Requests) -> Floats:
        """How much of the effect each request feels, 0 to 1."""
        share = self.over_time(requests.micros)
        for dimension, wanted in self.where.items():
            share = share * requests.are(dimension, wanted)
        return share

    def over_time(self, times: np.ndarray) -> Floats:
        """How much of the effect there is at each time, 0 to 1."""
        start, end = micros(self.start), micros(self.end)
        grown = np.clip((times - start + 1) / max(micros(self.ramp), 1), 0.0, 1.0)
        return np.where((times >= start) & (times < end), grown, 0.0)


@dataclass(frozen=True, kw_only=True)
class Traffic(Effect):
    """Traffic is multiplied by ``factor``."""

    factor: float


@dataclass(frozen=True, kw_only=True)
class Failing(Effect):
    """This share of requests fails with ``status``."""

    rate: float
    status: int = 503


@dataclass(frozen=True, kw_only=True)
class Slow(Effect):
    """Latency is multiplied by ``factor``, for ``share`` of the requests."""

    factor: float
    share: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Scaled(Effect):
    """A feature arrives in another unit: its value is multiplied by ``factor``."""

    feature: str
    factor: float


@dataclass(frozen=True, kw_only=True)
class Missing(Effect):
    """A feature is null in this share of requests."""

    feature: str
    share: float


@dataclass(frozen=True, kw_only=True)
class Shifted(Effect):
    """The world itself moves: a feature's true value goes up by ``by`` standard deviations."""

    feature: str
    by: float


@dataclass(frozen=True, kw_only=True)
class Renamed(Effect):
    """A category arrives under a name that the model has never seen."""

    feature: str
    value: str
    name: str


@dataclass(frozen=True, kw_only=True)
class Stale(Effect):
    """The named features are as they were ``lag`` ago."""

    features: tuple[str, ...]
    lag: timedelta


@dataclass(frozen=True, kw_only=True)
class Concept(Effect):
    """The same inputs mean something else: the true weight of these features changes."""

    weights: Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class Relearnt(Effect):
    """The model itself weighs these features otherwise than before: the same inputs get another answer."""

    weights: Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class Guessing(Effect):
    """This share of answers is drawn at random, whatever the inputs."""

    share: float


@dataclass(frozen=True, kw_only=True)
class LabelsHeld(Effect):
    """Labels that would come within the span wait until its end."""


@dataclass(frozen=True, kw_only=True)
class Load(Effect):
    """An infrastructure metric sits near ``level``."""

    metric: str
    level: float
