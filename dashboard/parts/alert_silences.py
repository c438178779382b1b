"""What is not sent, and what was: active silences and the log of notifications."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

from burnline.dashboard import wording
from burnline.dashboard.parts import alert_actions
from burnline.dashboard.parts.alert_board import Board
from burnline.dashboard.parts.pills import pills
from burnline.dashboard.wording import Mark
from burnline.records.entries import Sent

_OUTCOMES = {
    True: Mark("Sent", ":material/check_circle:", "green"),
    False: Mark("Failed", ":material/error:", "red"),
}
_ROW, _MOST = 38, 50


def silences(board: Board) -> None:
    """Draws what is silenced now, each with its end, its reason and the way to end it."""
    active = sorted(board.records.active_silences(board.at), key=lambda s: s.end)
    with st.container(border=True, key="card-silences", height="stretch"):
        st.subheader(f"Silences · {len(active)}", anchor=False)
        if not active:
            st.caption("Nothing is silenced: every alert is told to those whom its model names.")
        for silence in active:
            with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
                what = " · ".join(filter(None, (silence.model, silence.slo))) or "everything"
                end = wording.moment(silence.end, board.zone)
                st.markdown(
                    f":gray[:material/notifications_paused:] **{what}** until {end}: "
                    f"{silence.reason} :small[:gray[({silence.by})]]",
                    width="content",
                )
                st.button(
                    "End now",
                    key=f"end-{silence.id}",
                    icon=":material/notifications:",
                    on_click=alert_actions.unsilence,
                    args=(silence.id,),
                )


def notifications(board: Board) -> None:
    """Draws who was told what, the newest first."""
    sent = sorted(
        (entry for group in board.groups for entry in board.records.sent(group.id)), key=lambda e: e.at, reverse=True
    )
    with st.container(border=True, key="card-sent", height="stretch"):
        st.subheader(f"Notifications · {len(sent)}", anchor=False)
        if not sent:
            st.caption(
                "Nobody was told anything yet: name targets in `burnline.yaml`, whom to tell in the model's "
                "`escalation`, and run `burnline notify` on a schedule (docs/notifications.md)."
            )
            return
        st.dataframe(
            pl.DataFrame([_row(entry) for entry in sent[:_MOST]], infer_schema_length=None),
            hide_index=True,
            placeholder=wording.NONE,
            row_height=_ROW,
            height=_ROW * min(len(sent), 8) + _ROW,
            column_config={
                "at": st.column_config.TextColumn("As of", width=120),
                "model": st.column_config.TextColumn("Model", width=130),
                "state": st.column_config.TextColumn("State", width=90),
                "target": st.column_config.TextColumn("To", width=110),
                "outcome": pills("Outcome", _OUTCOMES.values(), 74),
                "attempt": st.column_config.NumberColumn("Attempt", width=62),
                "error": st.column_config.TextColumn("Why it failed", width=220),
            },
            alt="Notifications sent, with target and outcome",
        )


def _row(entry: Sent) -> dict[str, Any]:
    return {
        "at": f"{entry.as_of.day} {entry.as_of:%b %H:%M}",
        "model": entry.model,
        "state": entry.state,
        "target": entry.target,
        "outcome": [_OUTCOMES[entry.ok].word],
        "attempt": entry.attempt,
        "error": entry.error,
    }
