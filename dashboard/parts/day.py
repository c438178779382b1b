"""One day of a model: every SLO's counts and burn on that day."""

from __future__ import annotations

from datetime import date

import polars as pl
import streamlit as st

from burnline.dashboard import state, wording
from burnline.results import ModelStatus


def day_picker(daily: pl.DataFrame) -> date | None:
    """Lets a day be picked; none means the whole window."""
    days = daily["day"]
    first, last = days.min(), days.max()
    assert isinstance(first, date)
    assert isinstance(last, date)
    picked: date | None = st.date_input(
        "Day", value=None, min_value=first, max_value=last, width=170, **state.day(first, last)
    )
    return picked


def day_numbers(model: ModelStatus, daily: pl.DataFrame, day: date) -> None:
    """Draws a card with one metric per SLO, the fastest burn first."""
    rows = daily.filter(pl.col("day") == day).sort("burn", descending=True, nulls_last=True)
    objectives = {s.slo: s.objective for s in model.slos}
    with st.container(border=True, key="card-day"):
        st.subheader(f"On {wording.day(day)} {day.year}", anchor=False)
        if rows.is_empty():
            st.caption("The logs hold nothing of this model on this day.")
            return
        known = rows.filter(pl.col("valid") > 0)
        with st.grid(4, min_column_width=230):
            for row in known.iter_rows(named=True):
                _metric(row["slo"], row["valid"], row["bad"], row["burn"], objectives.get(row["slo"], 0.99))
        if blind := [s.slo for s in model.slos if s.slo not in known["slo"]]:
            st.caption(f"No data on this day: {', '.join(blind)}.")


def _metric(slo: str, valid: float, bad: float, burn: float | None, objective: float) -> None:
    fast = burn is not None and burn > 1
    st.metric(
        slo,
        wording.sli(1 - bad / valid, objective),
        f"burn {wording.times(burn)}",
        delta_color="red" if fast else "gray",
        delta_arrow="off",
        delta_description=f"{wording.count(bad)} bad of {wording.count(valid)}",
        height="stretch",
        border=True,
    )
