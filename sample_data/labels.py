"""When the truth became known."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from burnline.sample_data.arrays import Bools, Ints
from burnline.sample_data.clock import END, generator, micros
from burnline.sample_data.effects import Effect, LabelsHeld
from burnline.sample_data.shapes import Labels, Service
from burnline.sample_data.traffic import Requests

NEVER = -1


def known_at(
    service: Service,
    labels: Labels,
    requests: Requests,
    wrong: Bools,
    canary: Bools | None,
    effects: Sequence[Effect],
) -> Ints:
    """When each label became known, or ``NEVER`` within the sample.

    The answer to a canary request is known before it is asked.
    """
    rng = generator(service.name, "label delay")
    n = len(requests)
    delay = micros(labels.median) * np.exp(labels.spread * rng.standard_normal(n))
    delay = np.where(wrong, delay * labels.wrong_later, delay)
    known = requests.micros + (delay / 1000).astype(np.int64) * 1000
    for effect in effects:
        if isinstance(effect, LabelsHeld):
            start, end = micros(effect.start), micros(effect.end)
            catch_up = rng.integers(0, 7_200_000, n) * 1000
            known = np.where((known >= start) & (known < end), end + catch_up, known)
    known[rng.random(n) >= labels.share] = NEVER
    if canary is not None:
        known[canary] = requests.micros[canary]
    return np.where(known >= micros(END), NEVER, known)
