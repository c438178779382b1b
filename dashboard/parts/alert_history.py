"""Every alert of the history: when it fired, filtered, one of them in full, and the table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import streamlit as st

from burnline.dashboard import state, wording
from burnline.dashboard.charts.alert_timeline import timeline
from burnline.dashboard.parts import alert_actions
from burnline.dashboard.parts.alert_firing import badges, links
from burnline.dashboard.parts.alert_words import MARKS, SEVERITIES, chance, cost, fired, lasted, on_burn, slo_of
from burnline.dashboard.parts.pills import pills
from burnline.dashboard.wording import Mark
from burnline.records.records import Records
from burnline.results import Alert, Incident, SloStatus

KEY = "alert-lanes"
_ALERT, _CLICKED = "alert", "alert-clicked"
_PERIODS = {"7 d": 7, "30 d": 30, "90 d": 90, "All": None}
_STATES = {
    "firing": Mark("Firing", ":material/notifications_active:", "red"),
    "resolved": Mark("Resolved", ":material/check_circle:", "green"),
}
_ROW, _MOST_ROWS, _MOST_LANES = 38, 14, 20


@st.fragment
def alert_history(
    alerts: Sequence[Alert],
    on_burns: frozenset[str],
    statuses: Mapping[tuple[str, str], SloStatus],
    incidents: Mapping[str, Incident],
    records: Records,
    at: datetime,
    zone: ZoneInfo,
) -> None:
    """Timeline, the alert of the address, and the table; they rerun alone until somebody says something."""
    if alert_actions.heard():
        st.rerun()
    _follow_clicks()
    with st.container(border=True, key="card-history"):
        st.subheader("History", anchor=False)
        start, shown = _filters(alerts, at)
        if shown:
            _lanes(shown, start, at, zone)
        else:
            st.caption("No alert in this period matches the filters.")
    chosen = st.query_params.get(_ALERT)
    if chosen is not None:
        _one(chosen, alerts, on_burns, statuses, incidents, records, at, zone)
    if shown:
        _table(shown[::-1], on_burns, at)


def _filters(alerts: Sequence[Alert], at: datetime) -> tuple[datetime, list[Alert]]:
    """Draws the controls; the start of the period and the alerts that fire in it and match."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        period = st.segmented_control(
            "Period", list(_PERIODS), default="30 d", required=True, key="period", bind="query-params"
        )
        severities = st.pills(
            "Severity",
            [look.word for look in SEVERITIES.values()],
            selection_mode="multi",
            key="severity",
            bind="query-params",
        )
        tracks = st.pills(
            "Budget", list(wording.TRACKS.values()), selection_mode="multi", key="budget", bind="query-params"
        )
        states = st.pills(
            "Now", [look.word for look in _STATES.values()], selection_mode="multi", key="now", bind="query-params"
        )
    days = _PERIODS[period or "30 d"]
    start = at - timedelta(days=days) if days else min(a.started_at for a in alerts)
    shown = [
        a
        for a in alerts
        if (a.resolved_at is None or a.resolved_at > start)
        and (not severities or SEVERITIES[a.severity].word in severities)
        and (not tracks or wording.TRACKS[a.track] in tracks)
        and (not states or _state(a).word in states)
    ]
    return start, shown


def _lanes(shown: Sequence[Alert], start: datetime, at: datetime, zone: ZoneInfo) -> None:
    last = list(dict.fromkeys((a.model, a.slo) for a in reversed(shown)))
    drawn = {*last[:_MOST_LANES]}
    st.caption(
        ":red[:material/notifications_active:] page, tall and red · :orange[:material/confirmation_number:] ticket, "
        "low and hatched · an arrow at the right: it fires still · faded: marked as noise. Click a bar for the alert."
        + (f" The {_MOST_LANES} SLOs that alerted last." if len(last) > _MOST_LANES else "")
    )
    st.plotly_chart(
        timeline([a for a in shown if (a.model, a.slo) in drawn], start, at, zone, st.query_params.get(_ALERT)),
        key=KEY,
        on_select="rerun",
        selection_mode="points",
        config={"displayModeBar": False},
        alt="When each SLO alerted: pages and tickets from their start to their resolution; the table holds the same",
    )


