"""What the requests ask about: the true inputs, and what the model was given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from burnline.sample_data.arrays import Bools, Floats, Ints
from burnline.sample_data.clock import generator, micros
from burnline.sample_data.effects import Effect, Missing, Renamed, Scaled, Shifted, Stale
from burnline.sample_data.shapes import Choice, Number, Service
from burnline.sample_data.traffic import Requests, local_hours, weekend

_MISSING = -1
_MILLISECOND = 1000

# Canary requests ask these many known questions, in turn.
_QUESTIONS = 48

# How much of yesterday's value is still true today, when a stale one is served.
_MEMORY = 0.25


@dataclass(frozen=True)
class Inputs:
    """One column per feature.

    ``logged`` is what the log shows, ``true`` and ``seen`` what the true and the logged inputs
    mean (standard deviations or category effects), one array row per feature.
    """

    logged: dict[str, pl.Series]
    true: Floats
    seen: Floats
    age: Ints


def inputs(service: Service, requests: Requests, effects: Sequence[Effect], canary: Bools | None) -> Inputs:
    """Draw the features of every request; ``canary`` requests repeat a few known questions."""
    logged: dict[str, pl.Series] = {}
    true, seen = [], []
    for feature in service.features:
        own = [effect for effect in effects if _touches(effect, feature.name)]
        rng = generator(service.name, "feature", feature.name)
        if isinstance(feature, Number):
            column, was, looks = _number(feature, requests, own, canary, rng)
        else:
            column, was, looks = _choice(feature, requests, own, canary, rng)
        logged[f"f_{feature.name}"] = column
        true.append(was)
        seen.append(looks)
    return Inputs(logged, np.array(true), np.array(seen), _ages(service, requests, effects))


def _touches(effect: Effect, name: str) -> bool:
    return getattr(effect, "feature", None) == name or name in getattr(effect, "features", ())


def _number(
    feature: Number,
    requests: Requests,
    effects: Sequence[Effect],
    canary: Bools | None,
    rng: np.random.Generator,
) -> tuple[pl.Series, Floats, Floats]:
    n = len(requests)
    z = rng.standard_normal(n)
    if feature.weekend:
        z += feature.weekend * weekend(requests.micros)
    if feature.daily:
        z += feature.daily * np.cos(2 * np.pi * (local_hours(requests.micros, -5) - 14) / 24)
    for effect in effects:
        if isinstance(effect, Shifted):
            z += effect.by * effect.strength(requests)
    if canary is not None:
        z[canary] = np.resize(rng.standard_normal(_QUESTIONS), int(canary.sum()))
    values = feature.values(z)
    was = feature.meaning(values)
    for effect in effects:
        strength = effect.strength(requests)
        if isinstance(effect, Stale):
            old = _MEMORY * z + np.sqrt(1 - _MEMORY**2) * rng.standard_normal(n)
            values = np.where(strength > 0, feature.values(old), values)
        elif isinstance(effect, Scaled):
            values = np.where(strength > 0, values * effect.factor, values)
        elif isinstance(effect, Missing):
            values = np.where(rng.random(n) < effect.share * strength, np.nan, values)
    if feature.null:
        values = np.where(rng.random(n) < feature.null, np.nan, values)
    column = pl.Series(values).fill_nan(None)
    whole = feature.scale == "count" or feature.digits == 0
    return column.cast(pl.Int64) if whole else column, was, feature.meaning(values)


def _choice(
    feature: Choice,
    requests: Requests,
    effects: Sequence[Effect],
    canary: Bools | None,
    rng: np.random.Generator,
) -> tuple[pl.Series, Floats, Floats]:
    n = len(requests)
    shares = np.array(feature.shares) / sum(feature.shares)
    true = rng.choice(len(shares), n, p=shares).astype(np.int64)
    if canary is not None:
        true[canary] = np.resize(rng.choice(len(shares), _QUESTIONS, p=shares), int(canary.sum()))
    codes = true.copy()
    names = list(feature.values)
    for effect in effects:
        strength = effect.strength(requests)
        if isinstance(effect, Stale):
            old = rng.choice(len(shares), n, p=shares)
            codes = np.where((strength > 0) & (rng.random(n) > _MEMORY), old, codes)
        elif isinstance(effect, Renamed):
            struck = (codes == names.index(effect.value)) & (rng.random(n) < strength)
            codes[struck] = len(names)
            names.append(effect.name)
        elif isinstance(effect, Missing):
            codes[rng.random(n) < effect.share * strength] = _MISSING
    if feature.null:
        codes[rng.random(n) < feature.null] = _MISSING
    # The last place is for everything the model knows nothing about.
    known = feature.effects or (0.0,) * len(feature.values)
    meaning = np.array([*known, *[0.0] * (len(names) - len(known) + 1)])
    column = pl.Series([*names, None]).gather(np.where(codes < 0, len(names), codes))
    return column, meaning[true], meaning[codes]


def _ages(service: Service, requests: Requests, effects: Sequence[Effect]) -> Ints:
    """How old the oldest feature was, in microseconds."""
    rng = generator(service.name, "age")
    age = micros(service.refresh) * np.exp(0.5 * rng.standard_normal(len(requests)))
    for effect in effects:
        if isinstance(effect, Stale):
            late = micros(effect.lag) * rng.uniform(0.6, 1.4, len(requests))
            age = np.where(effect.strength(requests) > 0, late, age)
    return (age / _MILLISECOND).astype(np.int64) * _MILLISECOND
