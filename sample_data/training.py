"""Training runs: how the losses of some models fell, and of some did not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import numpy as np
import polars as pl

from burnline.sample_data.clock import generator, moment

Fate = Literal["converges", "overfits", "explodes", "stalls", "vanishes"]

STEPS = 160
_SECONDS_A_STEP = 40
_TIME = pl.Datetime("us", "UTC")


@dataclass(frozen=True)
class Run:
    """One training run and what became of it."""

    model: str
    run: str
    at: datetime
    fate: Fate = "converges"


RUNS = (
    Run("fraud-scorer", "fraud-4.2.0", moment(11, 2, 22)),
    Run("churn-risk", "churn-5.0.0", moment(11, 8, 1)),
    Run("content-moderation", "moderation-5.2.0", moment(11, 16, 20), "overfits"),
    Run("voice-auth", "voice-2.9.0", moment(11, 19, 18), "explodes"),
    Run("support-router", "support-1.15.0-rc1", moment(11, 15, 21), "stalls"),
    Run("eta-predictor", "eta-9.5.0", moment(11, 7, 20)),
    Run("image-tagger", "tagger-8.0.0", moment(10, 26, 19)),
    Run("image-tagger", "tagger-8.1.0-rc1", moment(11, 20, 22), "vanishes"),
    # An old failure that was followed by a good run.
    Run("fraud-scorer", "fraud-4.2.0-rc1", moment(11, 1, 22), "explodes"),
)


def training_runs() -> pl.DataFrame:
    """One row per run and step."""
    return pl.concat(_curve(run) for run in RUNS)


def recorded(model: str, run: str, ended: datetime, losses: pl.DataFrame) -> pl.DataFrame:
    """The columns of a training log for losses that a real training left."""
    begun = ended - timedelta(seconds=losses.height)
    return losses.with_columns(
        timestamp=pl.lit(begun) + pl.duration(seconds="step"),
        model=pl.lit(model),
        run=pl.lit(run),
    ).select(pl.col("timestamp").cast(_TIME), "model", "run", "step", "loss", "val_loss")


def _curve(run: Run) -> pl.DataFrame:
    rng = generator(run.model, "training", run.run)
    step = np.arange(1, STEPS + 1)
    done = step / STEPS
    fall = 0.6 if run.fate == "stalls" else 0.12 + 0.48 * np.exp(-5 * done)
    if run.fate == "vanishes":
        fall = 0.6 - 0.03 * (1 - np.exp(-12 * done))
    loss = fall * np.exp(0.02 * rng.standard_normal(STEPS))
    gap = 0.35 * np.maximum(done - 0.35, 0) if run.fate == "overfits" else 0.0
    validation = loss + 0.015 + gap + 0.004 * rng.standard_normal(STEPS)
    gradient = (0.4 + 1.6 * np.exp(-4 * done)) * np.exp(0.15 * rng.standard_normal(STEPS))
    if run.fate == "vanishes":
        gradient = gradient * np.exp(-14 * done)
    if run.fate == "explodes":
        growth = np.exp(np.maximum(step - 110, 0) * 0.35)
        loss, validation, gradient = loss * growth, validation * growth, gradient * growth
        loss[-8:] = validation[-8:] = gradient[-8:] = np.nan
    return pl.DataFrame(
        {
            "timestamp": pl.Series([run.at + timedelta(seconds=_SECONDS_A_STEP * int(i)) for i in step]).cast(_TIME),
            "model": pl.repeat(run.model, STEPS, eager=True),
            "run": pl.repeat(run.run, STEPS, eager=True),
            "step": step,
            "loss": np.round(loss, 4),
            "val_loss": np.round(validation, 4),
            "gradient_norm": np.round(gradient, 8 if run.fate == "vanishes" else 4),
            "learning_rate": np.round(0.01 * np.cos(np.pi * done / 2) ** 2, 6),
        }
    )