def _follow_clicks() -> None:
    """A click on a bar, once, names its alert in the address; what is drawn then frames it."""
    points = st.session_state[KEY]["selection"]["points"] if KEY in st.session_state else []
    clicked = points[0]["customdata"][0] if points else None
    if clicked is not None and clicked != st.session_state.get(_CLICKED):
        st.query_params[_ALERT] = clicked
    st.session_state[_CLICKED] = clicked


def _one(
    chosen: str,
    alerts: Sequence[Alert],
    on_burns: frozenset[str],
    statuses: Mapping[tuple[str, str], SloStatus],
    incidents: Mapping[str, Incident],
    records: Records,
    at: datetime,
    zone: ZoneInfo,
) -> None:
    """Draws one alert in full, with what can be said about it."""
    alert = next((a for a in alerts if a.id == chosen), None)
    if alert is None:
        st.warning(
            f"There is no alert {chosen} here; the table lists all with their times.", icon=":material/link_off:"
        )
        return
    look = SEVERITIES[alert.severity]
    with st.container(border=True, key="card-alert"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.badge(look.word, icon=look.icon, color=look.color)
            st.markdown(f"**{alert.model}** · {alert.slo} · {wording.TRACKS[alert.track]}", width="content")
            badges([alert], records, alert.resolved_at or at, zone)
            st.button("Close", icon=":material/close:", type="tertiary", key="close-alert", on_click=_close)
        began = f" The burn began {wording.brief(alert.onset, zone)}." if alert.onset else ""
        ended = f"resolved {wording.brief(alert.resolved_at, zone)}" if alert.resolved_at else "it fires still"
        st.markdown(
            f"Fired as it {fired(alert)}, from {wording.moment(alert.started_at, zone)}; {ended} "
            f"({lasted(alert, at)}).{began}  \n"
            f"{cost(alert, slo_of(statuses, alert))} · {chance(alert.e_value)} · "
            f"{on_burn(alert, on_burns)} · "
            f"{'stands' if alert.fleet_discovery else 'does not stand'} out in the fleet"
        )
        with st.container(horizontal=True, gap="small", vertical_alignment="center"):
            alert_actions.buttons(f"one-{alert.id}", [alert])
            links(alert, incidents.get(alert.id))


def _close() -> None:
    st.query_params.pop(_ALERT, None)


def _state(alert: Alert) -> Mark:
    return _STATES["firing" if alert.resolved_at is None else "resolved"]


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


def _table(alerts: Sequence[Alert], on_burns: frozenset[str], at: datetime) -> None:
    with st.container(border=True, key="card-alerts"):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.subheader(f"Alerts · {len(alerts)}", anchor=False, width="content")
            st.download_button(
                "CSV",
                rows(alerts, on_burns).write_csv().encode(),
                file_name="burnline-alerts.csv",
                mime="text/csv",
                icon=":material/download:",
                on_click="ignore",
            )
        st.dataframe(
            pl.DataFrame([_row(a, on_burns, at) for a in alerts], infer_schema_length=None),
            hide_index=True,
            placeholder=wording.NONE,
            row_height=_ROW,
            height=_ROW * min(len(alerts), _MOST_ROWS) + _ROW,
            column_config=_columns(alerts),
            alt="Alerts with start, severity, SLO, rule, budget spent and what people said",
        )


def _row(alert: Alert, on_burns: frozenset[str], at: datetime) -> dict[str, Any]:
    started = alert.started_at
    return {
        "started": f"{started.day} {started:%b %Y %H:%M}",
        "severity": [SEVERITIES[alert.severity].word],
        "model": alert.model,
        "slo": alert.slo,
        "track": wording.TRACKS[alert.track],
        "now": [_state(alert).word],
        "lasted": lasted(alert, at),
        "rule": f"{alert.rule} · {wording.times(alert.burn_long)} / {wording.times(alert.burn_short)}",
        "spent": alert.budget_spent * 100,
        "hindsight": "true burn" if alert.id in on_burns else "no burn",
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
        "now": pills("Now", _STATES.values(), 82),
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
    st.query_params[_ALERT] = ids[st.session_state["open-alert"].row]


def _open(places: Sequence[tuple[str, str]]) -> None:
    model, slo = places[st.session_state["open-alert-slo"].row]
    state.go("budgets", model=model, slo=slo)
