"""The drift map: every column over time, errors and what explains them below."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

import polars as pl
import streamlit as st

from burnline.dashboard import drift_errors, wording
from burnline.dashboard.charts.drift_grid import Grid
from burnline.dashboard.charts.drift_heatmap import WORST, drift_heatmap
from burnline.dashboard.drift_errors import Unit
from burnline.dashboard.parts import drift_place
from burnline.dashboard.parts.drift_controls import Question
from burnline.dashboard.parts.drift_place import Place
from burnline.results.drift import ConceptDay, DriftReport

PAGE = 25
_ALL = "every"


def shows_all(features: int) -> bool:
    """Whether every feature is drawn, not the first page of them only."""
    return features <= PAGE or st.query_params.get(_ALL) == "true" or bool(st.session_state.get(_ALL))


def drift_map(
    report: DriftReport,
    found: Grid,
    asked: Question,
    concept: Sequence[ConceptDay],
    changes: pl.DataFrame,
    here: Place,
    unit: Unit,
    zone: ZoneInfo,
) -> None:
    """Draws the map; a click on a cell looks at the column in that bucket."""
    features = sum(c.role == "feature" for c in report.features)
    with st.container(border=True, key="card-drift-map"):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.subheader("What changed, and when", anchor=False, width="content")
            if features > PAGE:
                st.toggle(f"Show all {features} features", key=_ALL, bind="query-params")
        legend = _legend(report, asked, features, name=drift_errors.name(unit) if concept else None)
        st.markdown(f":small[{legend}]")
        st.plotly_chart(
            drift_heatmap(
                found,
                report.threshold,
                zone,
                concept=concept,
                unit=unit,
                changes=changes,
                judged=(asked.start, asked.end),
                selected=(here.feature, here.start),
            ),
            key=drift_place.KEY,
            on_select="rerun",
            selection_mode="points",
            config={"displayModeBar": False},
            alt=f"How far each column of {report.model} has moved from its baseline, "
            f"{'day by day' if found.step == '1d' else 'hour by hour'}; the table below holds the same",
        )


def _legend(report: DriftReport, asked: Question, features: int, *, name: str | None) -> str:
    length = wording.duration(asked.end - asked.start)
    if asked.cut:
        judged = f"Drawn are the last {wording.duration(asked.end - asked.since)} of {length}. "
    else:
        judged = f"The line on top spans the {length} that are judged. " if asked.since < asked.start else ""
    first = (
        f"The {PAGE} features that need attention most. "
        if features > PAGE and not shows_all(features)
        else "What hurts comes first. "
    )
    per = "day of UTC" if asked.step == "1d" else "hour"
    below = f"At the foot: the {name} (dots) and what the inputs explain of it (line). " if name else ""
    worst = f"{report.threshold * WORST:.2g}"
    return (
        f"PSI per {per}; a season that comes back every week is none of it. :green[Teal] is below "
        f"{report.threshold:g}, :orange[amber] drifted, :red[red] {worst} and more unless "
        f"it does no harm; :blue[blue] are segments, which are no inputs; hatched is no data, a dot is not over yet, "
        f"triangles are changes on record. {first}{judged}"
        f"{below}Click a cell for its distributions."
    )
