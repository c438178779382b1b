"""Which SLOs bind a budget on the screen: those that judge answers, before the one that watches inputs.

Inputs that moved are no spent promise to anybody: a drift budget has a page of its own, and would hide how the answers
stand. It binds where nothing else of its track has data.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from burnline.budgets.state import track_status
from burnline.results import ModelStatus, SloStatus


def binding(model: ModelStatus) -> tuple[SloStatus, ...]:
    """The SLOs of a model that bind its budgets."""
    judged = any(s.state != "no_data" for s in model.slos if s.track == "model" and s.sli != "drift")
    return tuple(s for s in model.slos if s.sli != "drift") if judged else model.slos


def bound(model: ModelStatus) -> ModelStatus:
    """The model with its model track bound by these; states stay as they are."""
    lane = track_status(s for s in binding(model) if s.track == "model")
    kept = lane.model_copy(update={"state": model.tracks.model.state})
    return model.model_copy(update={"tracks": model.tracks.model_copy(update={"model": kept})})


def bound_days(daily: pl.DataFrame, models: Sequence[ModelStatus]) -> pl.DataFrame:
    """The days (model, slo, …) of the SLOs that bind."""
    kept = pl.DataFrame(
        [(m.model, s.slo) for m in models for s in binding(m)],
        schema={"model": pl.String, "slo": pl.String},
        orient="row",
    )
    return daily.join(kept, on=["model", "slo"], how="semi")
