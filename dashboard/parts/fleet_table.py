"""The table of all models: both budgets, burn, verdict and gate on one row each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import streamlit as st

from burnline.dashboard import proof, sentences, state, wording
from burnline.dashboard.binding import binding
from burnline.dashboard.parts.drift_links import drift_slo, drifted_days
from burnline.dashboard.parts.filters import team, tier
from burnline.dashboard.parts.pills import pills
from burnline.dashboard.wording import DECISIONS, STATES
from burnline.results import ModelStatus

_ROW, _MOST_ROWS = 38, 26
_ARROW = ":material/arrow_forward:"


def table(models: Sequence[ModelStatus], lines: Mapping[str, Sequence[float]], zone: ZoneInfo) -> None:
    """Draws the table; `lines` are the days of the tightest budget per model."""
    with st.container(border=True, key="card-models"):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.subheader(f"Models · {len(models)}", anchor=False, width="content")
            st.download_button(
                "CSV",
                rows(models).write_csv().encode(),
                file_name="burnline-fleet.csv",
                mime="text/csv",
                icon=":material/download:",
                on_click="ignore",
            )
        if not models:
            st.caption("No model matches the filters.")
            return
        frame = _shown(models, lines, zone)
        names = [m.model for m in models]
        st.dataframe(
            frame,
            hide_index=True,
            placeholder=wording.NONE,
            row_height=_ROW,
            height=_ROW * min(len(models), _MOST_ROWS) + _ROW,
            column_config=_columns(names),
            alt="All models with state, budgets, burn rates, verdict and gate",
        )


def rows(models: Sequence[ModelStatus]) -> pl.DataFrame:
    """The table as plain values, for download."""
    return pl.DataFrame([_values(m) for m in models], infer_schema_length=None)


def _values(model: ModelStatus) -> dict[str, Any]:
    def burn(window: str) -> float | None:
        return max((b for s in binding(model) if (b := s.burn_rates.get(window)) is not None), default=None)

    mark, soon = sentences.standing(model), sentences.soonest(model)
    drift = drift_slo(model)
    known = [s.coverage for s in model.slos if s.coverage is not None]
    return {
        "model": model.model,
        "state": STATES[wording.shown_state(model)].word,
        "evidence": None if mark is None else mark.word,
        "infrastructure_left": model.tracks.infrastructure.budget_remaining,
        "model_left": model.tracks.model.budget_remaining,
        "burn_1h": burn("1h"),
        "burn_6h": burn("6h"),
        "burn_3d": burn("3d"),
        "exhaustion_probability": None if soon is None or soon.forecast is None else soon.forecast.probability,
        "exhausts_at": None if soon is None or soon.forecast is None else soon.forecast.exhausts_at,
        "alerts": sum(len(s.alerts) for s in model.slos),
        "drift_days": None if drift is None else drift.bad,
        "verdict": wording.VERDICTS[model.verdict] if model.slos else "No SLO",
        "gate": DECISIONS[model.gate.decision].word,
        "coverage": min(known, default=None),
        "type": model.type,
        "tier": tier(model) or None,
        "team": team(model) or None,
        "owner": model.owner,
        "requests": model.requests,
    }


def _ahead(model: ModelStatus, zone: ZoneInfo) -> str:
    """The forecast of the SLO that is exhausted first."""
    soon = sentences.soonest(model)
    return wording.NONE if soon is None else proof.short_outlook(soon, zone)


def _shown(models: Sequence[ModelStatus], lines: Mapping[str, Sequence[float]], zone: ZoneInfo) -> pl.DataFrame:
    plain = rows(models)
    shares = ("infrastructure_left", "model_left", "coverage")
    return plain.select(
        "model",
        pl.col("state").map_elements(lambda s: [s], return_dtype=pl.List(pl.String)),
        pl.col("evidence").map_elements(lambda s: [s], return_dtype=pl.List(pl.String)),
        pl.col("infrastructure_left") * 100,
        pl.col("model_left") * 100,
        pl.Series("line", [list(lines.get(m.model, ())) for m in models], dtype=pl.List(pl.Float64)),
        "burn_1h",
        "burn_6h",
        "burn_3d",
        pl.Series("forecast", [_ahead(m, zone) for m in models], dtype=pl.String),
        pl.when(pl.col("alerts") > 0).then(pl.format("{} firing", "alerts")).alias("alerts"),
        pl.Series("drift", [drifted_days(drift_slo(m)) for m in models], dtype=pl.String),
        "verdict",
        pl.col("gate").map_elements(lambda s: [s], return_dtype=pl.List(pl.String)),
        *(pl.col(name) * 100 for name in shares[2:]),
        "type",
        "tier",
        "team",
        pl.lit(_ARROW).alias("open"),
    )


def _columns(names: Sequence[str]) -> dict[str, Any]:
    config = st.column_config

    def budget(label: str) -> Any:
        return config.ProgressColumn(label, min_value=0, max_value=100, format="%.0f %%", color="blue", width=102)

    def burn(label: str) -> Any:
        return config.NumberColumn(label, format="%.1f×", width=56, help="The SLO that burns most")

    return {
        "model": config.ButtonColumn(
            "Model",
            key="open-name",
            on_click=_open,
            args=("open-name", names),
            type="tertiary",
            alignment="left",
            pinned=True,
            width=150,
        ),
        "state": pills("State", STATES.values(), 86),
        "evidence": pills("Evidence", sentences.STANDINGS, 100),
        "infrastructure_left": budget("Infrastructure left"),
        "model_left": budget("Model left"),
        "line": config.AreaChartColumn("Tightest, 30 d", y_min=-0.5, y_max=1, width=94),
        "burn_1h": burn("Burn 1 h"),
        "burn_6h": burn("6 h"),
        "burn_3d": burn("3 d"),
        "forecast": config.TextColumn(
            "Exhausted", width=104, help="If recent behaviour continues: when, and how likely, of the SLO it hits first"
        ),
        "alerts": config.ButtonColumn(
            "Alerts",
            key="open-alerts",
            on_click=_open_alerts,
            args=(names,),
            type="tertiary",
            alignment="left",
            width=68,
        ),
        "drift": config.ButtonColumn(
            "Drift",
            key="open-drift",
            on_click=_open_drift,
            args=(names,),
            type="tertiary",
            alignment="left",
            width=78,
            help="Days of the window of the drift SLO on which an input drifted",
        ),
        "verdict": config.TextColumn("Verdict", width=128),
        "gate": pills("Gate", DECISIONS.values(), 78),
        "coverage": config.NumberColumn(
            "Coverage", format="%.0f %%", width=72, help="Share of outcomes known, of the SLO that knows least"
        ),
        "type": config.TextColumn("Type", width=92),
        "tier": config.TextColumn("Tier", width=42),
        "team": config.TextColumn("Team", width=78),
        "open": config.ButtonColumn(
            "", key="open-arrow", on_click=_open, args=("open-arrow", names), type="tertiary", width=44
        ),
    }


def _open(key: str, names: Sequence[str]) -> None:
    state.go("model", model=names[st.session_state[key].row])


def _open_alerts(names: Sequence[str]) -> None:
    state.go("alerts", model=names[st.session_state["open-alerts"].row])


def _open_drift(names: Sequence[str]) -> None:
    state.go("drift", model=names[st.session_state["open-drift"].row])
