"""One incident in a sentence, badges and numbers."""

from __future__ import annotations

import streamlit as st

from burnline.dashboard import wording
from burnline.dashboard.incident_case import Case, cost, costliest, detected_after, lasted, slos_by_cost
from burnline.dashboard.incident_words import REQUIRED, STATES, headline, listed, preceded, share
from burnline.dashboard.parts.alert_words import SEVERITIES


def incident_header(case: Case, *, opened: bool) -> None:
    """Draws title, badges, sentence and tiles; `opened`: it is what the page is about."""
    one = case.incident
    if opened:
        st.button("All incidents", icon=":material/arrow_back:", type="tertiary", on_click=_all)
    name = f"{one.model} · {wording.TRACKS[one.track].lower()}"
    if opened:
        st.title(name, anchor=False)
    else:
        st.header(f"{'Begin with' if one.state == 'open' else 'The last one'}: {name}", anchor=False)
    with st.container(horizontal=True, gap="small"):
        for mark in (STATES[one.state], SEVERITIES[one.severity], *([REQUIRED] if one.postmortem_required else [])):
            st.badge(mark.word, icon=mark.icon, color=mark.color)
        st.badge(wording.TRACKS[one.track], icon=":material/layers:", color="blue")
    st.markdown(headline(case))
    if before := preceded(case):
        st.markdown(f":gray[:material/history:] {before} That does not make it the cause.")
    _tiles(case)


def _tiles(case: Case) -> None:
    one, zone = case.incident, case.zone
    began = one.started_at.astimezone(zone)
    worst = costliest(one)
    spent = [f"{slo} {share(one.budget_spent[slo])}" for slo in slos_by_cost(one) if slo in one.budget_spent]
    units = case.units.get(worst, "events")
    tiles = (
        ("Started", wording.day(began), f"{began:%H:%M %Z}", "Onset of the burn"),
        (
            "Detected after",
            wording.duration(detected_after(one)),
            wording.brief(one.detected_at, zone),
            "From the onset to the first alert",
        ),
        (
            "Recovered after" if one.ended_at else "Lasts for",
            wording.duration(lasted(one, case.at)),
            wording.brief(one.ended_at, zone) if one.ended_at else "not over",
            "From the onset to the end of the burn",
        ),
        (
            "Budget spent",
            share(cost(one)) if one.budget_spent else wording.NONE,
            worst,
            f"Of the budget of one window: {listed(spent)}",
        ),
        (
            f"Bad {units}",
            wording.count(one.bad.get(worst)),
            worst,
            "From onset to end, as they became known",
        ),
        ("Peak burn", wording.times(one.peak_burn.get(worst)), f"{worst}, over 1 h", "The highest over any hour"),
    )
    with st.grid(6, min_column_width=165):
        for label, value, about, explained in tiles:
            st.metric(
                label,
                value,
                about,
                delta_color="off",
                delta_arrow="off",
                border=True,
                height="stretch",
                help=explained,
            )


def _all() -> None:
    st.query_params.pop("incident", None)
