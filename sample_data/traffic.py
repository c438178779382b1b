"""When requests arrive, from where, for whom and at which version."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from burnline.sample_data.arrays import Bools, Floats, Ints
from burnline.sample_data.clock import BUCKET, BUCKETS, START, generator, micros
from burnline.sample_data.shapes import REGIONS, Service

_DAY = 86_400_000_000


@dataclass(frozen=True)
class Segment:
    """A column of few values: their names and one code per request."""

    names: tuple[str, ...]
    codes: Ints


@dataclass(frozen=True)
class Requests:
    """Requests in order of arrival: their times and segments."""

    micros: Ints
    segments: dict[str, Segment]

    def __len__(self) -> int:
        return len(self.micros)

    def are(self, dimension: str, wanted: str | tuple[str, ...]) -> Bools:
        """Which requests have (one of) these values in a segment."""
        segment = self.segments[dimension]
        values = (wanted,) if isinstance(wanted, str) else wanted
        return np.isin(segment.codes, [segment.names.index(value) for value in values])

    def take(self, rows: Ints) -> Requests:
        """The requests of these rows, which may repeat."""
        segments = {name: replace(segment, codes=segment.codes[rows]) for name, segment in self.segments.items()}
        return Requests(self.micros[rows], segments)


def local_hours(times: Ints, offset: float) -> Floats:
    """Hours since local midnight."""
    return ((times / 3_600_000_000) + offset) % 24


def weekend(times: Ints) -> Bools:
    """Saturday or Sunday in UTC; the epoch was a Thursday."""
    return (times // _DAY + 3) % 7 >= 5


def bucket_starts() -> Ints:
    """When each five-minute bucket of the sample begins."""
    return micros(START) + np.arange(BUCKETS, dtype=np.int64) * micros(BUCKET)


def rhythm(service: Service, offset: float) -> Floats:
    """Relative traffic of every bucket: busiest at two in the afternoon, quieter at weekends."""
    times = bucket_starts()
    angle = 2 * np.pi * (local_hours(times, offset) - 14) / 24
    day = 1 + service.swing * np.cos(angle) + 0.25 * service.swing * np.cos(2 * angle)
    return day * np.where(weekend(times), service.weekend, 1.0)


def arrivals(service: Service, scale: float, boosts: Iterable[tuple[Floats, str | None]]) -> Requests:
    """Poisson arrivals.

    ``boosts`` are factors for every bucket, each for one region or (None) for all of them.
    """
    rng = generator(service.name, "traffic")
    starts = bucket_starts()
    boosts = tuple(boosts)
    times, regions = [], []
    for code, (region, share) in enumerate(service.regions):
        shape = rhythm(service, REGIONS[region])
        expected = service.per_day / 288 * share * scale * shape / shape.mean()
        for factors, only in boosts:
            if only in (None, region):
                expected = expected * factors
        counts = rng.poisson(expected)
        begun = np.repeat(starts, counts)
        times.append(begun + rng.integers(0, micros(BUCKET) // 1000, len(begun)) * 1000)
        regions.append(np.full(len(begun), code, dtype=np.int64))
    arrived, region_codes = np.concatenate(times), np.concatenate(regions)
    order = np.argsort(arrived, kind="stable")
    arrived, region_codes = arrived[order], region_codes[order]
    segments = {
        "version": _versions(service, arrived, rng),
        "region": Segment(tuple(name for name, _ in service.regions), region_codes),
    }
    if service.tenants:
        segments["tenant"] = _tenants(service.tenants, len(arrived), rng)
    return Requests(arrived, segments)


def _versions(service: Service, arrived: Ints, rng: np.random.Generator) -> Segment:
    codes = np.zeros(len(arrived), dtype=np.int64)
    for code, rollout in enumerate(service.rollouts, start=1):
        share = (arrived - micros(rollout.at)) / micros(rollout.over)
        codes[rng.random(len(arrived)) < share] = code
    return Segment((service.version, *(rollout.version for rollout in service.rollouts)), codes)


def _tenants(names: tuple[str, ...], n: int, rng: np.random.Generator) -> Segment:
    """Few large and many small customers."""
    sizes = 1 / np.arange(1, len(names) + 1)
    return Segment(names, rng.choice(len(names), n, p=sizes / sizes.sum()).astype(np.int64))
