"""What people say about alerts: acknowledge, useful or noise, silence. Always in a name, always revocable."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
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
_ALL = "All of the model"


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


def buttons(key: str, alerts: Sequence[Alert], *, first: bool = False) -> None:
    """Acknowledge, useful, noise (each can be taken back) and silence, for alerts of one model; `first` stands out."""
    ids = tuple(a.id for a in alerts)
    taken = all(a.acknowledged_by for a in alerts)
    st.button(
        "Acknowledged" if taken else "Acknowledge",
        key=f"ack-{key}",
        icon=":material/done_all:" if taken else ":material/back_hand:",
        type="primary" if first and not taken else "secondary",
        help="Take it back: it escalates again" if taken else "You work on it: it no longer escalates",
        on_click=_acknowledge,
        args=(ids, taken),
    )
    for mark, look in MARKS.items():
        given = all(a.mark == mark for a in alerts)
        st.button(
            f"Marked {look.label}" if given else look.word,
            key=f"{mark}-{key}",
            icon=":material/check:" if given else look.icon,
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


def _say(what: Callable[[Path, str], object], name: str | None = None) -> None:
    name = (name or st.session_state.get(WHO) or "").strip()
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
    st.markdown(
        f"Nothing is sent about **{model}** until the end. Times are those of the logs, now at "
        f"{wording.moment(at, zone)}."
    )
    with st.form("silence", border=False):
        st.selectbox("What", [_ALL, *slos], key="silence-what")
        st.text_input("Reason", key="silence-reason", placeholder="Load test, known cause, ticket …")
        st.pills("End", list(_ENDS), default="1 h", required=True, key="silence-end")
        st.date_input(
            "Date",
            value=(at.astimezone(zone) + timedelta(days=7)).date(),
            min_value=at.astimezone(zone).date(),
            key="silence-date",
            help="For “Until a date”: it ends at 09:00 that day",
        )
        st.text_input("Your name", value=st.session_state.get(WHO) or "", key="silence-who")
        st.form_submit_button(
            "Silence", type="primary", icon=":material/notifications_paused:", on_click=_silence, args=(model,)
        )
    if problem := st.session_state.pop(_PROBLEM, None):
        st.error(problem, icon=":material/error:")
    elif heard():
        st.rerun()


def _silence(model: str) -> None:
    said = st.session_state
    at, zone = reads.as_of()
    if not said["silence-reason"].strip():
        said[_PROBLEM] = "Give a reason: it is shown with every alert that is silenced."
        return
    said[_NAME] = said["silence-who"].strip()
    what = said["silence-what"]
    _say(
        lambda root, by: actions.silence(
            root,
            start=at,
            until=_end(said["silence-end"], at.astimezone(zone), said["silence-date"], zone),
            reason=said["silence-reason"],
            by=by,
            model=model,
            slo=None if what == _ALL else what,
        ),
        said["silence-who"],
    )


def _end(choice: str, now: datetime, day: date, zone: ZoneInfo) -> datetime:
    if (span := _ENDS[choice]) is not None:
        return now + span
    last = (now + timedelta(days=1)).date() if choice == "Until tomorrow" else day
    return datetime.combine(last, _MORNING, tzinfo=zone)
