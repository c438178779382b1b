"""What people do about an incident: its status, their notes, the report."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
import streamlit as st

from burnline.dashboard import reads, wording
from burnline.dashboard.incident_case import Case
from burnline.dashboard.incident_report import file_name, report
from burnline.dashboard.incident_words import STATUSES
from burnline.dashboard.parts.alert_actions import WHO
from burnline.errors import BurnlineError
from burnline.records import actions
from burnline.results import Note

_FAULT = "incident-fault"


def response(case: Case, slices: Mapping[str, pl.DataFrame]) -> None:
    """Draws the card; everything written goes on record under the name in it."""
    one = case.incident
    with st.container(border=True, key="card-response", height="stretch"):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.subheader("Response", anchor=False, width="content")
            st.download_button(
                "Markdown",
                report(case, slices).encode(),
                file_name=file_name(one),
                mime="text/markdown",
                icon=":material/description:",
                on_click="ignore",
                help="All of this page as a postmortem to be completed",
            )
        st.text_input(
            "Your name", key=WHO, persist_state="session", placeholder="Stands beside what you write", max_chars=200
        )
        status, note = f"status-{one.id}", f"note-{one.id}"
        st.session_state[status] = one.status
        st.segmented_control(
            "Status",
            list(STATUSES),
            format_func=lambda s: STATUSES[s],
            key=status,
            on_change=_move,
            args=(one.id, status),
            required=True,
        )
        for written in one.notes:
            _note(written, case.zone)
        if not one.notes:
            st.caption("No notes yet. Write what was done and found; it goes into the report.")
        st.text_area("Note", key=note, height=88, placeholder="What was done or found", max_chars=4000)
        st.button(
            "Add note",
            icon=":material/add_comment:",
            on_click=_write,
            args=(one.id, note),
        )
        if fault := st.session_state.pop(_FAULT, None):
            st.error(fault, icon=":material/error:")


def _note(note: Note, zone: ZoneInfo) -> None:
    with st.container(border=True, key=f"card-{note.id}", gap="xxsmall"):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.markdown(f":small[**{_plain(note.by or 'unknown')}** · {wording.moment(note.at, zone)}]")
            st.button(
                "Delete",
                key=f"delete-{note.id}",
                type="tertiary",
                icon=":material/delete:",
                on_click=_delete,
                args=(note.id,),
            )
        st.text(note.text)


def _plain(text: str) -> str:
    """A name that cannot be read as Markdown."""
    return "".join(f"\\{c}" if c in r"\`*_{}[]()#+-.!:|<>~$" else c for c in text)


def _move(incident: str, status: str) -> None:
    _record(lambda root, by: actions.set_incident_status(root, incident, st.session_state[status], by=by))


def _write(incident: str, note: str) -> None:
    if _record(lambda root, by: actions.note(root, incident, st.session_state[note], by=by)):
        st.session_state[note] = ""


def _delete(note: str) -> None:
    _record(lambda root, by: actions.delete_note(root, note, by=by))


def _record(write: Callable[[Path, str], object]) -> bool:
    """Puts something on record; what is wrong with it is said in the card."""
    name = str(st.session_state.get(WHO) or "").strip()
    if not name:
        st.session_state[_FAULT] = "Write your name first: it stands beside what you record."
        return False
    try:
        write(reads.workspace().records_root, name)
    except BurnlineError as error:
        st.session_state[_FAULT] = str(error)
        return False
    return True
