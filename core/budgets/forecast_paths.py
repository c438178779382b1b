"""Simulated futures: how many bad events come by each moment ahead, on many paths.

All SLOs share one set of random numbers (a Latin hypercube), so equal inputs give equal answers in
any company and a small change of the input is a small change of the answer. Gamma variates come
from the cube of a normal one (Wilson and Hilferty 1931) for shape + 1, times the 1/shape-th power of
a uniform one (Marsaglia and Tsang 2000), which is right for small shapes too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from burnline.budgets.forecast_model import Floats, Ints, Rates

Singles = NDArray[np.float32]

#: Growth fades: its logarithm is 0.9 of that of the day before.
DAMPING = 0.9
#: Days for which the rate goes on drifting.
DRIFTING = 3
_LEAST_SHAPE = 0.5
_TINY = np.float32(1e-9)


@dataclass(frozen=True)
class Traffic:
    """What is expected between the moments ahead, (S, H) each, of S SLOs and H steps.

    ``valid`` counts valid events and ``exposure`` the same weighted by the weekday profile of the
    rate. ``edges`` (H + 1) are the moments in days, beginning with 0; a step after the horizon of
    an SLO has neither.
    """

    edges: Floats
    valid: Floats
    exposure: Floats


@dataclass(frozen=True)
class Onset:
    """The rate since an active burn began, S of each: Gamma(``bad`` + 1/2, ``valid``).

    NaN where nothing burns. It holds for the first day, or for good where ``lasting``.
    """

    valid: Floats
    bad: Floats
    lasting: NDArray[np.bool_]

    def take(self, rows: Ints) -> Onset:
        """These SLOs only."""
        return Onset(self.valid[rows], self.bad[rows], self.lasting[rows])


@dataclass(frozen=True)
class Draws:
    """The random numbers of P paths: which model, its rate, the drift, every step's events and incidents."""

    pick: Singles
    level: tuple[Singles, Singles]
    drift: tuple[tuple[Singles, Singles, Singles, Singles], ...]
    events: tuple[tuple[Singles, Singles], ...]
    frequency: tuple[Singles, Singles]
    incidents: tuple[tuple[Singles, Singles], ...]


def draws(paths: int, steps: int, seed: int) -> Draws:
    """Numbers for ``paths`` paths of ``steps`` steps: each is spread evenly over its distribution."""
    rng = np.random.default_rng(seed)

    def even() -> Floats:
        return (rng.permutation(paths) + rng.random(paths)) / paths

    def normal() -> Singles:
        return np.asarray(ndtri(even()), dtype=np.float32)

    def logarithm() -> Singles:
        return np.log(even()).astype(np.float32)

    def single() -> Singles:
        return even().astype(np.float32)

    pick, level = single(), (normal(), logarithm())
    drift = tuple((normal(), logarithm(), normal(), logarithm()) for _ in range(DRIFTING))
    each = [((normal(), logarithm()), (single(), single())) for _ in range(steps)]
    frequency = (normal(), logarithm())
    return Draws(pick, level, drift, tuple(e for e, _ in each), frequency, tuple(i for _, i in each))


def gamma(shape: Singles, normal: Singles, log_uniform: Singles) -> Singles:
    """Gamma variates of positive shapes and scale 1 from normal and logarithms of uniform ones."""
    larger = shape + np.float32(1)
    spread = np.float32(1 / 9) / larger
    root: Singles = normal * np.sqrt(spread)
    root += np.float32(1)
    root -= spread
    np.maximum(root, np.float32(0), out=root)
    root *= root * root
    root *= larger
    root *= np.exp(log_uniform / shape)
    return root


