"""Recent deploys and other changes of a model."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import polars as pl
import streamlit as st

from burnline.dashboard import wording

_MOST = 8
_ICONS = {
    "deploy": ":material/rocket_launch:",
    "retrain": ":material/model_training:",
    "config": ":material/tune:",
    "feature": ":material/dataset:",
    "incident": ":material/report:",
}


def changes(events: pl.DataFrame, zone: ZoneInfo) -> None:
    """Draws the newest changes (`events`: time, model, kind, version, note)."""
    with st.container(border=True, key="card-changes", height="stretch"):
        st.subheader("Changes", anchor=False)
        if events.is_empty():
            st.caption("No deploy, retrain or other change is on record in the last thirty days.")
        for event in events.sort("time", descending=True).head(_MOST).iter_rows(named=True):
            icon = _ICONS.get(event["kind"], ":material/event:")
            what = " ".join(filter(None, (event["kind"], event["version"])))
            note = f" · {event['note']}" if event["note"] else ""
            st.markdown(f"{icon} **{what}**{note}  \n:gray[:small[{wording.moment(event['time'], zone)}]]")
