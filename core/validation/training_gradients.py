"""Whether gradients explode, vanish or spike, in total and by layer.

Norms are looked at on a logarithmic scale (powers of ten), where their noise is about the same all along.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from burnline.validation.training_curves import Curve, Floats, blocks, medians_before, noise, running_median, stays
from burnline.validation.training_findings import Finding, number, passed, step
from burnline.validation.training_losses import end_level, start_level

EXPLODES = 1.0
VANISHES = 3.0
_LAYER = 4.0
_SPIKE = 1.0
_BEFORE = 51
_MOVED = 0.1


def logarithms(values: Floats) -> Floats:
    """Powers of ten of norms; a norm of 0 counts as a tenth of the smallest that is not."""
    positive = values[values > 0]
    floor = positive.min() / 10 if len(positive) else 1.0
    return np.asarray(np.log10(np.maximum(values, floor)), dtype=np.float64)


def exploding(name: str, curve: Curve, lost: bool) -> Finding:
    """Norms that rise to ten times the median of all before (and beyond six times their noise) and stay there.

    ``lost`` says that values after the last one are not finite: then the last value alone decides.
    """
    logs = logarithms(curve.values)
    cut = blocks(logs)
    levels = cut.levels
    usual = medians_before(levels)
    line = max(EXPLODES, 6 * noise(levels))
    since = stays(levels - usual > line)
    first = None
    if since is not None:
        begin = cut.first(since)
        first = begin + int(np.argmax(logs[begin:] - usual[since] > line))
    elif lost and len(curve) > 3:
        first = stays(logs - running_median(logs, min(_BEFORE, len(logs))) > line)
    if first is None:
        text = f"{name} stays within ten times its usual size of {number(10 ** float(np.median(logs)))}."
        return passed("exploding_gradients", name, text, curve)
    before = 10 ** float(np.median(logs[: max(first, 1)]))
    top = float(curve.values[first:].max())
    told = max(cut.ends[since] - 1, first) if since is not None else first
    return Finding(
        check="exploding_gradients",
        column=name,
        failed=True,
        text=(
            f"{name} explodes from step {step(curve.steps[first])}: {number(top)} against {number(before)} before"
            f"{', then it is no number' if lost else ''}. Clip gradients near {number(10 * before)}, lower the "
            f"learning rate, and start again from a checkpoint before step {step(curve.steps[first])}."
        ),
        at=int(curve.micros[first]),
        detected=int(curve.micros[told]),
        failed_rows=len(curve) - first,
        rows=len(curve),
        example=number(top),
    )


def spikes(name: str, curve: Curve, before: int | None) -> Finding | None:
    """Single steps at ten times the median of the 51 before (and beyond six times the noise), as a warning.

    Only steps up to ``before`` (microseconds, where an explosion begins) count. ``None`` without any.
    """
    logs = logarithms(curve.values)
    above = logs - running_median(logs, min(_BEFORE, len(logs)))
    struck = np.flatnonzero(above > max(_SPIKE, 6 * 1.4826 * float(np.median(np.abs(above)))))
    if before is not None:
        struck = struck[curve.micros[struck] < before]
    if not len(struck):
        return None
    worst = int(struck[np.argmax(curve.values[struck])])
    usual = 10 ** float(np.median(logs))
    times = curve.values[worst] / 10 ** float(logs[worst] - above[worst])
    return Finding(
        check="gradient_spikes",
        column=name,
        failed=True,
        text=(
            f"{name} spikes in {len(struck):,} of {len(curve):,} steps, to {times:,.0f} times its usual size at step "
            f"{step(curve.steps[worst])}: clip gradients near {number(5 * usual)}."
        ),
        at=int(curve.micros[struck[0]]),
        detected=int(curve.micros[struck[0]]),
        failed_rows=len(struck),
        rows=len(curve),
        example=number(float(curve.values[worst])),
        severity="warning",
    )


def vanishing(name: str, curve: Curve, loss: Curve | None, floor: float | None) -> Finding:
    """Norms that end at a thousandth of their early size although the loss is far from where it should be.

    A training that has arrived has small gradients too. Far is: the loss fell by less than a tenth of its size, or
    lies nearer to its start than to ``floor``, the lowest end of other runs.
    """
    logs = logarithms(curve.values)
    cut = blocks(logs)
    levels = cut.levels
    early = float(levels[: max(len(levels) // 5, 1)].max())
    since = stays(levels < early - VANISHES)
    ratio = 10 ** (end_level(levels) - early)
    idle = not np.any(curve.values > 0)
    if (since is None and not idle) or (loss is not None and not _far(loss, floor)):
        text = f"{name} ends at {number(100 * ratio)} % of its early size, with the loss where it should be."
        return passed("vanishing_gradients", name, text, curve)
    first = cut.first(since or 0)
    told = cut.ends[since or 0] - 1
    what = (
        "is 0 all along" if idle else f"falls to {number(ratio)} of its early size by step {step(curve.steps[first])}"
    )
    loss_says = "" if loss is None else f" while the loss is still {number(end_level(blocks(loss.values).levels))}"
    return Finding(
        check="vanishing_gradients",
        column=name,
        failed=True,
        text=(
            f"{name} {what}{loss_says}: no signal reaches the weights. Look at the initialisation, saturated "
            "activations, normalisation or residual connections."
        ),
        at=int(curve.micros[first]),
        detected=int(curve.micros[told]),
        failed_rows=len(curve) - first,
        rows=len(curve),
        example=number(float(curve.values[-1])),
        severity="error" if loss is not None else "warning",
    )


def _far(loss: Curve, floor: float | None) -> bool:
    levels = blocks(loss.values).levels
    begin, end = start_level(levels), end_level(levels)
    if begin - end < _MOVED * abs(begin):
        return True
    return floor is not None and floor < begin and end - floor > 0.5 * (begin - floor)


def starved_layers(layers: Mapping[str, Curve]) -> Finding | None:
    """Layers whose norm over the second half is below 1e-4 of the median layer; ``None`` without any.

    A layer with a norm of 0 all along is told as frozen, which may be meant: a warning.
    """
    if len(layers) < 3:
        return None
    typical = {name: float(np.median(c.values[len(c) // 2 :])) for name, c in layers.items()}
    middle = float(np.median(list(typical.values())))
    low = [name for name, value in typical.items() if value < middle * 10**-_LAYER]
    if not low:
        return None
    worst = min(low, key=lambda name: typical[name])
    curve = layers[worst]
    frozen = all(not np.any(layers[name].values > 0) for name in low)
    others = f" and {len(low) - 1:,} more layers" if len(low) > 1 else ""
    begin = len(curve) // 2
    tail = (
        "frozen; make sure that this is meant."
        if frozen
        else "it hardly learns; look at what lies between it and the loss."
    )
    return Finding(
        check="vanishing_gradients",
        column=worst,
        failed=True,
        text=(
            f"{worst}{others} has a norm of {number(typical[worst])} from step {step(curve.steps[begin])} on, the "
            f"median layer {number(middle)}: {tail}"
        ),
        at=int(curve.micros[begin]),
        detected=int(curve.micros[-1]),
        failed_rows=len(curve) - begin,
        rows=len(curve),
        example=number(typical[worst]),
        severity="warning" if frozen else "error",
    )