def spend(rates: Rates, traffic: Traffic, onset: Onset, numbers: Draws) -> Iterator[Singles]:
    """Bad events from now to the end of each step, (S, P) for one step after the other.

    A path draws a model and its rate; the rate drifts for three days as the model forgets and
    grows by its damped trend; a step's events are gamma distributed with the mean that follows
    and the dispersion of the past, and incidents come on top. No step has more bad than valid events.
    """
    chosen = (np.cumsum(rates.weight, axis=1)[:, :-1, None] < numbers.pick).sum(axis=1)
    shape = np.take_along_axis(rates.shape, chosen, axis=1).astype(np.float32)
    rate = np.take_along_axis(rates.rate, chosen, axis=1).astype(np.float32)
    level: Singles = np.divide(gamma(shape, *numbers.level), rate)
    pace = rates.pace.astype(np.float32)[chosen]
    trend: Floats = np.log(rates.trend)
    growth = trend.astype(np.float32)[chosen]
    burning = np.isfinite(onset.valid)[:, None]
    seen = np.where(burning, onset.valid[:, None], 1.0).astype(np.float32)
    burn = gamma(np.where(burning, onset.bad[:, None] + 0.5, 1.0).astype(np.float32), *numbers.level) / seen
    lasting = onset.lasting[:, None]
    spent = np.zeros_like(level)
    drifted, struck = 0, np.flatnonzero(rates.incidents.chance > 0)
    frequency = _frequency(rates.incidents.chance[struck], rates.days[struck], numbers.frequency)
    for step, (normal, log_uniform) in enumerate(numbers.events[: traffic.valid.shape[1]]):
        begin, end = traffic.edges[step], traffic.edges[step + 1]
        if drifted < DRIFTING and begin >= drifted:
            level, shape = _drift(level, shape, pace, numbers.drift[drifted])
            drifted += 1
        valid = traffic.valid[:, step, None].astype(np.float32)
        exposure = traffic.exposure[:, step, None].astype(np.float32)
        mean: Singles = level * np.exp(growth * np.float32(faded(begin, end))) * exposure
        scatter: Singles = rates.dispersion[:, None].astype(np.float32)
        held = burning & (lasting | (begin < 1))
        if held.any():
            mean, scatter = np.where(held, burn * valid, mean), np.where(held, np.float32(1), scatter)
        mean = np.minimum(mean, valid)
        scatter = scatter * np.maximum(np.float32(1) - mean / np.maximum(valid, _TINY), np.float32(0.01))
        events = scatter * gamma(np.maximum(mean / scatter, _TINY), normal, log_uniform)
        if len(struck):
            daily = rates.incidents.excess[struck].astype(np.float32) * (valid[struck] / np.float32(end - begin))
            events[struck] += _struck(daily, frequency * np.float32(end - begin), *numbers.incidents[step])
        spent = spent + np.minimum(events, valid)
        yield spent


def _frequency(chance: Floats, days: Ints, numbers: tuple[Singles, Singles]) -> Singles:
    """Incidents per day (S, P) where history had some: Gamma(count, days)."""
    shape = (chance * days)[:, None].astype(np.float32)
    return np.divide(gamma(shape, *numbers), days[:, None].astype(np.float32))


def _struck(excess: Singles, mean: Singles, number: Singles, size: Singles) -> Singles:
    """Bad events of incidents (S, P): a Poisson number with this mean, at most three, of one of the sizes (S, 8)."""
    term = np.exp(-mean)
    below, count = np.zeros_like(mean), np.zeros_like(mean)
    for k in range(1, 4):
        below = below + term
        count += number >= below
        term = term * mean / np.float32(k)
    kinds = excess.shape[1]
    return count * excess[:, np.minimum((size * kinds).astype(np.int64), kinds - 1)]


def moments(rates: Rates, traffic: Traffic) -> tuple[Floats, Floats]:
    """Mean and variance (S, H) of the bad events from now to the end of each step.

    The rate of a path is taken as one for all steps, which is the widest it can be.
    """
    level = rates.shape / rates.rate
    left = np.minimum(np.maximum(rates.pace**DRIFTING * rates.shape, _LEAST_SHAPE), rates.shape)
    spans = zip(traffic.edges[:-1], traffic.edges[1:], strict=True)
    growth = np.power.outer(rates.trend, np.array([faded(begin, end) for begin, end in spans]))
    # Not a matrix product, whose rounding depends on how many SLOs there are.
    first = np.einsum("sk,kh->sh", rates.weight * level, growth)
    second = np.einsum("sk,kh->sh", rates.weight * level**2 * (1 + 1 / left), growth**2)
    mean = first * traffic.exposure
    spread = np.sqrt(np.maximum(second - first**2, 0.0)) * traffic.exposure
    total = mean.cumsum(axis=1)
    found = rates.incidents
    struck = (found.chance * found.excess.mean(axis=1))[:, None] * traffic.valid
    jumps = (found.chance * (found.excess**2).mean(axis=1))[:, None] * traffic.valid**2 / np.diff(traffic.edges)
    variance = spread.cumsum(axis=1) ** 2 + rates.dispersion[:, None] * total + jumps.cumsum(axis=1)
    return total + struck.cumsum(axis=1), variance


def faded(begin: float, end: float) -> float:
    """Days of full growth that a damped trend amounts to in the middle of a step, counted from now."""
    return float((1 - DAMPING ** ((begin + end) / 2 + 0.5)) * DAMPING / (1 - DAMPING))


def _drift(
    level: Singles, shape: Singles, pace: Singles, numbers: tuple[Singles, Singles, Singles, Singles]
) -> tuple[Singles, Singles]:
    """The rate after one more day that the model knows less of: Gamma(shape) becomes Gamma(pace x shape)."""
    kept = np.minimum(np.maximum(pace * shape, np.float32(_LEAST_SHAPE)), shape)
    lost = np.maximum(shape - kept, _TINY)
    first, second = gamma(kept, *numbers[:2]), gamma(lost, *numbers[2:])
    return level * first / np.maximum(first + second, _TINY) * shape / kept, kept
