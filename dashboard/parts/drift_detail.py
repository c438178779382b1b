"""One column in full: its distributions then and now, its tests, and whether it hurts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import streamlit as st

from burnline.dashboard import drift_words, wording
from burnline.dashboard.charts import drift_distribution as chart
from burnline.dashboard.parts import drift_place, drift_tests
from burnline.dashboard.parts.drift_place import Place
from burnline.results.drift import Distribution, DriftReport, FeatureDrift


def drift_detail(
    report: DriftReport,
    bucket: DriftReport | None,
    found: Distribution | None,
    here: Place,
    times: Sequence[datetime],
    zone: ZoneInfo,
) -> None:
    """Draws the column of ``here``; ``bucket`` are the tests of the one bucket that is looked at, if one is."""
    column = _of(report, here.feature)
    measured = (bucket and _of(bucket, here.feature)) or column
    if column is None or measured is None:
        return
    with st.container(border=True, key="card-drift-detail"):
        with st.container(horizontal=True, vertical_alignment="bottom", horizontal_alignment="distribute"):
            with st.container(horizontal=True, vertical_alignment="center", gap="small", width="content"):
                st.subheader(here.feature, anchor=False, width="content")
                mark = drift_words.HARMS[drift_words.harm(column)]
                st.badge(mark.word, icon=mark.icon, color=mark.color)
                st.badge(drift_words.ROLES[column.role], icon=":material/data_object:", color="blue")
            with st.container(horizontal=True, vertical_alignment="bottom", gap="small", width="content"):
                drift_place.pickers(report.features, times, here, zone)
        st.markdown(column.reason)
        for said in _facts(column, report, zone):
            st.markdown(f":small[{said}]")
        when = "over the window" if here.start is None else _when(here, zone)
        left, right = st.columns([6, 5], gap="medium")
        with left:
            _then_and_now(found, report, when)
        with right:
            drift_tests.tests(measured, report.threshold, when)


def _of(report: DriftReport, feature: str) -> FeatureDrift | None:
    return next((c for c in report.features if c.feature == feature), None)


def _when(here: Place, zone: ZoneInfo) -> str:
    assert here.start is not None
    named = drift_words.bucket_name(here.start, here.step, zone)
    return f"on {named} (UTC)" if here.step == "1d" else f"in the hour from {named}"


def _facts(column: FeatureDrift, report: DriftReport, zone: ZoneInfo) -> list[str]:
    said = []
    if column.first_seen is not None:
        said.append(f"First seen {drift_words.since(column.first_seen, report.window.to, zone)}.")
    if column.badness_moved is not None:
        said.append(
            f"Its shift moves the expected share of bad outcomes by {drift_words.points(column.badness_moved)} "
            f"(95 %: {drift_words.between(column.badness_interval)})."
        )
    if column.unseen_values:
        named = ", ".join(f"`{_plain(v)}`" for v in column.unseen_values[:5])
        more = len(column.unseen_values) - 5
        said.append(f"Never seen in the baseline: {named}{f' and {more} more' if more > 0 else ''}.")
    return [" ".join(said)] if said else []


def _then_and_now(found: Distribution | None, report: DriftReport, when: str) -> None:
    if found is None or not found.n or not found.n_baseline:
        st.caption(f"There are no rows to compare {when}.")
        return
    st.caption(
        f"Share of the known values: :gray[**then**] ({wording.count(found.n_baseline)} rows of the baseline), "
        f":blue[**now**] ({wording.count(found.n)} rows {when})"
    )
    st.plotly_chart(
        chart.distribution(found),
        key="drift-distribution",
        config={"displayModeBar": False},
        alt=f"Distribution of {found.feature} of {report.model} in the baseline and {when}",
    )
    if bars := chart.grown(found):
        st.markdown(
            ":small[Grew most: "
            + "; ".join(
                f"**{_plain(b.name)}** {wording.percent(b.before, 1)} → {wording.percent(b.now, 1)}" for b in bars
            )
            + "]"
        )


def _plain(value: str) -> str:
    """A value of the log that must not be read as Markdown."""
    return value.translate({ord(c): f"\\{c}" for c in "\\`*_[]$:~<>#"})
