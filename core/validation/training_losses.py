"""Whether the loss of a training run fell, went on falling, stayed down, and fell for unseen data too."""

from __future__ import annotations

import numpy as np
from scipy.stats import mannwhitneyu

from burnline.validation.training_curves import Blocks, Curve, Floats, blocks, noise, stays, trend
from burnline.validation.training_findings import Finding, number, passed, step

ENOUGH = 10
_FEW, _MANY = 20, 80
_SURE = 0.01
_LATER_BLOCKS = 4
_RISE, _SLIGHT_RISE = 0.05, 0.02
_RETURNED = 0.3
_LAST = 0.2
_STILL = 0.1
_PEAK = 0.25
_SWING = 0.05
_CYCLES = 5
_ANNEALED = 0.1


def end_level(levels: Floats) -> float:
    """The level at the end: the median of the last tenth of the levels, three at least."""
    return float(np.median(levels[-max(3, len(levels) // 10) :]))


def start_level(levels: Floats) -> float:
    """The level at the start; where the first one is out of all proportion, that of the first fifth."""
    early = float(np.median(levels[: max(len(levels) // 5, 2)]))
    return early if abs(levels[0]) > 10 * abs(early) else float(levels[0])


def overfitting(name: str, validation: Curve, loss: Curve | None) -> Finding:
    """Validation loss that rises from its minimum by more than noise while the training loss does not.

    The rise must exceed 2.5 times the noise of the block levels and 2 % of the smaller of the minimum and the fall down
    to it, and be proven to go up (Mann-Kendall, p <= 0.01); up to 5 % it is a warning. ``at`` is the step of the best
    checkpoint.
    """
    cut = blocks(validation.values)
    levels = cut.levels
    best = int(np.argmin(levels))
    lowest = _lowest(validation, cut, best)
    where = f"the best checkpoint is step {step(validation.steps[lowest])} ({number(validation.values[lowest])})"
    good = passed(
        "overfitting", name, f"{name} does not rise from its minimum by more than noise; {where}.", validation
    )
    if len(levels) - best - 1 < _LATER_BLOCKS:
        return good
    low = float(np.median(levels[max(best - 1, 0) : best + 2]))
    fall = start_level(levels) - low
    scale = min(abs(low), fall) if fall > 0 else abs(low)
    allowed = max(2.5 * noise(levels), _SLIGHT_RISE * scale)
    rise = end_level(levels) - low
    if rise <= allowed or trend(levels[best + 1 :]).p_rising > _SURE or _rose(loss, validation.steps[lowest]):
        return good
    since = stays(levels > low + allowed)
    told = cut.ends[since if since is not None else -1] - 1
    return Finding(
        check="overfitting",
        column=name,
        failed=True,
        text=(
            f"{name} rises from {number(low)} to {number(end_level(levels))} after step "
            f"{step(validation.steps[lowest])} while the training loss goes on falling: it learns the training data "
            f"by heart. Use the checkpoint of step {step(validation.steps[lowest])}, stop early, or regularise."
        ),
        at=int(validation.micros[lowest]),
        detected=int(validation.micros[told]),
        failed_rows=len(validation) - lowest - 1,
        rows=len(validation),
        example=number(end_level(levels)),
        severity="error" if rise > _RISE * scale else "warning",
    )


def _lowest(curve: Curve, cut: Blocks, block: int) -> int:
    """The step with the lowest value within a block."""
    begin = cut.first(block)
    return begin + int(np.argmin(curve.values[begin : cut.ends[block]]))


def _rose(loss: Curve | None, since: float) -> bool:
    """Whether the training loss went up as well since a step, beyond its noise."""
    if loss is None or len(loss) < ENOUGH:
        return False
    levels = blocks(loss.values).levels
    then = float(np.median(loss.values[np.argsort(np.abs(loss.steps - since))[: max(5, len(loss) // 40)]]))
    return end_level(levels) > then + max(2.5 * noise(levels), _RISE * abs(then))


def diverging(name: str, curve: Curve) -> Finding:
    """A loss that climbs back by 30 % of all it had fallen, beyond six times its noise, and stays there."""
    cut = blocks(curve.values)
    levels = cut.levels
    best = int(np.argmin(levels))
    low, begin = float(levels[best]), start_level(levels)
    fall = begin - low if begin > low else abs(low)
    line = low + max(6 * noise(levels), _RETURNED * fall)
    good = passed("diverging_loss", name, f"{name} stays down: it ends at {number(end_level(levels))}.", curve)
    since = stays(levels > line)
    if end_level(levels) <= line or since is None or since <= best:
        return good
    if trend(levels[best:]).p_rising > _SURE and end_level(levels) <= begin:
        return good
    first = cut.first(since)
    return Finding(
        check="diverging_loss",
        column=name,
        failed=True,
        text=(
            f"{name} fell to {number(low)} by step {step(curve.steps[cut.ends[best] - 1])} and climbs back to "
            f"{number(end_level(levels))} from step {step(curve.steps[first])} on: the training diverges. "
            "Lower the learning rate or clip gradients, and start again from the checkpoint before."
        ),
        at=int(curve.micros[first]),
        detected=int(curve.micros[cut.ends[since] - 1]),
        failed_rows=len(curve) - first,
        rows=len(curve),
        example=number(end_level(levels)),
    )


def not_improving(name: str, curve: Curve) -> Finding:
    """A loss that is not proven to be lower than at the start.

    Proven is a fall over the block levels (Mann-Kendall) or from the first tenth of the steps to the last half
    (Mann-Whitney), either with p <= 0.01. Of fewer than 20 steps it is a warning, and of fewer than 80 that seem to
    fall by more than 5 %: they are too few to prove what noise hides.
    """
    levels = blocks(curve.values).levels
    begin, end = start_level(levels), end_level(levels)
    n = len(curve)
    early, late = curve.values[: max(n // 10, 5)], curve.values[n // 2 :]
    apart = float(mannwhitneyu(early, late, alternative="greater").pvalue) if np.ptp(curve.values) > 0 else 1.0
    if min(apart, trend(levels).p_falling) <= _SURE:
        return passed("not_improving", name, f"{name} falls from {number(begin)} to {number(end)}.", curve)
    seems = float(np.median(early) - np.median(late)) > _RISE * abs(float(np.median(early)))
    hidden = n < _FEW or (n < _MANY and seems)
    advice = (
        "Log more steps."
        if hidden
        else "Check that gradients reach the weights, that labels belong to their inputs, and the learning rate."
    )
    return Finding(
        check="not_improving",
        column=name,
        failed=True,
        text=(
            f"{name} is {number(begin)} at the start and {number(end)} at the end (step {step(curve.steps[-1])}): no "
            f"improvement beyond noise. {advice}"
        ),
        at=int(curve.micros[0]),
        detected=int(curve.micros[-1]),
        failed_rows=n,
        rows=n,
        example=number(end),
        severity="warning" if hidden else "error",
    )


def still_falling(name: str, curve: Curve, rate: Curve | None) -> Finding:
    """A loss that falls in the last fifth of the steps by more than a tenth of its whole fall.

    The fall is the Theil-Sen slope of that fifth, proven by Mann-Kendall (p <= 0.01), and as much must be new ground,
    below every level before (a restarted schedule falls without it). A straight line falls by a fifth there, a half-way
    exponential exp(-2t) by 8 %. A learning rate that was brought down to a tenth of its highest value says that the end
    was meant.
    """
    levels = blocks(curve.values).levels
    begin, end = start_level(levels), end_level(levels)
    last = curve.part(slice(int(len(curve) * (1 - _LAST)), None))
    tail = blocks(last.values, 20).levels
    course = trend(tail)
    fall = -course.slope * len(tail)
    annealed = rate is not None and len(rate) and rate.values[-1] <= _ANNEALED * rate.values.max()
    gained = min(fall, float(levels[: int(len(levels) * (1 - _LAST))].min()) - end)
    if begin <= end or gained <= _STILL * (begin - end) or course.p_falling > _SURE or annealed:
        return passed("still_falling", name, f"{name} has settled at {number(end)}.", curve)
    span = (last.steps[-1] - last.steps[0]) * len(last) / (len(last) - 1)
    each = 10.0 ** np.floor(np.log10(max(span, 10.0)))
    percent = 100 * fall / span * each / abs(end) if end else float("inf")
    return Finding(
        check="still_falling",
        column=name,
        failed=True,
        text=(
            f"{name} still falls at the end (step {step(curve.steps[-1])}) by {percent:.2g} % per {step(each)} steps; "
            f"{100 * fall / (begin - end):.0f} % of its whole fall lie in the last fifth: it has not converged. "
            "Train longer, or raise the learning rate."
        ),
        at=int(last.micros[0]),
        detected=int(curve.micros[-1]),
        failed_rows=len(last),
        rows=len(curve),
        example=number(end),
    )


def oscillation(name: str, curve: Curve, rate: Curve | None) -> Finding:
    """A loss that swings with one period over the second half of the run.

    One frequency (of five cycles at least) must hold a quarter of the variance around a parabola, beyond chance
    (Fisher's g-test, p <= 1e-4), with an amplitude of 5 % of the level or more. A learning rate that goes up and down
    itself explains it.
    """
    half = curve.values[len(curve) // 2 :]
    m, level = len(half), float(np.median(half))
    good = passed("oscillation", name, f"{name} does not swing with a period.", curve)
    if m < 4 * _CYCLES or (rate is not None and _cycles(rate.values)):
        return good
    x = np.linspace(-1, 1, m)
    rest = half - np.polynomial.Polynomial.fit(x, half, 2)(x)
    spread = 1.4826 * float(np.median(np.abs(rest)))
    rest = np.clip(rest, -4 * spread, 4 * spread)
    power = np.abs(np.fft.rfft(rest))[1:] ** 2
    if power.sum() == 0:
        return good
    peak = int(np.argmax(power))
    share = float(power[max(peak - 1, 0) : peak + 2].sum() / power.sum())
    chance = len(power) * (1 - float(power[peak] / power.sum())) ** (len(power) - 1)
    swing = float(np.sqrt(2 * share * rest.var()))
    if peak + 1 < _CYCLES or share < _PEAK or chance > 1e-4 or swing < _SWING * abs(level):
        return good
    begin = len(curve) - m
    period = (curve.steps[-1] - curve.steps[begin]) / (peak + 1)
    return Finding(
        check="oscillation",
        column=name,
        failed=True,
        text=(
            f"{name} swings by {100 * swing / abs(level):.0f} % around {number(level)} every {period:.3g} steps from "
            f"step {step(curve.steps[begin])} or before: lower the learning rate, or shuffle the data."
        ),
        at=int(curve.micros[begin]),
        detected=int(curve.micros[-1]),
        failed_rows=m,
        rows=len(curve),
        example=number(level),
        severity="warning",
    )


def _cycles(values: Floats) -> bool:
    """Whether a learning rate rises again more than once."""
    up = np.flatnonzero(np.diff(values) > 0.05 * np.ptp(values))
    return len(up) > 0 and int((np.diff(up) > 1).sum()) >= 1
