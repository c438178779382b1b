"""Whether a training log is whole: its columns, its steps, its numbers, its end."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import numpy as np
import polars as pl

from burnline.validation.training_findings import Finding, passed, step
from burnline.validation.training_losses import ENOUGH

_GAP = 10
_RUNNING = 20
_SHORT = 0.9
_MOSTLY = 0.5


def row_count(frame: pl.DataFrame) -> int:
    """How many logged rows the frame stands for."""
    if "rows" not in frame.columns:
        return frame.height
    return int((frame["rows"] * frame["counted"]).sum() if "counted" in frame.columns else frame["rows"].sum())


def rows_and_steps(frame: pl.DataFrame) -> list[Finding]:
    """Enough steps for the other checks, and steps that follow each other: none twice, left out or back in time.

    A gap is ten times the usual distance of two logged steps. ``frame`` is in the order of ``step``. All are warnings.
    """
    n = row_count(frame)
    frame = frame.filter("counted") if "counted" in frame.columns else frame
    steps, micros = frame["step"].cast(pl.Float64).to_numpy(), frame["timestamp"].dt.epoch("us").to_numpy()
    found = []
    if n < ENOUGH:
        text = f"only {n:,} steps are logged: too few to judge trends by (from {ENOUGH} on); log more often."
        last = int(micros[-1])
        found.append(Finding("too_few_steps", None, text, True, last, last, n, n, step(steps[-1]), severity="warning"))
    found.append(_sequence(steps, micros, n))
    return found


def _sequence(steps: np.ndarray, micros: np.ndarray, n: int) -> Finding:
    ahead = np.diff(steps)
    forward = ahead[ahead > 0]
    usual = float(np.median(forward)) if len(forward) else 1.0
    twice = np.flatnonzero(ahead == 0) + 1
    gaps = np.flatnonzero(ahead > _GAP * usual) + 1
    back = np.flatnonzero((np.diff(micros) < 0) & (ahead > 0)) + 1
    parts = []
    if len(twice):
        parts.append(
            f"{len(twice):,} steps are logged twice, first step {step(steps[twice[0]])}; the later row counts (was the "
            "run resumed, or do two runs share a name?)"
        )
    if len(gaps):
        parts.append(
            f"nothing is logged between step {step(steps[gaps[0] - 1])} and step {step(steps[gaps[0]])}"
            f"{f' and in {len(gaps) - 1:,} more gaps' if len(gaps) > 1 else ''}; look for a writer that lost rows"
        )
    if len(back):
        parts.append(
            f"from step {step(steps[back[0]])} the clock goes back ({len(back):,} times); check the writer's clock, or "
            "whether steps count per epoch"
        )
    if not parts:
        return passed("steps", None, f"{n:,} logged rows up to step {step(steps[-1])} follow each other.")
    struck = np.concatenate([twice, gaps, back])
    at = int(micros[struck.min()])
    text = "; ".join(parts) + "."
    return Finding("steps", "step", text, True, at, at, len(struck), n, step(steps[struck.min()]), severity="warning")


def missing_columns(
    frame: pl.DataFrame, loss: Sequence[str], validation: Sequence[str], gradient: Sequence[str]
) -> Finding:
    """Which of loss, validation loss and gradient norm are not logged, and what cannot be judged without them."""
    logged = {name for name in frame.columns if frame[name].null_count() < frame.height}
    lacks = [
        (names[0], why)
        for names, why in (
            (loss, "whether it converges"),
            (validation, "whether it overfits"),
            (gradient, "whether gradients explode or vanish"),
        )
        if not logged & set(names) and not any(n.startswith(tuple(f"{g}_" for g in names)) for n in logged)
    ]
    if not lacks:
        return passed("columns", None, "loss, validation loss and gradient norm are logged.")
    text = "; ".join(f"{name} is not logged, so {why} is not known" for name, why in lacks) + "."
    end = int(frame["timestamp"].dt.epoch("us").to_numpy()[-1])
    return Finding(
        "columns", lacks[0][0], text, lacks[0][0] != gradient[0], None, end, None, frame.height, severity="warning"
    )


def not_finite(frame: pl.DataFrame, name: str) -> Finding:
    """The first step at which a column is NaN or infinite.

    A column that is NaN at half of its steps and more and finite again near the end is one that is not logged at every
    step: no failure. ``rows`` of the frame, where given, count the logged rows behind a row.
    """
    values = frame[name].cast(pl.Float64)
    held = values.drop_nulls().to_numpy()
    bad = (~values.is_finite()).fill_null(value=False).to_numpy()
    if not bad.any():
        return Finding("not_finite", name, f"{name} is finite at every step.", failed_rows=0, rows=len(held))
    finite = np.flatnonzero(values.is_finite().fill_null(value=False).to_numpy())
    if len(finite) and bad.mean() >= _MOSTLY and np.isnan(held[~np.isfinite(held)]).all():
        usual = int(np.diff(finite, prepend=-1).max())
        if frame.height - 1 - finite[-1] <= usual:
            text = f"{name} is logged at {len(finite):,} of {frame.height:,} steps (NaN elsewhere)."
            return passed("not_finite", name, text)
    first = int(np.flatnonzero(bad)[0])
    weights = frame["rows"].to_numpy() if "rows" in frame.columns else np.ones(frame.height, dtype=np.int64)
    value = float(values[first])
    word = "not a number (NaN)" if np.isnan(value) else "infinite"
    at = int(frame["timestamp"].dt.epoch("us").to_numpy()[first])
    where = step(float(frame["step"][first]))
    after = "and to the end" if bad[first:].all() else f"and in {int(weights[bad].sum()):,} rows in all"
    return Finding(
        check="not_finite",
        column=name,
        text=(
            f"{name} is {word} from step {where} {after}. Go back to a checkpoint before step {where}; lower the "
            "learning rate, clip gradients, and look for a division by 0 or a logarithm of 0."
        ),
        failed=True,
        at=at,
        detected=at,
        failed_rows=int(weights[bad].sum()),
        rows=len(held),
        example=str(value),
    )


def still_running(frame: pl.DataFrame, until: datetime | None) -> bool:
    """Whether the next row may still come: less than 20 usual distances between rows have passed since the last."""
    if until is None or frame.height < 2:
        return False
    times = np.sort(frame["timestamp"].dt.epoch("us").to_numpy())
    apart = np.diff(times)
    usual = float(np.median(apart[apart > 0])) if (apart > 0).any() else 0.0
    return until.timestamp() * 1e6 - float(times[-1]) < _RUNNING * usual


def cut_off(frame: pl.DataFrame, before: Sequence[pl.DataFrame], *, running: bool) -> Finding:
    """Whether a run ended before nine tenths of the steps that the runs before it made: a warning.

    It may have been stopped on purpose; what is known is that it is shorter than usual.
    """
    end = float(frame["step"].cast(pl.Float64).to_numpy()[-1])
    last = int(frame["timestamp"].dt.epoch("us").to_numpy().max())
    if running:
        return passed("cut_off", None, f"it is at step {step(end)} and seems to be running.")
    lengths = [float(one["step"].cast(pl.Float64).to_numpy().max()) for one in before]
    usual = float(np.median(lengths)) if lengths else end
    if end >= _SHORT * usual:
        return passed("cut_off", None, f"it ends at step {step(end)}.")
    text = (
        f"it ends at step {step(end)}, earlier runs at step {step(usual)}: unless it was stopped on purpose, it was "
        "cut off. Resume it from its last checkpoint."
    )
    return Finding("cut_off", None, text, True, last, last, None, frame.height, step(end), severity="warning")
