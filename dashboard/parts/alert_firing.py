"""What fires now: a card per group, over all SLOs of a model and both tracks, worst first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import streamlit as st

from burnline.dashboard import state, wording
from burnline.dashboard.parts import alert_actions
from burnline.dashboard.parts.alert_words import SEVERITIES, Firing, chance, cost, fired, slo_of
from burnline.records.records import Records
from burnline.results import Alert, Incident, SloStatus

_MOST = 12


def firing_now(
    fires: Sequence[Firing],
    statuses: Mapping[tuple[str, str], SloStatus],
    incidents: Mapping[str, Incident],
    records: Records,
    at: datetime,
    zone: ZoneInfo,
) -> None:
    """Draws the cards; `incidents` are by the id of an alert."""
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
                _head(one, records, at, zone)
                for alert in _by_slo(one.alerts):
                    _slo(alert, one.alerts, slo_of(statuses, alert), zone)
                with st.container(horizontal=True, gap="small", vertical_alignment="center"):
                    alert_actions.buttons(one.group.id, one.alerts, first=one is fires[0])
                    links(one.alerts[0], incidents.get(one.alerts[0].id))
    if len(fires) > _MOST:
        st.caption(f"and {len(fires) - _MOST} more groups in the table below")


def links(alert: Alert, incident: Incident | None) -> None:
    """The places that explain an alert."""
    place = {"model": alert.model, "slo": alert.slo}
    st.page_link(state.page("budgets"), label="Budget", icon=":material/local_fire_department:", query_params=place)
    if incident is not None:
        st.page_link(
            state.page("incidents"),
            label="Incident",
            icon=":material/report:",
            query_params={"incident": incident.id},
        )


def badges(alerts: Sequence[Alert], records: Records, at: datetime, zone: ZoneInfo) -> None:
    """Who answers: acknowledged by whom, silenced until when and why."""
    names = dict.fromkeys(a.acknowledged_by for a in alerts if a.acknowledged_by)
    if names:
        st.badge(f"acknowledged by {', '.join(map(str, names))}", icon=":material/done_all:", color="green")
    silenced = {a.slo: records.silence(a.model, a.slo, at) for a in alerts if a.silenced}
    whole = len(silenced) == len({a.slo for a in alerts})
    for silence in {s.id: s for s in silenced.values() if s is not None}.values():
        mine = [slo for slo, found in silenced.items() if found == silence]
        what = "silenced" if whole else f"{', '.join(mine)} silenced"
        st.badge(
            f"{what} until {wording.brief(silence.end, zone)}: {silence.reason}",
            icon=":material/notifications_paused:",
            color="gray",
        )


def _head(one: Firing, records: Records, at: datetime, zone: ZoneInfo) -> None:
    look = SEVERITIES[one.severity]
    tracks = {a.track for a in one.alerts}
    which = "both tracks" if len(tracks) == 2 else f"{wording.TRACKS[next(iter(tracks))].lower()} track"
    began = one.group.started_at
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.badge(look.word, icon=look.icon, color=look.color)
        st.page_link(
            state.page("model"),
            label=f"**{one.group.model}**",
            icon=":material/arrow_forward:",
            query_params={"model": one.group.model},
        )
        badges(one.alerts, records, at, zone)
    tier = f"tier {one.alerts[0].tier} · " if one.alerts[0].tier else ""
    before = len(one.group.alerts) - len(one.alerts)
    earlier = f" · {before} more resolved" if before else ""
    st.caption(f"{tier}{which} · since {wording.brief(began, zone)}, {wording.duration(at - began)}{earlier}")


def _by_slo(alerts: Sequence[Alert]) -> list[Alert]:
    """The first alert of each SLO."""
    return list({a.slo: a for a in reversed(alerts)}.values())[::-1]


def _slo(alert: Alert, alerts: Sequence[Alert], slo: SloStatus | None, zone: ZoneInfo) -> None:
    look = SEVERITIES[alert.severity]
    other = next((a for a in alerts if a.slo == alert.slo and a.severity != alert.severity), None)
    too = f" and {SEVERITIES[other.severity].label}" if other else ""
    fleet = "stands out in the fleet" if alert.fleet_discovery else "does not stand out in the fleet"
    st.markdown(
        f":{look.color}[{look.icon}] **{alert.slo}** · {wording.TRACKS[alert.track]} · {fired(alert)}  \n"
        f":small[:gray[{look.label}{too} since {wording.brief(alert.started_at, zone)} · {cost(alert, slo)} · "
        f"{chance(alert.e_value)} · {fleet}]]"
    )
