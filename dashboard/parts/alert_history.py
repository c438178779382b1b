"""Every alert of the history: when it fired, filtered, one of them in full, and the table below."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import streamlit as st

from burnline.dashboard import wording
from burnline.dashboard.charts.alert_timeline import timeline
from burnline.dashboard.parts import alert_actions
from burnline.dashboard.parts.alert_board import Board
from burnline.dashboard.parts.alert_firing import badges, links
from burnline.dashboard.parts.alert_table import ALERT, STATES, alert_table, state_of
from burnline.dashboard.parts.alert_words import SEVERITIES, chance, cost, fired, lasted, on_burn
from burnline.results import Alert

KEY = "alert-lanes"
_CLICKED = "alert-clicked"
_PERIODS = {"7 d": 7, "30 d": 30, "90 d": 90, "All": None}
_MOST_LANES = 20


@st.fragment
def alert_history(board: Board) -> None:
    """Timeline, the alert of the address, and the table; they rerun alone until somebody says something."""
    if alert_actions.heard():
        st.rerun()
    _follow_clicks()
    with st.container(border=True, key="card-history"):
        st.subheader("History", anchor=False)
        start, shown = _filters(board)
        if shown:
            _lanes(shown, start, board)
        else:
            st.caption("No alert in this period matches the filters.")
    chosen = st.query_params.get(ALERT)
    if chosen is not None:
        _one(chosen, board)
    if shown:
        alert_table(shown[::-1], board)


def _filters(board: Board) -> tuple[datetime, list[Alert]]:
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
            "Now", [look.word for look in STATES.values()], selection_mode="multi", key="now", bind="query-params"
        )
    days = _PERIODS[period or "30 d"]
    start = board.at - timedelta(days=days) if days else board.alerts[0].started_at
    shown = [
        a
        for a in board.alerts
        if (a.resolved_at is None or a.resolved_at > start)
        and (not severities or SEVERITIES[a.severity].word in severities)
        and (not tracks or wording.TRACKS[a.track] in tracks)
        and (not states or state_of(a).word in states)
    ]
    return start, shown


def _lanes(shown: Sequence[Alert], start: datetime, board: Board) -> None:
    last = list(dict.fromkeys((a.model, a.slo) for a in reversed(shown)))
    drawn = {*last[:_MOST_LANES]}
    st.caption(
        ":red[:material/notifications_active:] page, tall and red · :orange[:material/confirmation_number:] ticket, "
        "low and hatched · an arrow at the right: it fires still · faded: marked as noise. Click a bar for the alert."
        + (f" The {_MOST_LANES} SLOs that alerted last." if len(last) > _MOST_LANES else "")
    )
    st.plotly_chart(
        timeline(
            [a for a in shown if (a.model, a.slo) in drawn], start, board.at, board.zone, st.query_params.get(ALERT)
        ),
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
        st.query_params[ALERT] = clicked
    st.session_state[_CLICKED] = clicked


def _one(chosen: str, board: Board) -> None:
    """Draws one alert in full, with what can be said about it."""
    alert, zone = board.alert(chosen), board.zone
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
            badges(board, [alert], alert.resolved_at or board.at)
            st.button("Close", icon=":material/close:", type="tertiary", key="close-alert", on_click=_close)
        began = f" The burn began {wording.brief(alert.onset, zone)}." if alert.onset else ""
        ended = f"resolved {wording.brief(alert.resolved_at, zone)}" if alert.resolved_at else "it fires still"
        st.markdown(
            f"Fired as it {fired(alert)}, from {wording.moment(alert.started_at, zone)}; {ended} "
            f"({lasted(alert, board.at)}).{began}  \n"
            f"{cost(alert, board.slo(alert))} · {chance(alert.e_value)} · "
            f"{on_burn(alert, board.on_burns)} · "
            f"{'stands' if alert.fleet_discovery else 'does not stand'} out in the fleet"
        )
        with st.container(horizontal=True, gap="small", vertical_alignment="center"):
            alert_actions.buttons(f"one-{alert.id}", [alert])
            links(board, alert)


def _close() -> None:
    st.query_params.pop(ALERT, None)
