"""Shapes of training runs for simulations: healthy ones of many kinds, and planted faults."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Columns = dict[str, Floats]
LENGTHS = (80, 4000)
Maker = Callable[[np.random.Generator], Columns]


def frame(columns: Columns, run: str = "run") -> pl.DataFrame:
    """A training log of one run, a step a minute."""
    n = len(columns["loss"])
    start = pl.datetime(2026, 11, 1, time_zone="UTC")
    times = pl.select(start + pl.duration(minutes=pl.int_range(n))).to_series()
    return pl.DataFrame({"timestamp": times, "run": [run] * n, "step": np.arange(1, n + 1), **columns})


def _length(rng: np.random.Generator) -> int:
    return int(np.exp(rng.uniform(*np.log(LENGTHS))))


def _base(
    rng: np.random.Generator, fall: Callable[[Floats], Floats], noise: float | None = None, smooth: float = 0.0
) -> Columns:
    """Losses that follow ``fall`` (1 at the start, 0 at the floor) with multiplicative noise, and their gradients."""
    n = _length(rng)
    t = np.arange(1, n + 1) / n
    start, floor = np.exp(rng.uniform(-1.5, 2.0)), rng.uniform(0.02, 0.6)
    sigma = np.exp(rng.uniform(np.log(0.003), np.log(0.1))) if noise is None else noise
    level = start * (floor + (1 - floor) * fall(t))
    loss = level * np.exp(sigma * _noise(rng, n, smooth))
    val = level * rng.uniform(1.0, 1.2) * np.exp(0.3 * sigma * _noise(rng, n, smooth))
    gradient = (0.3 + 1.7 * fall(t)) * np.exp(rng.uniform(0.1, 0.5) * rng.standard_normal(n)) * np.exp(rng.normal())
    return {"loss": loss, "val_loss": val, "gradient_norm": gradient}


def _noise(rng: np.random.Generator, n: int, smooth: float) -> Floats:
    """White noise, or that of an exponential moving average (as many trainers log it)."""
    white = rng.standard_normal(n)
    if smooth:
        for i in range(1, n):
            white[i] = smooth * white[i - 1] + np.sqrt(1 - smooth**2) * white[i]
    return white


def exponential(rng: np.random.Generator) -> Columns:
    rate = rng.uniform(4, 15)
    return _base(rng, lambda t: np.exp(-rate * t))


def power_law(rng: np.random.Generator) -> Columns:
    power, offset = rng.uniform(0.4, 1.2), rng.uniform(0.002, 0.02)
    return _base(rng, lambda t: (1 + t / offset) ** -power)


def warm_up(rng: np.random.Generator) -> Columns:
    """A flat start while the learning rate rises, then a fall; gradients rise first."""
    warm, rate = rng.uniform(0.02, 0.1), rng.uniform(5, 12)
    columns = _base(rng, lambda t: np.exp(-rate * np.maximum(t - warm, 0)))
    n = len(columns["loss"])
    t = np.arange(1, n + 1) / n
    columns["gradient_norm"] = columns["gradient_norm"] * np.clip(t / warm, 0.2, 1)
    columns["learning_rate"] = np.minimum(t / warm, 1) * np.cos(np.pi / 2 * np.maximum(t - warm, 0) / (1 - warm)) ** 2
    return columns


def restarts(rng: np.random.Generator) -> Columns:
    """Cosine restarts: the loss jumps up at each and falls lower than before."""
    cycles, bump, rate = int(rng.integers(2, 6)), rng.uniform(0.05, 0.25), rng.uniform(4, 8)
    columns = _base(
        rng, lambda t: np.exp(-rate * t) + bump * np.exp(-t) * (1 - ((t * cycles) % 1.0000001)) ** 2 * (t > 1 / cycles)
    )
    return columns


def noisy_batches(rng: np.random.Generator) -> Columns:
    rate = rng.uniform(5, 12)
    columns = _base(rng, lambda t: np.exp(-rate * t), noise=rng.uniform(0.15, 0.4))
    return columns


def smoothed_log(rng: np.random.Generator) -> Columns:
    rate = rng.uniform(5, 12)
    return _base(rng, lambda t: np.exp(-rate * t), smooth=rng.uniform(0.8, 0.95))


def double_descent(rng: np.random.Generator) -> Columns:
    """Validation rises in the middle and falls below its first minimum at the end."""
    rate, height = rng.uniform(5, 10), rng.uniform(0.05, 0.25)
    columns = _base(rng, lambda t: np.exp(-rate * t))
    n = len(columns["loss"])
    t = np.arange(1, n + 1) / n
    bump = 1 + height * np.exp(-(((t - 0.4) / 0.1) ** 2)) - 0.04 * np.clip((t - 0.5) / 0.3, 0, 1)
    columns["val_loss"] = columns["val_loss"] * bump
    return columns


def step_decay(rng: np.random.Generator) -> Columns:
    """The learning rate falls to a tenth at two moments, and the loss with it."""
    drops = (rng.uniform(0.3, 0.5), rng.uniform(0.6, 0.8))
    columns = _base(rng, lambda t: 0.1 + 0.9 * np.exp(-12 * t) - 0.05 * (t > drops[0]) - 0.05 * (t > drops[1]))
    n = len(columns["loss"])
    t = np.arange(1, n + 1) / n
    columns["learning_rate"] = 0.1 ** (1.0 + (t > drops[0]) + (t > drops[1]))
    return columns


def rare_validation(rng: np.random.Generator) -> Columns:
    """Validated at every tenth step only."""
    columns = exponential(rng)
    columns["val_loss"] = np.where(np.arange(len(columns["loss"])) % 10 == 9, columns["val_loss"], np.nan)
    return columns


def clipped_spikes(rng: np.random.Generator) -> Columns:
    """A few single steps with gradients 5 to 9 times the usual, and losses a little up."""
    columns = exponential(rng)
    struck = rng.choice(len(columns["loss"]), 3, replace=False)
    columns["gradient_norm"][struck] *= rng.uniform(3, 5, 3)
    columns["loss"][struck] *= rng.uniform(1.2, 2, 3)
    return columns


def growing_gradients(rng: np.random.Generator) -> Columns:
    """Gradients grow slowly towards the end of the training while all goes well, as in language models."""
    columns = power_law(rng)
    n = len(columns["loss"])
    columns["gradient_norm"] = columns["gradient_norm"] * np.linspace(1, rng.uniform(1.5, 4), n)
    return columns


def heavy_tails(rng: np.random.Generator) -> Columns:
    """Noise with three degrees of freedom: now and then a step far off."""
    columns = exponential(rng)
    columns["loss"] = columns["loss"] * np.exp(0.05 * rng.standard_t(3, len(columns["loss"])))
    return columns


def fine_tuning(rng: np.random.Generator) -> Columns:
    """Begins close to its floor: falls by 5 to 20 % only."""
    rate, part = rng.uniform(5, 12), rng.uniform(0.1, 0.3)
    columns = _base(rng, lambda t: part * np.exp(-rate * t), noise=0.02)
    return columns


def late_annealing(rng: np.random.Generator) -> Columns:
    """A constant learning rate that is brought down over the last sixth, and the loss once more with it."""
    columns = _base(rng, lambda t: 0.1 + 0.9 * np.exp(-10 * t) - 0.08 * np.clip((t - 0.85) / 0.15, 0, 1))
    n = len(columns["loss"])
    columns["learning_rate"] = 0.01 * np.clip((1 - np.arange(1, n + 1) / n) / 0.15, 0, 1)
    return columns


def below_zero(rng: np.random.Generator) -> Columns:
    """A loss that crosses zero, such as a negative log-likelihood of densities."""
    columns = exponential(rng)
    shift = rng.uniform(0.3, 3) * columns["loss"][0]
    columns["loss"], columns["val_loss"] = columns["loss"] - shift, columns["val_loss"] - shift
    return columns


HEALTHY: dict[str, Maker] = {
    "exponential": exponential,
    "power law": power_law,
    "warm-up": warm_up,
    "cosine restarts": restarts,
    "noisy small batches": noisy_batches,
    "smoothed log": smoothed_log,
    "double descent": double_descent,
    "step decay": step_decay,
    "rare validation": rare_validation,
    "clipped spikes": clipped_spikes,
    "growing gradients": growing_gradients,
    "heavy tails": heavy_tails,
    "fine-tuning": fine_tuning,
    "late annealing": late_annealing,
    "below zero": below_zero,
}


def explodes(rng: np.random.Generator) -> Columns:
    """Gradients and losses grow exponentially from some step on, to a hundred times and more."""
    columns = exponential(rng)
    n = len(columns["loss"])
    begin = rng.uniform(0.3, 0.85)
    t = np.arange(1, n + 1) / n
    growth = np.exp(np.log(10) * rng.uniform(2, 6) * np.clip((t - begin) / (1 - begin), 0, 1))
    columns["gradient_norm"] = columns["gradient_norm"] * growth
    columns["loss"] = columns["loss"] * np.sqrt(growth)
    return columns


def explodes_to_nan(rng: np.random.Generator) -> Columns:
    """Within a few steps to not-a-number, and so to the end."""
    columns = exponential(rng)
    n = len(columns["loss"])
    begin = int(n * rng.uniform(0.2, 0.9))
    for name in ("loss", "val_loss", "gradient_norm"):
        columns[name][begin:] = np.nan
    columns["gradient_norm"][max(begin - 3, 0) : begin] *= [10, 100, 1000][: min(begin, 3)]
    return columns


def vanishes(rng: np.random.Generator) -> Columns:
    """Gradients decay by four powers of ten or more and the loss stays near its start."""
    rate = rng.uniform(10, 20)
    columns = (
        _base(rng, lambda t: 1 - rng_small * (1 - np.exp(-rate * t)))
        if (rng_small := rng.uniform(0, 0.05)) >= 0
        else {}
    )
    n = len(columns["loss"])
    t = np.arange(1, n + 1) / n
    columns["gradient_norm"] = columns["gradient_norm"] * np.exp(-rate * t)
    return columns


def overfits(rng: np.random.Generator) -> Columns:
    """Validation turns at some step and rises by 10 to 60 % while the training loss falls on."""
    rate = rng.uniform(8, 15)
    columns = _base(rng, lambda t: np.exp(-rate * t))
    n = len(columns["loss"])
    begin = rng.uniform(0.25, 0.6)
    t = np.arange(1, n + 1) / n
    columns["val_loss"] = columns["val_loss"] * (1 + rng.uniform(0.1, 0.6) * np.maximum(t - begin, 0) / (1 - begin))
    return columns


def stalls(rng: np.random.Generator) -> Columns:
    """Never improves."""
    return _base(rng, lambda t: np.ones_like(t))


def stopped_early(rng: np.random.Generator) -> Columns:
    """Still falling almost as fast as ever when it ends."""
    rate = rng.uniform(0.1, 1.2)
    return _base(rng, lambda t: np.exp(-rate * t), noise=rng.uniform(0.003, 0.02))


def diverges(rng: np.random.Generator) -> Columns:
    """The loss turns and climbs back to its start or beyond; no gradients are logged."""
    columns = exponential(rng)
    n = len(columns["loss"])
    begin = rng.uniform(0.3, 0.7)
    t = np.arange(1, n + 1) / n
    rise = rng.uniform(1, 3) * columns["loss"][:5].mean() * np.maximum(t - begin, 0) / (1 - begin)
    columns["loss"] = columns["loss"] + rise
    columns["val_loss"] = columns["val_loss"] + rise
    del columns["gradient_norm"]
    return columns


def oscillates(rng: np.random.Generator) -> Columns:
    """The loss swings up and down by 15 to 40 % with a period of 2 to 10 logged steps."""
    columns = exponential(rng)
    n = len(columns["loss"])
    period = rng.uniform(2, 10)
    wave = np.cos(2 * np.pi * np.arange(n) / period)
    columns["loss"] = columns["loss"] * (1 + rng.uniform(0.15, 0.4) * wave)
    return columns


def dead_rate(rng: np.random.Generator) -> Columns:
    """The learning rate is 0 for the last third or more."""
    columns = exponential(rng)
    n = len(columns["loss"])
    t = np.arange(1, n + 1) / n
    columns["learning_rate"] = np.where(t < rng.uniform(0.2, 0.65), 0.01, 0.0)
    return columns


# Fault -> (maker, the checks of which one must fail).
FAULTS: dict[str, tuple[Maker, tuple[str, ...]]] = {
    "explodes": (explodes, ("exploding_gradients",)),
    "explodes to NaN": (explodes_to_nan, ("not_finite",)),
    "vanishes": (vanishes, ("vanishing_gradients",)),
    "overfits": (overfits, ("overfitting",)),
    "stalls": (stalls, ("not_improving",)),
    "stopped early": (stopped_early, ("still_falling",)),
    "diverges": (diverges, ("diverging_loss",)),
    "oscillates": (oscillates, ("oscillation",)),
    "dead learning rate": (dead_rate, ("learning_rate",)),
}
