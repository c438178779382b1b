"""What pages ask of the workspace, each answer kept until the rollups or the question change.

The answers are frozen objects and frames nobody writes to, so sessions share them uncopied.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import streamlit as st

from burnline.alerting import Alerting
from burnline.dashboard import state
from burnline.dashboard.charts import trends
from burnline.records.entries import Overridden
from burnline.results import FleetStatus, Incident, Replay, SloStatus
from burnline.results.drift import Distribution, DriftCourse, DriftReport
from burnline.results.validation import ValidationReport
from burnline.rollups.expected import SurrogateInfo
from burnline.spec.model import Model
from burnline.spec.schema import schema_path
from burnline.workspace import Workspace


@st.cache_resource(show_spinner=False, max_entries=4)
def _open(folder: str, definitions: int) -> Workspace:
    return Workspace.open(folder)


@st.cache_resource(show_spinner=False, ttl=1)
def _current(folder: str) -> tuple[Workspace, str]:
    """The workspace and the version of its answers, looked up once for all questions of a page."""
    files = [Path(folder, "burnline.yaml"), *Path(folder, "models").glob("*.y*ml")]
    found = _open(folder, hash(tuple((f, f.stat().st_mtime_ns) for f in sorted(files) if f.is_file())))
    return found, found.version()


@st.cache_resource(show_spinner=False, max_entries=2000)
def _answer(
    _workspace: Workspace, folder: str, version: str, question: str, arguments: tuple[tuple[str, object], ...]
) -> Any:
    return getattr(_workspace, question)(**dict(arguments))


def _ask(question: str, arguments: Mapping[str, object], edited: int = 0) -> Any:
    """The answer as of the current rollups and definitions; ``edited`` tells versions of what else it rests on."""
    folder = state.workspace_folder()
    source, version = _current(folder)
    return _answer(source, folder, f"{version}/{edited}", question, tuple(arguments.items()))


def workspace() -> Workspace:
    """The workspace that is shown, opened anew when its definitions change."""
    return _current(state.workspace_folder())[0]


def status() -> FleetStatus:
    """Every model, as of the newest row of the logs."""
    answer: FleetStatus = _ask("status", {})
    return answer


def as_of() -> tuple[datetime, ZoneInfo]:
    """The moment every page speaks of, and the zone of its times; pages run only once there is one."""
    answer = status()
    assert answer.at is not None
    return answer.at, ZoneInfo(answer.timezone)


def daily(days: int = 30) -> pl.DataFrame:
    """Counts and burn per model, SLO and day."""
    answer: pl.DataFrame = _ask("daily", {"days": days})
    return answer


def history(days: int) -> pl.DataFrame:
    """Counts per model, SLO and day, as far back as the budgets of the last `days` days look."""
    return daily(trends.reach(status().models, days))


def burndown(
    model: str, slo: str, *, objective: float | None = None, threshold: float | None = None, view: str = "fixed"
) -> pl.DataFrame:
    """What was left of a budget at each moment of its window."""
    answer: pl.DataFrame = _ask(
        "burndown",
        {"model": model, "slo": slo, "objective": objective, "threshold": threshold, "view": view},
    )
    return answer


def percentiles(model: str) -> pl.DataFrame:
    """Latency percentiles per day."""
    answer: pl.DataFrame = _ask("percentiles", {"model": model})
    return answer


def segments(model: str, slo: str) -> pl.DataFrame:
    """Where the bad events of an SLO come from."""
    answer: pl.DataFrame = _ask("segments", {"model": model, "slo": slo})
    return answer


def events(model: str, at: datetime) -> pl.DataFrame:
    """Deploys and other changes of a model in the thirty days before `at`."""
    answer: pl.DataFrame = _ask("events", {"model": model, "start": at - timedelta(days=30), "end": at})
    return answer


def what_if(model: str, slo: str, *, objective: float | None, threshold: float | None) -> SloStatus:
    """An SLO as it would stand under another promise."""
    answer: SloStatus = _ask("what_if", {"model": model, "slo": slo, "objective": objective, "threshold": threshold})
    return answer


def thresholds(model: str, slo: str) -> tuple[float, float] | None:
    """The range in which the threshold of an SLO can be moved."""
    answer: tuple[float, float] | None = _ask("thresholds", {"model": model, "slo": slo})
    return answer


def definition(model: str) -> Model | None:
    """What is promised for a model; None for one that is in the logs only."""
    return next((found for found in workspace().models if found.name == model), None)


def alerting() -> Alerting:
    """Every alert, group and incident, with what people say by now; only their words are read anew each time."""
    known: Alerting = _ask("alerting", {})
    return known.told(workspace().records())


def replay(model: str, slo: str, settings: Mapping[str, str]) -> Replay:
    """What alert rules would have done on the history of an SLO."""
    answer: Replay = _ask("replay", {"model": model, "slo": slo, "settings": dict(settings)})
    return answer


def arrived(model: str, slo: str, settings: Mapping[str, str]) -> pl.DataFrame:
    """Counts and burn of an SLO hour by hour, as a replay sees them."""
    answer: pl.DataFrame = _ask("arrived", {"model": model, "slo": slo, "settings": dict(settings)})
    return answer


def uncorrected(model: str, slo: str, *, view: str) -> pl.DataFrame:
    """What was left of a budget at each moment as measured, before corrections."""
    answer: pl.DataFrame = _ask("burndown", {"model": model, "slo": slo, "view": view, "corrected": False})
    return answer


def corrections(model: str, slo: str) -> pl.DataFrame:
    """What corrections take out of the window of an SLO."""
    answer: pl.DataFrame = _ask("corrections", {"model": model, "slo": slo})
    return answer


def redefinitions(model: str) -> tuple[datetime, ...]:
    """When the promises of a model changed within their windows."""
    answer: tuple[datetime, ...] = _ask("redefinitions", {"model": model})
    return answer


def cone(model: str, slo: str) -> pl.DataFrame:
    """What may be left of a budget from now to its horizon: 80 % band and median."""
    answer: pl.DataFrame = _ask("cone", {"model": model, "slo": slo})
    return answer


def spend(model: str, slo: str) -> pl.DataFrame:
    """What a budget was spent on by each moment of its window."""
    answer: pl.DataFrame = _ask("spend", {"model": model, "slo": slo})
    return answer


def series(model: str, slo: str) -> pl.DataFrame:
    """Valid, bad and eligible events of an SLO hour by hour over its window."""
    answer: pl.DataFrame = _ask("series", {"model": model, "slo": slo})
    return answer


def warnings(model: str, slo: str) -> tuple[str, ...]:
    """What its definition makes of the alerts of an SLO."""
    answer: tuple[str, ...] = _ask("warnings", {"model": model, "slo": slo})
    return answer


def surrogate(model: str) -> SurrogateInfo | None:
    """What judges a model by its features while labels are missing."""
    answer: SurrogateInfo | None = _ask("surrogate", {"model": model})
    return answer


def incidents(model: str) -> tuple[Incident, ...]:
    """The incidents of one model, newest first, with what people say by now."""
    known: Alerting = _ask("alerting", {"model": model})
    return known.told(workspace().records()).incidents


def overrides(model: str) -> tuple[Overridden, ...]:
    """The fixes that passed the gate of a model with a reason, oldest first; read anew each time."""
    return workspace().records().overrides(model)


def changes(model: str, start: datetime, end: datetime) -> pl.DataFrame:
    """Deploys and other changes of a model between two moments."""
    answer: pl.DataFrame = _ask("events", {"model": model, "start": start, "end": end})
    return answer


def segments_between(model: str, slo: str, start: datetime, end: datetime) -> pl.DataFrame:
    """Where the bad events of an SLO come from on the days between two moments."""
    answer: pl.DataFrame = _ask("segments", {"model": model, "slo": slo, "start": start, "end": end})
    return answer


def drift(model: str, start: datetime, end: datetime, baseline: str, step: str, *, raw: bool = True) -> DriftReport:
    """What changed in the inputs and outputs of a model over [start, end), and whether it hurts.

    Without ``raw`` whether it hurts stays unknown, and nothing waits for the raw logs.
    """
    answer: DriftReport = _ask(
        "drift", {"model": model, "start": start, "end": end, "baseline": baseline, "step": step, "raw": raw}
    )
    return answer


def drift_course(model: str, start: datetime, end: datetime, baseline: str, step: str) -> DriftCourse:
    """The buckets of every column over [start, end), and the days of concept drift."""
    answer: DriftCourse = _ask(
        "drift_course", {"model": model, "start": start, "end": end, "baseline": baseline, "step": step}
    )
    return answer


def distribution(model: str, feature: str, start: datetime, end: datetime, baseline: str) -> Distribution:
    """One column in the baseline and over [start, end), bins side by side."""
    answer: Distribution = _ask(
        "distribution", {"model": model, "feature": feature, "start": start, "end": end, "baseline": baseline}
    )
    return answer


def validation(model: str, start: datetime, end: datetime) -> ValidationReport:
    """Whether the data of a model in [start, end) are as they must be, stage by stage."""
    answer: ValidationReport = _ask("validate", {"model": model, "start": start, "end": end}, _schema_written(model))
    return answer


def schema(model: str) -> str:
    """What the data of a model must look like, as YAML."""
    answer: str = _ask("schema", {"model": model}, _schema_written(model))
    return answer


def _schema_written(model: str) -> int:
    """When the schema of a model was edited last; 0 while it is inferred."""
    path = schema_path(workspace().spec.path, model)
    return path.stat().st_mtime_ns if path.is_file() else 0
