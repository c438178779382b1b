"""The tests of one column in a compact table: effect, how sure, on how much."""

from __future__ import annotations

from collections.abc import Iterator

import streamlit as st

from burnline.dashboard import drift_words, wording
from burnline.results.drift import Distribution, FeatureDrift


def tests(column: FeatureDrift, found: Distribution, threshold: float, when: str) -> None:
    """Draws the tests over the window, and what is missing, out of range or new; ``found`` are the values ``when``."""
    st.caption(
        f"Over the window: {wording.count(column.n)} rows against {wording.count(column.n_baseline)} of the baseline"
    )
    if rows := list(measured(column, threshold)):
        st.table(
            [{"Test": name, "Value": value, "How sure": sure} for name, value, sure in rows],
            border="horizontal",
            hide_index=True,
            alt=f"Tests of {column.feature}",
        )
    if shares := list(apart(column, found, when)):
        st.table(
            [{"Apart": name, "Then": then, "Now": now} for name, then, now in shares],
            border="horizontal",
            hide_index=True,
            alt=f"Missing, out of range and new values of {column.feature}",
        )


def measured(column: FeatureDrift, threshold: float) -> Iterator[tuple[str, str, str]]:
    """Name, value and proof of every test there is."""
    if column.psi is not None:
        yield "PSI", f"**{drift_words.psi(column.psi)}**", f"without chance; {threshold:g} counts"
    if column.psi_seasonal is not None:
        yield "PSI, same hours of the week", drift_words.psi(column.psi_seasonal), "a season is no drift"
    if column.psi_textbook is not None:
        yield "PSI, textbook", drift_words.psi(column.psi_textbook), "ten bins, chance included"
    if column.ks is not None:
        error = f" + at most {column.ks_error:.3f}" if column.ks_error else ""
        yield "Kolmogorov-Smirnov", f"{column.ks:.3f}{error}", f"p {drift_words.p_value(column.ks_p)}"
    if column.chi2 is not None:
        yield "Chi-square", f"{column.chi2:,.1f}", f"p {drift_words.p_value(column.chi2_p)}"
    if column.wasserstein is not None:
        yield "Wasserstein", drift_words.number(column.wasserstein), "in the unit of the column"
    if column.js is not None:
        yield "Jensen-Shannon", f"{column.js:.3f}", "distance, base 2"
    if column.effect is not None:
        name = "Shift of the mean" if column.kind == "numeric" else "Cramér's V"
        yield name, f"{column.effect:+.2f} sd" if column.kind == "numeric" else f"{column.effect:.2f}", "effect size"
    if column.p_adjusted is not None:
        yield "All columns at once", f"p {drift_words.p_value(column.p_adjusted)}", "Benjamini-Hochberg"
    if column.p_block is not None:
        yield "Whole days permuted", f"p {drift_words.p_value(column.p_block)}", "days differ among themselves"


def apart(column: FeatureDrift, found: Distribution, when: str) -> Iterator[tuple[str, str, str]]:
    """Shares of what has no place among the known values, over the window and ``when``."""
    window = when == "over the window"
    if not window:
        yield f"Missing {when}", wording.percent(found.nulls[0], 2), wording.percent(found.nulls[1], 2)
    for name, (then, now) in (("Missing", column.nulls), ("Out of range", column.outside)):
        if then is not None or now is not None:
            yield name if window else f"{name} over the window", wording.percent(then, 2), wording.percent(now, 2)
    if column.unseen is not None:
        yield "Never seen before", wording.percent(0.0, 2), wording.percent(column.unseen, 2)
