"""What surrounds the logs: infrastructure metrics and changes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import polars as pl

from burnline.sample_data.arrays import Floats
from burnline.sample_data.clock import generator
from burnline.sample_data.effects import Effect, Load
from burnline.sample_data.shapes import REGIONS, Service
from burnline.sample_data.stories import Change, Story
from burnline.sample_data.traffic import bucket_starts, rhythm

_TIME = pl.Datetime("us", "UTC")
_METRICS = ("cpu_percent", "memory_percent", "queue_depth")


def infrastructure(service: Service, effects: Sequence[Effect]) -> pl.DataFrame:
    """CPU, memory and queue every five minutes, following the traffic."""
    rng = generator(service.name, "infrastructure")
    starts = bucket_starts()
    shapes = [share * rhythm(service, REGIONS[region]) for region, share in service.regions]
    busy = np.sum(shapes, axis=0) - 1
    n = len(starts)
    sawtooth = (np.arange(n) % 2016) / 2016
    metrics: dict[str, Floats] = {
        "cpu_percent": service.cpu + service.cpu_per_load * busy + _wander(rng, n, 3.0),
        "memory_percent": 48 + 14 * sawtooth + _wander(rng, n, 1.0),
        "queue_depth": rng.poisson(np.maximum(1.5 + busy, 0.2)).astype(float),
    }
    for effect in effects:
        if isinstance(effect, Load):
            share = effect.over_time(starts)
            level = effect.level + 1.5 * rng.standard_normal(n)
            metrics[effect.metric] = (1 - share) * metrics[effect.metric] + share * level
    return pl.DataFrame(
        {
            "timestamp": pl.Series(starts).cast(_TIME),
            "model": pl.repeat(service.name, n, eager=True),
            **{name: np.round(np.clip(metrics[name], 0, 100), 1) for name in _METRICS},
        }
    )


def _wander(rng: np.random.Generator, n: int, spread: float) -> Floats:
    """Noise with a memory of half an hour, as gauges have."""
    steps = rng.standard_normal(n + 30)
    kernel = 0.85 ** np.arange(31)
    return np.convolve(steps, kernel / np.linalg.norm(kernel), mode="valid")[:n] * spread


def changes(fleet: Iterable[Service], stories: Iterable[Story], others: Iterable[Change]) -> pl.DataFrame:
    """Every deploy, retraining and configuration change, by time."""
    found = list(others)
    for service in fleet:
        for rollout in service.rollouts:
            found.append(Change(rollout.at, service.name, "deploy", rollout.note, rollout.version))
    for story in stories:
        if story.change:
            kind, note = story.change.split(": ", 1)
            found.append(Change(story.start, story.model, kind, note))
    found.sort(key=lambda change: (change.at, change.model))
    return pl.DataFrame(
        {
            "timestamp": pl.Series([change.at for change in found]).dt.cast_time_unit("us"),
            "model": [change.model for change in found],
            "kind": [change.kind for change in found],
            "version": pl.Series([change.version for change in found], dtype=pl.String),
            "note": [change.note for change in found],
        }
    )
