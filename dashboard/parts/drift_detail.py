"""One column in full: its distributions then and now, its tests, and whether it hurts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import streamlit as st

from burnline.dashboard import drift_errors, drift_words, wording
from burnline.dashboard.charts import drift_distribution as chart
from burnline.dashboard.charts.drift_grid import begin
from burnline.dashboard.drift_errors import Unit
from burnline.dashboard.parts import drift_place, drift_tests
from burnline.dashboard.parts.drift_place import Place
from burnline.results.drift import Distribution, DriftBucket, DriftReport, FeatureDrift

_MOST_NEW = 5


def drift_detail(
    report: DriftReport,
    found: Distribution,
    buckets: Iterable[DriftBucket],
    here: Place,
    times: Sequence[datetime],
    unit: Unit,
    zone: ZoneInfo,
) -> None:
    """Draws the column of ``here``; ``found`` are its values there, ``buckets`` what was measured day by day."""
    column = next(c for c in report.features if c.feature == here.feature)
    when = "over the window" if here.start is None else _when(here, zone)
    with st.container(border=True, key="card-drift-detail"):
        with st.container(horizontal=True, vertical_alignment="bottom", horizontal_alignment="distribute"):
            with st.container(horizontal=True, vertical_alignment="center", gap="small", width="content"):
                st.subheader(here.feature, anchor=False, width="content")
                mark = drift_words.HARMS[drift_words.harm(column)]
                st.badge(mark.word, icon=mark.icon, color=mark.color)
                st.badge(drift_words.ROLES[column.role], icon=":material/data_object:", color="blue")
            with st.container(horizontal=True, vertical_alignment="bottom", gap="small", width="content"):
                drift_place.pickers(report.features, times, here, zone)
        st.markdown(drift_words.plain(column.reason))
        if facts := _facts(column, report, unit, zone):
            st.markdown(f":small[{facts}]")
        if here.start is not None:
            bucket = next((b for b in buckets if b.feature == here.feature and begin(b, here.step) == here.start), None)
            said = drift_words.cell(bucket, report.threshold).replace("<b>", "**").replace("</b>", "**")
            st.markdown(f":small[{when[0].upper()}{when[1:]}: {said.replace('<br>', ' · ')}]")
        left, right = st.columns([6, 5], gap="medium")
        with left:
            _then_and_now(found, report, when)
        with right:
            drift_tests.tests(column, found, report.threshold, when)


def _when(here: Place, zone: ZoneInfo) -> str:
    assert here.start is not None
    named = drift_words.bucket_name(here.start, here.step, zone)
    return f"on {named} (UTC)" if here.step == "1d" else f"in the hour from {named}"


def _facts(column: FeatureDrift, report: DriftReport, unit: Unit, zone: ZoneInfo) -> str:
    said = []
    if column.first_seen is not None:
        said.append(f"First seen {drift_words.since(column.first_seen, report.window.to, zone)}.")
    if column.badness_moved is not None:
        said.append(
            f"Its shift moves the {drift_errors.what_moves(unit)} by {drift_errors.change(column.badness_moved, unit)} "
            f"(95 %: {drift_errors.between(column.badness_interval, unit)})."
        )
    if column.unseen_values:
        named = ", ".join(f"`{v.replace('`', chr(39))}`" for v in column.unseen_values[:_MOST_NEW])
        more = len(column.unseen_values) - _MOST_NEW
        said.append(f"Never seen in the baseline: {named}{f' and {more} more' if more > 0 else ''}.")
    return " ".join(said)


def _then_and_now(found: Distribution, report: DriftReport, when: str) -> None:
    if not found.n or not found.n_baseline:
        st.caption(f"There are no rows to compare {when}.")
        return
    st.markdown(
        f":small[Share of the known values: **then** ({wording.count(found.n_baseline)} rows of the baseline, grey), "
        f":blue[**now**] ({wording.count(found.n)} rows {when})]"
    )
    st.plotly_chart(
        chart.distribution(found),
        key="drift-distribution",
        config={"displayModeBar": False},
        alt=f"Distribution of {found.feature} of {report.model} in the baseline and {when}",
    )
    if bars := chart.grown(found):
        grew = "; ".join(
            f"**{drift_words.plain(b.name)}** {wording.percent(b.before, 1)} → {wording.percent(b.now, 1)}"
            for b in bars
        )
        st.markdown(f":small[Grew most: {grew}]")
