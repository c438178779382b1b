"""How requests were served: latency and status."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from burnline.sample_data.arrays import Floats, Ints
from burnline.sample_data.clock import generator
from burnline.sample_data.effects import Effect, Failing, Slow
from burnline.sample_data.shapes import REGIONS, Service
from burnline.sample_data.traffic import Requests, local_hours

# Waits for a neighbour, a garbage collection, a cold cache: rare, and not the model's doing.
_HICCUPS = 0.001

_TIMEOUT_MS = 2000.0


def statuses(service: Service, requests: Requests, effects: Sequence[Effect]) -> Ints:
    """HTTP status of every request; failures at the everyday rate come alone."""
    rng = generator(service.name, "status")
    status = np.full(len(requests), 200, dtype=np.int64)
    luck = rng.random(len(requests))
    everyday = rng.choice([500, 502, 503, 504, 429], len(requests), p=[0.4, 0.1, 0.25, 0.15, 0.1])
    status[luck < service.failures] = everyday[luck < service.failures]
    for effect in effects:
        if isinstance(effect, Failing):
            struck = rng.random(len(requests)) < effect.rate * effect.strength(requests)
            status[struck] = effect.status
    return status


def latencies(service: Service, requests: Requests, status: Ints, effects: Sequence[Effect]) -> Floats:
    """Lognormal around the median, a little slower in the busy hours; a 504 is a timeout."""
    rng = generator(service.name, "latency")
    n = len(requests)
    latency = service.latency_ms * np.exp(service.latency_spread * rng.standard_normal(n))
    region = requests.segments["region"]
    offsets = np.array([REGIONS[name] for name in region.names])[region.codes]
    latency *= 1 + 0.06 * np.cos(2 * np.pi * (local_hours(requests.micros, 0) + offsets - 14) / 24)
    latency[rng.random(n) < _HICCUPS] *= 6
    for effect in effects:
        if isinstance(effect, Slow):
            struck = rng.random(n) < effect.share
            latency *= 1 + (effect.factor - 1) * effect.strength(requests) * struck
    latency[status == 504] += _TIMEOUT_MS
    latency[(status == 503) | (status == 429)] *= 0.2
    return np.round(latency, 1)
