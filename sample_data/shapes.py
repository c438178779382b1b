"""What a synthetic service is made of: declarations only, the generators read them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import numpy as np

from burnline.sample_data.arrays import Floats

# Hours that the clocks of a region differ from UTC: people sleep at different times.
REGIONS = {"us-east": -5.0, "eu-west": 1.0, "ap-south": 5.5}

# Models do not trust inputs this far from what they have seen: trees saturate.
_SATURATION = 3.5


@dataclass(frozen=True)
class Number:
    """A numeric feature: a standard normal z made into a value, and what z means for the answer.

    ``weekend`` and ``daily`` move z at weekends and over the day (in standard deviations).
    """

    name: str
    scale: Literal["normal", "lognormal", "count", "share"]
    centre: float
    spread: float
    weight: float = 0.0
    digits: int = 2
    null: float = 0.0012
    weekend: float = 0.0
    daily: float = 0.0

    def values(self, z: Floats) -> Floats:
        """The values that a log shows for z."""
        if self.scale == "normal":
            return np.round(self.centre + self.spread * z, self.digits)
        if self.scale == "share":
            odds = np.log(self.centre / (1 - self.centre)) + self.spread * z
            share: Floats = 1 / (1 + np.exp(-odds))
            return np.round(share, self.digits)
        grown = self.centre * np.exp(self.spread * z)
        return np.floor(grown) if self.scale == "count" else np.round(grown, self.digits)

    def meaning(self, values: Floats) -> Floats:
        """z again, as a model reads it from the logged value; a missing value says nothing."""
        if self.scale == "normal":
            z = (values - self.centre) / self.spread
        elif self.scale == "share":
            inside = np.clip(values, 10.0 ** -(self.digits + 1), 1 - 10.0 ** -(self.digits + 1))
            z = (np.log(inside / (1 - inside)) - np.log(self.centre / (1 - self.centre))) / self.spread
        else:
            least = 0.5 if self.scale == "count" else 10.0 ** -(self.digits + 1)
            z = np.log(np.maximum(values, least) / self.centre) / self.spread
        bounded: Floats = np.clip(np.nan_to_num(z, nan=0.0), -_SATURATION, _SATURATION)
        return bounded


@dataclass(frozen=True)
class Choice:
    """A categorical feature: its values, how common they are and what each means."""

    name: str
    values: tuple[str, ...]
    shares: tuple[float, ...]
    effects: tuple[float, ...] = ()
    null: float = 0.0008


Feature = Number | Choice


@dataclass(frozen=True)
class Classes:
    """The service answers with a class. ``gain`` sets how certain the world lets it be."""

    names: tuple[str, ...]
    bias: tuple[float, ...]
    gain: float = 1.0
    probabilities: bool = False


@dataclass(frozen=True)
class Amount:
    """The service answers with a number: centre + spread x (features), give or take ``noise``."""

    centre: float
    spread: float
    noise: float
    digits: int = 3


@dataclass(frozen=True)
class Ranked:
    """The service ranks ``items`` items; ``noise`` is what it cannot know about their relevance."""

    items: int = 10
    noise: float = 0.5


@dataclass(frozen=True)
class Labels:
    """When the truth becomes known: median delay, log-spread, and how much later if wrong."""

    median: timedelta
    spread: float = 0.8
    wrong_later: float = 1.0
    share: float = 0.97
    separate: bool = False


@dataclass(frozen=True)
class Rollout:
    """A version that takes over from its predecessor within ``over``."""

    version: str
    at: datetime
    over: timedelta = timedelta(hours=2)
    note: str = ""


@dataclass(frozen=True)
class Service:
    """A synthetic model in production and its everyday behaviour; stories come on top."""

    name: str
    answer: Classes | Amount | Ranked
    per_day: int
    features: tuple[Feature, ...]
    version: str = "1.0.0"
    rollouts: tuple[Rollout, ...] = ()
    regions: tuple[tuple[str, float], ...] = (("us-east", 0.5), ("eu-west", 0.3), ("ap-south", 0.2))
    tenants: tuple[str, ...] = ()
    swing: float = 0.55
    weekend: float = 0.75
    latency_ms: float = 38.0
    latency_spread: float = 0.34
    failures: float = 0.0004
    refresh: timedelta = timedelta(seconds=70)
    labels: Labels | None = Labels(timedelta(hours=3))
    canaries: bool = False
    one_in: int = 1
    revenue: float | None = None
    repeated: float = 0.0
    cpu: float = 38.0
    cpu_per_load: float = 14.0
