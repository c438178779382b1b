"""Incidents like this one, earlier."""

from __future__ import annotations

import streamlit as st

from burnline.dashboard import state, wording
from burnline.dashboard.incident_case import Case, cost, lasted
from burnline.dashboard.incident_words import LIKENESS, STATUSES, share
from burnline.dashboard.parts.alert_words import SEVERITIES


def similar_incidents(case: Case) -> None:
    """Draws the list, each with what it cost and how long it lasted."""
    with st.container(border=True, key="card-similar", height="stretch"):
        st.subheader(f"Similar past incidents · {len(case.similar)}", anchor=False)
        st.caption(LIKENESS if case.similar else "No earlier incident of this model and track, or of the same SLO.")
        for other in case.similar:
            with st.container(gap="xxsmall"):
                st.page_link(
                    state.page("incidents"),
                    label=f"**{other.model}** · {', '.join(other.slos)} · {wording.brief(other.started_at, case.zone)}",
                    icon=SEVERITIES[other.severity].icon,
                    query_params={"incident": other.id},
                )
                length = wording.duration(lasted(other, case.at))
                st.markdown(
                    f":small[{SEVERITIES[other.severity].word} · {share(cost(other))} of a budget · "
                    f"{'lasted ' + length if other.ended_at else 'open for ' + length} · {STATUSES[other.status]}"
                    f"{_notes(len(other.notes))}]"
                )


def _notes(count: int) -> str:
    return "" if not count else " · 1 note" if count == 1 else f" · {count} notes"
