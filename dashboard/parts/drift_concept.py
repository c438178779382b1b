"""Concept drift: do the same inputs fail more often now, where, and does the same request answer differently?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import streamlit as st

from burnline.dashboard import drift_errors, drift_words, state, wording
from burnline.dashboard.charts.drift_lane import gap_figure
from burnline.dashboard.drift_errors import Unit
from burnline.dashboard.wording import Mark
from burnline.results.drift import ChangedAnswers, ConceptDay, ConceptDrift, ConceptRegion

_ROW = 38
_VERDICTS = {
    True: Mark("Concept drift", ":material/change_circle:", "red"),
    False: Mark("No concept drift", ":material/check_circle:", "green"),
    None: Mark("Nothing can be said", ":material/help:", "gray"),
}
_MILLION = 1e6


def drift_concept(model: str, concept: ConceptDrift, days: Sequence[ConceptDay], unit: Unit, zone: ZoneInfo) -> None:
    """Draws the verdict with its gap, `days`, where the unexplained errors are, and the canaries."""
    with st.container(border=True, key="card-concept"):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.subheader("Do the same inputs fail more often?", anchor=False, width="content")
            concept_badge(concept)
        st.markdown(drift_words.plain(concept.reason))
        for said in _facts(concept, unit, zone):
            st.markdown(f":small[{said}]")
        if days:
            st.markdown(
                f":small[{drift_errors.name(unit).capitalize()} per day of the request (UTC): dots with 95 % interval "
                "are :blue[**realised**], the line is what the inputs lead one to **expect**; :red[**red**] is more "
                "than that, hatched days still wait for labels.]"
            )
            st.plotly_chart(
                gap_figure(days, unit),
                key="concept-days",
                config={"displayModeBar": False},
                alt=f"Realised and expected {drift_errors.name(unit)} of {model} per day",
            )
        if concept.slo is not None:
            st.page_link(
                state.page("budgets"),
                label=f"Budget of {concept.slo}",
                icon=":material/local_fire_department:",
                query_params={"model": model, "slo": concept.slo},
            )
    left, right = st.columns([3, 2])
    with left:
        _regions(concept.where, concept.drifted)
    with right:
        _answers(concept.answers, zone)


def concept_badge(concept: ConceptDrift) -> None:
    """The verdict as icon, word and colour."""
    mark = _VERDICTS[concept.drifted]
    st.badge(mark.word, icon=mark.icon, color=mark.color)


def _facts(concept: ConceptDrift, unit: Unit, zone: ZoneInfo) -> list[str]:
    said = []
    if concept.estimated is not None and concept.realised is not None:
        beyond, limits = drift_errors.unexplained(concept, unit)
        expected, realised = (1 - v if unit == "share" else v for v in (concept.estimated, concept.realised))
        said.append(
            f"The inputs lead one to expect {drift_errors.level(expected, unit)}; the labels of the same requests say "
            f"{drift_errors.level(realised, unit)}: {drift_errors.change(beyond, unit)} "
            f"(95 %: {drift_errors.between(limits, unit)})."
        )
    if concept.since is not None:
        said.append(f"It began {wording.moment(concept.since, zone)}.")
    if concept.e_value is not None and concept.e_value > 1:
        odds = "more than a million" if concept.e_value >= _MILLION else f"{concept.e_value:,.0f}"
        said.append(f"Evidence against chance: {odds} to 1, however often one looks.")
    return [" ".join(said)] if said else []


def _regions(where: Sequence[ConceptRegion], drifted: bool | None) -> None:
    with st.container(border=True, key="card-regions", height="stretch"):
        st.subheader(f"Where · {len(where)}", anchor=False)
        if not where:
            st.caption(
                {
                    True: "No part of the inputs stands out: the excess is everywhere.",
                    False: "No errors are left that need another explanation.",
                    None: "Not known as long as nothing can be said of the errors.",
                }[drifted]
            )
            return
        st.markdown(drift_words.plain(where[0].sentence))
        st.dataframe(
            pl.DataFrame([_region(one) for one in where], infer_schema_length=None),
            hide_index=True,
            row_height=_ROW,
            height=_ROW * len(where) + _ROW,
            column_config=_columns(),
            alt="Parts of the inputs that fail more often than explained, with their share of the excess",
        )


def _region(one: ConceptRegion) -> dict[str, Any]:
    return {
        "where": " · ".join(f"{column} {values}" for column, values in one.where.items()),
        "share": one.share_of_excess * 100,
        "bad": _amount(one.bad),
        "expected": _amount(one.expected),
        "valid": wording.count(one.valid),
    }


def _amount(value: float) -> str:
    """Bad outcomes, or squared errors, which may be below one."""
    return wording.count(round(value)) if value >= 100 else drift_words.number(value)


def _columns() -> dict[str, Any]:
    config = st.column_config
    return {
        "where": config.TextColumn("Where", width=300),
        "share": config.ProgressColumn(
            "Share of the excess", min_value=0, max_value=100, format="%.0f %%", color="red", width=130
        ),
        "bad": config.TextColumn("Bad", width=70, alignment="right"),
        "expected": config.TextColumn("Expected", width=76, alignment="right"),
        "valid": config.TextColumn("Of", width=80, alignment="right"),
    }


def _answers(answers: ChangedAnswers | None, zone: ZoneInfo) -> None:
    with st.container(border=True, key="card-answers", height="stretch"):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.subheader("Same request, same answer?", anchor=False, width="content")
            if answers is not None and answers.repeated:
                mark = (
                    Mark("Answers differ", ":material/difference:", "red")
                    if answers.changed
                    else Mark("Same answers", ":material/check_circle:", "green")
                )
                st.badge(mark.word, icon=mark.icon, color=mark.color)
        if answers is None:
            st.markdown(
                ":small[No request came twice. Send requests with known answers again and again and mark them in the "
                "column `canary`: a model that answers the same request differently is then found without any label.]"
            )
            return
        st.markdown(drift_words.plain(answers.sentence))
        if not answers.repeated:
            return
        share = answers.changed / answers.repeated
        with st.grid(2, min_column_width=130):
            st.metric("Changed", wording.percent(share, 2), _range(answers), delta_color="off", delta_arrow="off")
            st.metric(
                "Asked again",
                wording.count(answers.repeated),
                f"{wording.count(answers.changed)} differ",
                delta_color="off",
                delta_arrow="off",
            )
        about = [f"between {' and '.join(answers.versions)}" if answers.versions else ""]
        about.append(f"since {wording.moment(answers.since, zone)}" if answers.since else "")
        if said := ", ".join(filter(None, about)):
            st.markdown(f":small[{said[0].upper()}{said[1:]}.]")


def _range(answers: ChangedAnswers) -> str:
    if answers.interval is None:
        return "no interval"
    low, high = (wording.percent(v, 2) for v in answers.interval)
    return f"95 %: {low} to {high}"
