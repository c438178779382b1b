"""What proves an incident: its burn in time, the alerts that fired, who had the bad events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import polars as pl
import streamlit as st

from burnline.dashboard import state, wording
from burnline.dashboard.charts.incident_course import incident_course
from burnline.dashboard.charts.slices import slices
from burnline.dashboard.incident_case import Case, costliest
from burnline.dashboard.incident_words import share
from burnline.dashboard.parts.alert_words import SEVERITIES, chance
from burnline.dashboard.parts.pills import pills
from burnline.results import Alert

_ROW = 38


def incident_course_card(case: Case, courses: Mapping[str, pl.DataFrame], step: timedelta) -> None:
    """Draws the chart of an incident."""
    one = case.incident
    with st.container(border=True, key="card-course"):
        st.subheader("Before, during, after", anchor=False)
        st.caption(
            f"Burn per {wording.duration(step)} as it became known, 1× spends exactly the budget; red is 10× and more. "
            "Dotted: the thresholds of the pairs that fired, which look at longer windows than a bar."
        )
        st.plotly_chart(
            incident_course(case, courses, step),
            key="incident-course",
            config={"displayModeBar": False},
            alt=f"Burn rate of {', '.join(one.slos)} of {one.model} around the incident, with alerts and changes",
        )


def incident_alerts(case: Case) -> None:
    """Draws the alerts of an incident; a row opens the alert."""
    with st.container(border=True, key="card-incident-alerts"):
        st.subheader(f"What fired · {len(case.alerts)}", anchor=False)
        st.dataframe(
            pl.DataFrame([_row(alert, case) for alert in case.alerts], infer_schema_length=None),
            hide_index=True,
            row_height=_ROW,
            height=_ROW * len(case.alerts) + _ROW,
            column_config=_columns([a.id for a in case.alerts]),
            alt="The alerts of this incident with burn rates, evidence and times",
        )


def _row(alert: Alert, case: Case) -> dict[str, Any]:
    return {
        "slo": alert.slo,
        "severity": [SEVERITIES[alert.severity].word],
        "rule": alert.rule,
        "fired": wording.brief(alert.started_at, case.zone),
        "resolved": wording.brief(alert.resolved_at, case.zone) if alert.resolved_at else "open",
        "burn": f"{wording.times(alert.burn_long)} / {wording.times(alert.burn_short)}",
        "spent": share(alert.budget_spent),
        "evidence": chance(alert.e_value),
    }


def _columns(ids: Sequence[str]) -> dict[str, Any]:
    config = st.column_config
    return {
        "slo": config.ButtonColumn(
            "SLO",
            key="open-alert",
            on_click=_open,
            args=(ids,),
            type="tertiary",
            alignment="left",
            pinned=True,
            width=100,
        ),
        "severity": pills("Severity", SEVERITIES.values(), 66),
        "rule": config.TextColumn("Pair", width=60),
        "fired": config.TextColumn("Fired", width=94),
        "burn": config.TextColumn("Burn long / short", width=108, alignment="right"),
        "evidence": config.TextColumn(
            "Evidence", width=206, help="How likely chance alone is to look like this while the budget holds"
        ),
        "spent": config.TextColumn("Spent", width=56, alignment="right", help="Share of the budget by then"),
        "resolved": config.TextColumn("Resolved", width=94),
    }


def _open(ids: Sequence[str]) -> None:
    st.switch_page(state.page("alerts"), query_params={"alert": ids[st.session_state["open-alert"].row]})


@st.fragment
def incident_slices(case: Case, segments: pl.DataFrame) -> None:
    """Draws who had the bad events of the SLO that spent most (`segments`: dimension, value, valid, bad, ...)."""
    with st.container(border=True, key="card-incident-slices", height="stretch"):
        dimensions = by_excess(segments)
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.subheader("Bad events by slice", anchor=False, width="content")
            chosen = None
            if dimensions:
                chosen = st.segmented_control(
                    "Slice by",
                    dimensions,
                    default=dimensions[0],
                    key="slice",
                    bind="query-params",
                    required=True,
                    label_visibility="collapsed",
                )
        slo = costliest(case.incident)
        if not dimensions:
            st.caption(f"There are no slices of {slo}: no segment columns, or an SLO of time slices.")
            return
        st.caption(
            f"{slo}, on the whole days (UTC) the incident touches. Red: a slice has more of the bad events than of "
            "the traffic."
        )
        st.plotly_chart(
            slices(segments, chosen or dimensions[0]),
            key="incident-slices",
            config={"displayModeBar": False},
            alt=f"Share of bad events and of traffic by {chosen}",
        )


def by_excess(segments: pl.DataFrame) -> list[str]:
    """The dimensions, the one in which a slice has most more of the bad events than of the traffic at the head."""
    excess = (pl.col("share_of_bad") - pl.col("share_of_valid")).fill_nan(0.0).max()
    ranked = segments.group_by("dimension").agg(excess.alias("excess"))
    return ranked.sort("excess", "dimension", descending=[True, False])["dimension"].to_list()
