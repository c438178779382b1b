"""What alert rules would have done: the policy editor, and rules alone beside rules with evidence."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

import streamlit as st

from burnline.alerts.policy import policy
from burnline.budgets.burn_rules import Rule, rules
from burnline.dashboard import reads, wording
from burnline.dashboard.charts.alert_replay import replay_figure
from burnline.errors import BurnlineError
from burnline.results import ModelStatus, Replay, ReplayFigures, SloStatus

_PICK, _GOAL, _LIMIT, _ALPHA, _RULES = "replay", "goal", "limit", "alpha", "rules"
_OF = "replay-of"


@dataclass(frozen=True)
class Subject:
    """One SLO of a model, by the name of its option."""

    model: ModelStatus
    slo: SloStatus

    @property
    def name(self) -> str:
        """How it stands in the address."""
        return f"{self.model.model}/{self.slo.slo}"


@st.fragment
def alert_replay(models: Sequence[ModelStatus], first: tuple[str, str] | None, zone: ZoneInfo, many: int) -> None:
    """Draws editor and result; they rerun alone. `first` is what to begin with, `many` the SLOs of the fleet."""
    known = {s.name: s for s in (Subject(m, slo) for m in models for slo in m.slos if slo.total is not None)}
    if not known:
        return
    with st.container(border=True, key="card-replay"):
        st.subheader("Replay: what would other rules have done?", anchor=False)
        subject = known[_pick(known, "/".join(first) if first else None, many)]
        settings = _editor(subject, known, many)
        try:
            with st.spinner(f"Replaying {subject.name} …"):
                found = reads.replay(subject.model.model, subject.slo.slo, settings)
                arrived = reads.arrived(subject.model.model, subject.slo.slo, settings)
        except BurnlineError as error:
            st.error(str(error).removeprefix("--set "), icon=":material/error:")
            return
        for warning in found.warnings:
            st.markdown(f":orange[:material/warning:] {warning}")
        st.markdown(f":violet[:material/compare_arrows:] {sentence(found)}")
        left, right = st.columns([4, 6], gap="medium")
        with left:
            st.table(comparison(found), border="horizontal", hide_index=True, alt="Rules alone beside with evidence")
        with right:
            st.plotly_chart(
                replay_figure(found, arrived, zone),
                key="replay-figure",
                config={"displayModeBar": False},
                alt=f"Burn of {subject.name} over time, its true burns, and when rules alone and with evidence alerted",
            )
            st.caption(
                "Burn as it became known, on a logarithmic scale; at 1× (dotted) the budget lasts exactly. "
                "Shaded: true burns, judged in hindsight. "
                f"{wording.moment(found.from_, zone)} to {wording.moment(found.to, zone)}."
            )


def sentence(found: Replay) -> str:
    """What the evidence changes, in words."""
    weeks = (found.to - found.from_) / timedelta(days=7)
    burns = len(found.burns)

    def alerts(figures: ReplayFigures) -> str:
        return f"{figures.alerts} alert{'' if figures.alerts == 1 else 's'}"

    if not found.raw.alerts and not found.gated.alerts:
        return f"Nothing would have fired in {weeks:.0f} weeks, with or without evidence; true burns: {burns}."
    found_by = (
        ""
        if not burns
        else f" Of {burns} true burn{'' if burns == 1 else 's'} "
        + (f"the rules alone find {_share(found.raw.recall)} and with evidence {_share(found.gated.recall)}.")
    )
    return (
        f"In {weeks:.0f} weeks the rules alone would have sent **{alerts(found.raw)}** "
        f"({found.raw.alerts_per_week:.1f} a week), with evidence **{alerts(found.gated)}** "
        f"({found.gated.alerts_per_week:.1f} a week).{found_by}"
    )


def comparison(found: Replay) -> list[dict[str, str]]:
    """A row per figure: its name, for the rules alone, with evidence."""
    shown: tuple[tuple[str, Callable[[ReplayFigures], str]], ...] = (
        ("Alerts", lambda f: str(f.alerts)),
        ("Pages", lambda f: str(f.pages)),
        ("Tickets", lambda f: str(f.tickets)),
        ("Alerts a week", lambda f: f"{f.alerts_per_week:.1f}"),
        ("Precision: alerts on a true burn", lambda f: _share(f.precision)),
        ("Recall: true burns alerted", lambda f: _share(f.recall)),
        ("Detection, median", lambda f: _time(f.detection)),
        ("Reset after the burn, median", lambda f: _time(f.reset)),
        ("Budget spent when fired, median", lambda f: wording.percent(f.budget_spent, 1)),
        ("Share of time firing", lambda f: wording.percent(f.firing_share, 1)),
    )
    return [
        {" ": name, "Rules alone": show(found.raw), "With evidence": f"**{show(found.gated)}**"} for name, show in shown
    ]


def written(pairs: Sequence[Rule]) -> str:
    """Rules as the editor and the command line write them."""
    return ", ".join(f"{rule.severity} {rule.threshold:g} {rule.long}/{rule.short}" for rule in pairs)


def default_rules(subject: Subject, many: int) -> tuple[str, float]:
    """The rules and alpha that the tier of the model has in force."""
    applied = policy(subject.model.tier or 2, many)
    length = subject.slo.window.ends_at - subject.slo.window.from_
    return written(applied.apply(rules(length))), applied.alpha


def _pick(known: Mapping[str, Subject], first: str | None, many: int) -> str:
    """The SLO of the address; another place of the page begins with its own."""
    names = list(known)
    if first in names and st.session_state.get(_OF) not in (None, first):
        st.session_state[_PICK] = first
        _forget(known, many)
    st.session_state[_OF] = first
    index = names.index(first) if first in names else 0
    return st.selectbox(
        "Of which SLO",
        names,
        index=index,
        key=_PICK,
        bind="query-params",
        width=340,
        on_change=_forget,
        args=(known, many),
    )


def _forget(known: Mapping[str, Subject], many: int) -> None:
    """Another SLO begins with its own promise and rules."""
    for key in (_GOAL, _LIMIT, _ALPHA):
        if key in st.session_state:
            st.session_state[key] = ""
    st.session_state[_RULES] = default_rules(known[st.session_state[_PICK]], many)[0]


def _editor(subject: Subject, known: Mapping[str, Subject], many: int) -> dict[str, str]:
    """Draws what can be tried; what differs from what is in force."""
    in_force, alpha = default_rules(subject, many)
    slo = subject.slo
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        goal = st.text_input(
            f"Objective · promised {wording.objective(slo.objective)}",
            key=_GOAL,
            bind="query-params",
            placeholder=wording.objective(slo.objective),
            width=200,
        )
        limit = ""
        if slo.threshold is not None:
            limit = st.text_input(
                f"Threshold · promised {wording.threshold(slo.threshold, slo.unit)}",
                key=_LIMIT,
                bind="query-params",
                placeholder=wording.threshold(slo.threshold, slo.unit),
                width=200,
            )
        level = st.text_input(
            "Alpha · chance of a false alarm",
            key=_ALPHA,
            bind="query-params",
            placeholder=f"{alpha:g}",
            width=200,
            help="Of one SLO in 30 days, however often one looks",
        )
        tried = st.text_input(
            "Rules · severity, burn rate, long/short window",
            value=in_force,
            key=_RULES,
            bind="query-params",
            width=420,
            help="Separate rules by commas. Those of the tier of the model are in force.",
        )
        moved = bool(goal or limit or level or tried.strip() != in_force)
        st.button(
            "Reset",
            icon=":material/restart_alt:",
            key="reset-replay",
            disabled=not moved,
            on_click=_forget,
            args=(known, many),
        )
    wanted = {"objective": _percentage(goal), "threshold": limit.replace("\u00a0", ""), "alpha": level}
    settings = {key: value.strip() for key, value in wanted.items() if value.strip()}
    if tried.strip() != in_force:
        settings["rules"] = tried.strip()
    return settings


def _percentage(text: str) -> str:
    """`98.5` as people mean it: per cent."""
    plain = text.replace("\u00a0", "").strip()
    return f"{plain}%" if plain and not plain.endswith("%") else plain


def _share(value: float | None) -> str:
    return wording.percent(value)


def _time(seconds: float | None) -> str:
    return wording.NONE if seconds is None else wording.duration(timedelta(seconds=seconds))
