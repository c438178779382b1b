"""The table of alerts: one row each, and the same as CSV."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl
import streamlit as st

from burnline.dashboard import state, wording
from burnline.dashboard.parts.alert_board import Board
from burnline.dashboard.parts.alert_words import MARKS, SEVERITIES, lasted
from burnline.dashboard.parts.pills import pills
from burnline.dashboard.wording import Mark
from burnline.results import Alert

ALERT = "alert"
STATES = {
    "firing": Mark("Firing", ":material/notifications_active:", "red"),
    "resolved": Mark("Resolved", ":material/check_circle:", "green"),
}
_ROW, _MOST_ROWS = 38, 14


def state_of(alert: Alert) -> Mark:
    """Whether an alert fires or has resolved, as it is shown."""
    return STATES["firing" if alert.resolved_at is None else "resolved"]


def rows(alerts: Sequence[Alert], on_burns: frozenset[str]) -> pl.DataFrame:
    """The table as plain values, for download."""
    return pl.DataFrame(
        [
            {
                "started_at": a.started_at.isoformat(),
                "resolved_at": a.resolved_at.isoformat() if a.resolved_at else None,
                "severity": a.severity,
                "model": a.model,
                "slo": a.slo,
                "track": a.track,
                "rule": a.rule,
                "burn_long": a.burn_long,
                "burn_short": a.burn_short,
                "budget_spent": a.budget_spent,
                "e_value": a.e_value,
                "on_true_burn": a.id in on_burns,
                "fleet_discovery": a.fleet_discovery,
                "mark": a.mark,
                "acknowledged_by": a.acknowledged_by,
                "silenced": a.silenced,
                "group": a.group,
                "id": a.id,
            }
            for a in alerts
        ],
        infer_schema_length=None,
    )


def alert_table(alerts: Sequence[Alert], board: Board) -> None:
    """Draws the table; the start of an alert selects it, its SLO opens the budget."""
    with st.container(border=True, key="card-alerts"):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.subheader(f"Alerts · {len(alerts)}", anchor=False, width="content")
            st.download_button(
                "CSV",
                rows(alerts, board.on_burns).write_csv().encode(),
                file_name="burnline-alerts.csv",
                mime="text/csv",
                icon=":material/download:",
                on_click="ignore",
            )
        st.dataframe(
            pl.DataFrame([_row(a, board) for a in alerts], infer_schema_length=None),
            hide_index=True,
            placeholder=wording.NONE,
            row_height=_ROW,
            height=_ROW * min(len(alerts), _MOST_ROWS) + _ROW,
            column_config=_columns(alerts),
            alt="Alerts with start, severity, SLO, rule, budget spent and what people said",
        )


def _row(alert: Alert, board: Board) -> dict[str, Any]:
    started = alert.started_at
    return {
        "started": f"{started.day} {started:%b %Y %H:%M}",
        "severity": [SEVERITIES[alert.severity].word],
        "model": alert.model,
        "slo": alert.slo,
        "track": wording.TRACKS[alert.track],
        "now": [state_of(alert).word],
        "lasted": lasted(alert, board.at),
        "rule": f"{alert.rule} · {wording.times(alert.burn_long)} / {wording.times(alert.burn_short)}",
        "spent": alert.budget_spent * 100,
        "hindsight": "true burn" if alert.id in board.on_burns else "no burn",
        "mark": [MARKS[alert.mark].word] if alert.mark else [],
        "by": alert.acknowledged_by,
        "silenced": alert.silenced,
    }


def _columns(alerts: Sequence[Alert]) -> dict[str, Any]:
    config = st.column_config
    return {
        "started": config.ButtonColumn(
            "Started",
            key="open-alert",
            on_click=_select,
            args=([a.id for a in alerts],),
            type="tertiary",
            alignment="left",
            pinned=True,
            width=140,
        ),
        "severity": pills("Severity", SEVERITIES.values(), 72),
        "model": config.TextColumn("Model", width=140),
        "slo": config.ButtonColumn(
            "SLO",
            key="open-alert-slo",
            on_click=_open,
            args=([(a.model, a.slo) for a in alerts],),
            type="tertiary",
            alignment="left",
            width=112,
        ),
        "track": config.TextColumn("Track", width=98),
        "now": pills("Now", STATES.values(), 82),
        "lasted": config.TextColumn("Lasted", width=86, alignment="right"),
        "rule": config.TextColumn("Rule · burn long / short", width=180),
        "spent": config.NumberColumn(
            "Spent", format="%.1f %%", width=66, help="Of the budget of a window, when the alert started"
        ),
        "hindsight": config.TextColumn(
            "Hindsight", width=84, help="Whether it was on a burn that spent at least 1 % beyond its pace"
        ),
        "mark": pills("Marked", MARKS.values(), 76),
        "by": config.TextColumn("Acknowledged", width=104),
        "silenced": config.TextColumn("Silenced", width=150),
    }


def _select(ids: Sequence[str]) -> None:
    st.query_params[ALERT] = ids[st.session_state["open-alert"].row]


def _open(places: Sequence[tuple[str, str]]) -> None:
    model, slo = places[st.session_state["open-alert-slo"].row]
    state.go("budgets", model=model, slo=slo)
