"""What labels that have not come yet leave open."""

from __future__ import annotations

from collections.abc import Iterator

import streamlit as st

from burnline.dashboard import proof, wording
from burnline.dashboard.charts.delays import delays
from burnline.dashboard.parts.drift_links import concept_link
from burnline.results import Estimate, SloStatus
from burnline.rollups.expected import SurrogateInfo


def late_labels(model: str, slo: SloStatus, surrogate: SurrogateInfo | None) -> None:
    """Draws the estimate over all events, how labels come in, and how far the estimate can be trusted.

    ``surrogate`` is what judges requests by their features.
    """
    found = slo.estimate
    if found is None:
        return
    with st.container(border=True, key="card-late"):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.subheader("Outcomes not known yet", anchor=False, width="content")
            if found.delay_bias:
                st.badge("Delay bias", icon=":material/schedule:", color="yellow")
            if found.disagree:
                st.badge("Methods disagree", icon=":material/call_split:", color="yellow")
            if found.concept_drift:
                st.badge("Concept drift", icon=":material/change_circle:", color="red")
        words, figure = st.columns([3, 2]) if found.delays else (st.container(), None)
        with words:
            st.markdown(proof.late(found, slo))
            for said in _facts(found, slo):
                st.markdown(f":small[{said}]")
            if surrogate is not None and slo.sli == surrogate.kind:
                st.markdown(f":small[{_learnt(surrogate)}]")
            if found.concept_drift:
                concept_link(model)
        if figure is not None:
            with figure:
                st.caption(
                    "Share of the :blue[**good**] and of the :red[**bad**] outcomes are known by the age of a request"
                )
                st.plotly_chart(
                    delays(found.delays),
                    key="delays",
                    config={"displayModeBar": False},
                    alt=f"Share of good and of bad outcomes of {slo.slo} that are known by age",
                )


def _facts(found: Estimate, slo: SloStatus) -> Iterator[str]:
    yield (
        f"Bad in all: {wording.count(round(found.bad))}, between {wording.count(round(found.bad_interval[0]))} and "
        f"{wording.count(round(found.bad_interval[1]))} (95 %); counted so far {wording.count(slo.bad or 0)}."
    )
    if found.delay_bias:
        yield _bias(found)
    error = (
        f", off by {wording.percent(found.backtest_error, 2)} on average on days that are settled"
        if found.backtest_error is not None
        else ""
    )
    if found.method == "calibration" and found.backtest_error is None:
        yield "No label tests the confidences: they are taken at their word."
        return
    yield f"The unlabelled part is judged by {proof.METHODS.get(found.method, found.method)}{error}."
    yield from _label_free(found, slo)
    if found.realised is not None and found.expected is not None:
        yield _gap(found, slo)


def _bias(found: Estimate) -> str:
    later = sum(p.bad - p.good for p in found.delays) <= 0
    words = f"Delay bias: bad outcomes are labelled {'later' if later else 'sooner'} than good ones"
    if found.delay_gap:
        words += f" (up to {wording.percent(found.delay_gap)} fewer of {'them' if later else 'the good'} at one age)"
    return f"{words}; the labelled part looks {'better' if later else 'worse'} than all are."


def _label_free(found: Estimate, slo: SloStatus) -> Iterator[str]:
    methods = (("calibrated confidence", found.calibration), ("the feature surrogate", found.surrogate))
    known = [f"{name} {wording.sli(value, slo.objective)}" for name, value in methods if value is not None]
    if known:
        verdict = (
            "**They contradict each other**: trust neither without labels. "
            if found.disagree and len(known) > 1
            else ""
        )
        yield f"Without labels, of all events: {' and '.join(known)} good. {verdict}".strip()


def _learnt(surrogate: SurrogateInfo) -> str:
    """From what the surrogate was learnt, or why there is none."""
    if surrogate.reason is not None:
        return f"There is no surrogate of the features: {surrogate.reason}."
    words = f"The surrogate was learnt from {wording.count(surrogate.rows)} labelled requests of the first days"
    if not surrogate.features:
        return f"{words}, of which too few were wrong to tell requests apart."
    return f"{words}, by {len(surrogate.features)} inputs."


def _gap(found: Estimate, slo: SloStatus) -> str:
    words = (
        f"What is labelled is {wording.sli(found.realised, slo.objective)} good where "
        f"{wording.sli(found.expected, slo.objective)} was expected"
    )
    if found.gap is not None and found.gap_interval is not None:
        low, high = found.gap_interval
        words += f": a gap of {_points(found.gap)} (95 %: {_points(low)} to {_points(high)})"
    meaning = {
        True: "; inputs no longer mean what they meant: **concept drift**.",
        False: "; no sign of concept drift.",
        None: ".",
    }
    return words + meaning[found.concept_drift]


def _points(share: float) -> str:
    return f"{share * 100:+.2f}{wording.NBSP}points".replace("-", "−")
