"""What fires now: a card per group, over all SLOs of a model and both tracks, worst first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import streamlit as st

from burnline.dashboard import state, wording
from burnline.dashboard.parts import alert_actions
from burnline.dashboard.parts.alert_board import Board
from burnline.dashboard.parts.alert_words import SEVERITIES, Firing, chance, cost, fired
from burnline.results import Alert

_MOST = 12


def firing_now(shown: Board, fires: Sequence[Firing]) -> None:
    """Draws the cards, in the order given."""
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.subheader("Firing now", anchor=False, width="content")
        alert_actions.who()
    if not fires:
        with st.container(border=True, key="card-quiet"):
            st.markdown(":green[:material/check_circle:] No budget burns fast enough, with evidence, to tell anybody.")
        return
    with st.grid(2, min_column_width=420):
        for one in fires[:_MOST]:
            with st.container(border=True, key=f"card-firing-{one.group.id}", gap="small", height="stretch"):
                _head(shown, one)
                for alert in _by_slo(one.alerts):
                    _slo(shown, alert, one.alerts)
                with st.container(horizontal=True, gap="small", vertical_alignment="center"):
                    alert_actions.buttons(one.group.id, one.alerts, first=one is fires[0])
                    links(shown, one.alerts[0])
    if len(fires) > _MOST:
        st.caption(f"and {len(fires) - _MOST} more groups in the table below")


def links(shown: Board, alert: Alert) -> None:
    """The places that explain an alert."""
    place = {"model": alert.model, "slo": alert.slo}
    st.page_link(state.page("budgets"), label="Budget", icon=":material/local_fire_department:", query_params=place)
    if incident := shown.incidents.get(alert.id):
        st.page_link(
            state.page("incidents"),
            label="Incident",
            icon=":material/report:",
            query_params={"incident": incident.id},
        )


def badges(shown: Board, alerts: Sequence[Alert], at: datetime) -> None:
    """Who answers: acknowledged by whom, silenced until when and why."""
    names = dict.fromkeys(a.acknowledged_by for a in alerts if a.acknowledged_by)
    if names:
        st.badge(f"acknowledged by {', '.join(map(str, names))}", icon=":material/done_all:", color="green")
    silenced = {a.slo: shown.records.silence(a.model, a.slo, at) for a in alerts if a.silenced}
    whole = len(silenced) == len({a.slo for a in alerts})
    for silence in {s.id: s for s in silenced.values() if s is not None}.values():
        mine = [slo for slo, found in silenced.items() if found == silence]
        what = "silenced" if whole else f"{', '.join(mine)} silenced"
        st.badge(
            f"{what} until {wording.brief(silence.end, shown.zone)}: {silence.reason}",
            icon=":material/notifications_paused:",
            color="gray",
        )


def _head(shown: Board, one: Firing) -> None:
    look = SEVERITIES[one.severity]
    tracks = {a.track for a in one.alerts}
    which = "both tracks" if len(tracks) == 2 else f"{wording.TRACKS[next(iter(tracks))].lower()} track"
    began, lasts = wording.brief(one.group.started_at, shown.zone), shown.at - one.group.started_at
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.badge(look.word, icon=look.icon, color=look.color)
        st.page_link(
            state.page("model"),
            label=f"**{one.group.model}**",
            icon=":material/arrow_forward:",
            query_params={"model": one.group.model},
        )
        badges(shown, one.alerts, shown.at)
    tier = f"tier {one.alerts[0].tier} · " if one.alerts[0].tier else ""
    before = len(one.group.alerts) - len(one.alerts)
    earlier = f" · {before} more resolved" if before else ""
    st.caption(f"{tier}{which} · since {began}, {wording.duration(lasts)}{earlier}")


def _by_slo(alerts: Sequence[Alert]) -> list[Alert]:
    """The first alert of each SLO."""
    return list({a.slo: a for a in reversed(alerts)}.values())[::-1]


def _slo(shown: Board, alert: Alert, alerts: Sequence[Alert]) -> None:
    look = SEVERITIES[alert.severity]
    other = next((a for a in alerts if a.slo == alert.slo and a.severity != alert.severity), None)
    too = f" and {SEVERITIES[other.severity].label}" if other else ""
    fleet = "stands out in the fleet" if alert.fleet_discovery else "does not stand out in the fleet"
    st.markdown(
        f":{look.color}[{look.icon}] **{alert.slo}** · {wording.TRACKS[alert.track]} · {fired(alert)}  \n"
        f":small[:gray[{look.label}{too} since {wording.brief(alert.started_at, shown.zone)} · "
        f"{cost(alert, shown.slo(alert))} · {chance(alert.e_value)} · {fleet}]]"
    )
