"""The table of incidents; a row opens one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import streamlit as st

from burnline.dashboard import wording
from burnline.dashboard.incident_case import by_need, cost, detected_after, lasted, slos_by_cost
from burnline.dashboard.incident_words import REQUIRED, STATES, STATUSES, share
from burnline.dashboard.parts.alert_words import SEVERITIES
from burnline.dashboard.parts.pills import pills
from burnline.dashboard.wording import Mark
from burnline.results import Incident

_ROW, _MOST_ROWS = 38, 20
_OPEN = "open-incident"
_DUE = Mark("Required", REQUIRED.icon, REQUIRED.color)


def incident_table(incidents: Sequence[Incident], at: datetime, zone: ZoneInfo) -> None:
    """Draws the table, open ones first."""
    ordered = by_need(incidents)
    with st.container(border=True, key="card-incidents"):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.subheader(f"Incidents · {len(ordered)}", anchor=False, width="content")
            st.download_button(
                "CSV",
                rows(ordered, at).write_csv().encode(),
                file_name="burnline-incidents.csv",
                mime="text/csv",
                icon=":material/download:",
                on_click="ignore",
            )
        if not ordered:
            st.caption("No incident in this period.")
            return
        st.dataframe(
            _shown(ordered, at, zone),
            hide_index=True,
            placeholder=wording.NONE,
            row_height=_ROW,
            height=_ROW * min(len(ordered), _MOST_ROWS) + _ROW,
            column_config=_columns([i.id for i in ordered]),
            alt="Incidents with state, severity, model, track, SLOs, times, budget spent and status",
        )


def rows(incidents: Sequence[Incident], at: datetime) -> pl.DataFrame:
    """The table as plain values, for download: durations in minutes, budgets as fractions."""
    found = [
        {
            "id": i.id,
            "state": i.state,
            "severity": i.severity,
            "model": i.model,
            "track": i.track,
            "slos": " ".join(i.slos),
            "started_at": i.started_at.isoformat(),
            "detected_at": i.detected_at.isoformat(),
            "ended_at": i.ended_at.isoformat() if i.ended_at else None,
            "minutes_to_detect": detected_after(i).total_seconds() / 60,
            "minutes": lasted(i, at).total_seconds() / 60,
            "budget_spent": cost(i),
            "budget_spent_by_slo": " ".join(f"{slo}={spent:.4f}" for slo, spent in i.budget_spent.items()),
            "bad": sum(i.bad.values()),
            "postmortem_required": i.postmortem_required,
            "status": i.status,
            "notes": len(i.notes),
        }
        for i in incidents
    ]
    return pl.DataFrame(found, infer_schema_length=None)


def _shown(incidents: Sequence[Incident], at: datetime, zone: ZoneInfo) -> pl.DataFrame:
    found = [
        {
            "model": i.model,
            "state": [STATES[i.state].word],
            "severity": [SEVERITIES[i.severity].word],
            "track": wording.TRACKS[i.track],
            "spent": cost(i) * 100,
            "slos": ", ".join(_spent(i, slo) for slo in slos_by_cost(i)),
            "started": wording.brief(i.started_at, zone),
            "detect": wording.duration(detected_after(i)),
            "lasted": f"{wording.duration(lasted(i, at))}{'' if i.ended_at else ' so far'}",
            "postmortem": [_DUE.word] if i.postmortem_required else [],
            "status": STATUSES[i.status],
        }
        for i in incidents
    ]
    return pl.DataFrame(found, infer_schema_length=None, schema_overrides={"postmortem": pl.List(pl.String)})


def _columns(ids: Sequence[str]) -> dict[str, Any]:
    config = st.column_config

    return {
        "model": config.ButtonColumn(
            "Model",
            key=_OPEN,
            on_click=_open,
            args=(ids,),
            type="tertiary",
            alignment="left",
            pinned=True,
            width=144,
        ),
        "state": pills("State", STATES.values(), 84),
        "severity": pills("Severity", SEVERITIES.values(), 72),
        "track": config.TextColumn("Track", width=98),
        "spent": config.NumberColumn(
            "Budget spent", format="%.0f %%", width=92, help="Of the SLO that spent most of its budget"
        ),
        "slos": config.TextColumn("By SLO", width=236),
        "started": config.TextColumn("Started", width=104),
        "detect": config.TextColumn("Detected after", width=104, alignment="right"),
        "lasted": config.TextColumn("Lasted", width=130, alignment="right"),
        "postmortem": pills("Postmortem", [_DUE], 92),
        "status": config.TextColumn("Status", width=96),
    }


def _spent(incident: Incident, slo: str) -> str:
    known = incident.budget_spent.get(slo)
    return slo if known is None else f"{slo} {share(known)}"


def _open(ids: Sequence[str]) -> None:
    st.query_params["incident"] = ids[st.session_state[_OPEN].row]
