"""What people say about alerts: acknowledge, useful or noise, silence. Always in a name, always revocable."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

import streamlit as st

from burnline.dashboard import reads, wording
from burnline.dashboard.parts.alert_words import MARKS
from burnline.errors import BurnlineError
from burnline.records import actions
from burnline.results import Alert

WHO = "who"
_SAID, _PROBLEM, _NAME = "alerts-said", "alerts-problem", "alerts-name"
_NAMELESS = "Write your name first: it stands beside what you record."
_ENDS = {"1 h": timedelta(hours=1), "8 h": timedelta(hours=8), "Until tomorrow": None, "Until a date": None}
_MORNING = time(9)


def who() -> None:
    """Draws the field for the name of who speaks, remembered in the session, and what went wrong with the last word."""
    if name := st.session_state.pop(_NAME, None):
        st.session_state[WHO] = name
    st.text_input(
        "Your name",
        key=WHO,
        placeholder="Your name",
        icon=":material/person:",
        label_visibility="collapsed",
        persist_state="session",
        width=200,
    )
    if problem := st.session_state.pop(_PROBLEM, None):
        st.warning(problem, icon=":material/person_alert:")


def heard() -> bool:
    """Whether somebody has said something since this was asked last."""
    return bool(st.session_state.pop(_SAID, False))


def buttons(key: str, alerts: Sequence[Alert]) -> None:
    """Acknowledge, useful, noise (each can be taken back) and silence, for alerts of one model."""
    ids = tuple(a.id for a in alerts)
    taken = all(a.acknowledged_by for a in alerts)
    st.button(
        "Acknowledged" if taken else "Acknowledge",
        key=f"ack-{key}",
        icon=":material/done_all:" if taken else ":material/back_hand:",
        type="secondary" if taken else "primary",
        help="Take it back: it escalates again" if taken else "You work on it: it no longer escalates",
        on_click=_acknowledge,
        args=(ids, taken),
    )
    for mark, look in MARKS.items():
        given = all(a.mark == mark for a in alerts)
        st.button(
            look.word,
            key=f"{mark}-{key}",
            icon=look.icon,
            type="primary" if given else "secondary",
            help="Take the mark back" if given else f"It was {look.label}: the noise figures count it",
            on_click=_mark,
            args=(ids, None if given else mark),
        )
    if st.button(
        "Silence", key=f"silence-{key}", icon=":material/notifications_paused:", help="Send nothing for a while"
    ):
        silence(alerts[0].model, tuple(dict.fromkeys(a.slo for a in alerts)))


def unsilence(silence: str) -> None:
    """Ends a silence now."""
    at, _ = reads.as_of()
    _say(lambda root, by: actions.unsilence(root, silence, by=by, ended=at))


def _acknowledge(ids: Sequence[str], undo: bool) -> None:
    def each(root: Path, by: str) -> None:
        for id_ in ids:
            actions.acknowledge(root, id_, by=by, undo=undo)

    _say(each)


def _mark(ids: Sequence[str], mark: Literal["useful", "noise"] | None) -> None:
    def each(root: Path, by: str) -> None:
        for id_ in ids:
            actions.mark(root, id_, mark, by=by)

    _say(each)


def _say(what: Callable[[Path, str], object]) -> None:
    name = str(st.session_state.get(WHO) or "").strip()
    st.session_state[_SAID] = True
    if not name:
        st.session_state[_PROBLEM] = _NAMELESS
        return
    try:
        what(reads.workspace().records_root, name)
    except BurnlineError as error:
        st.session_state[_PROBLEM] = str(error)


@st.dialog("Silence", icon=":material/notifications_paused:")
def silence(model: str, slos: Sequence[str]) -> None:
    """Asks why and how long; what fires goes on to be shown, nothing is sent."""
    at, zone = reads.as_of()
    everything = f"all of {model}"
    st.markdown(
        f"Nothing is sent about **{model}** until the end. Times are those of the logs, now at "
        f"{wording.moment(at, zone)}."
    )
    with st.form("silence", border=False):
        scope = st.selectbox("What", [everything, *slos], key="silence-what")
        reason = st.text_input("Reason", key="silence-reason", placeholder="Load test, known cause, ticket …")
        choice = st.pills("End", list(_ENDS), default="1 h", required=True, key="silence-end")
        day = st.date_input(
            "Date",
            value=(at.astimezone(zone) + timedelta(days=7)).date(),
            key="silence-date",
            min_value=at.astimezone(zone).date(),
            help="For “Until a date”: it ends at 09:00 that day",
        )
        name = st.text_input("Your name", value=st.session_state.get(WHO) or "", key="silence-who")
        if st.form_submit_button("Silence", type="primary", icon=":material/notifications_paused:"):
            ends = _end(choice or "1 h", at.astimezone(zone), day, zone)
            if problem := _silenced(model, None if scope == everything else scope, at, ends, reason, name):
                st.error(problem, icon=":material/error:")
            else:
                st.session_state[_NAME] = name.strip()
                st.rerun()


def _end(choice: str, now: datetime, day: object, zone: ZoneInfo) -> datetime:
    if (span := _ENDS[choice]) is not None:
        return now + span
    date = (now + timedelta(days=1)).date() if choice == "Until tomorrow" else day
    return datetime.combine(date, _MORNING, tzinfo=zone)  # type: ignore[arg-type]


def _silenced(model: str, slo: str | None, at: datetime, until: datetime, reason: str, name: str) -> str | None:
    """Puts the silence on record; the sentence that says why not, if so."""
    if not reason.strip():
        return "Give a reason: it is shown with every alert that is silenced."
    if not name.strip():
        return _NAMELESS
    try:
        actions.silence(
            reads.workspace().records_root, start=at, until=until, reason=reason, by=name, model=model, slo=slo
        )
    except BurnlineError as error:
        return str(error)
    return None
