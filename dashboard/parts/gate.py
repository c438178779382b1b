"""May this model be deployed, why (not), and how a fix passes all the same."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import streamlit as st

from burnline.budgets.gate import Change, Condition, policy
from burnline.dashboard import reads, wording
from burnline.dashboard.parts.header import gate_badge
from burnline.errors import BurnlineError
from burnline.results import Decision, ModelStatus
from burnline.spec.model import Model

_CONDITIONS: dict[Condition, str] = {
    "exhausted": "a confirmed exhausted budget",
    "overspent": "overspending within noise",
    "paging": "a page",
    "burning": "a burn",
    "near": "near exhaustion",
    "no_data": "missing data",
}
_VERBS: dict[Decision, str] = {"block": "blocks features", "caution": "caution", "allow": "open"}
_CHANGES: dict[Change, str] = {"fix": "Reliability fix", "security": "Security fix"}
_SHOWN = 3
_CHANGE, _REASON, _ANSWER, _PROBLEM = "fix-change", "fix-reason", "fix-answer", "fix-problem"


def gate(model: ModelStatus, defined: Model | None, zone: ZoneInfo) -> None:
    """Draws the decision with every reason, worst first, the policy behind it, and whom or what to turn to."""
    with st.container(border=True, key="card-gate"):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.subheader("Deployment gate", anchor=False, width="content")
            gate_badge(model.gate.decision)
        st.markdown("\n".join(f"- {reason}" for reason in model.gate.reasons))
        st.caption(policy_line(model.tier))
        if defined is not None:
            _next(defined)
            _fix(model.model, zone)


def policy_line(tier: int | None) -> str:
    """The written policy of a tier in one line."""
    rules = policy()
    shown = rules.default_tier if tier is None else tier
    by_decision: dict[Decision, list[str]] = {}
    for condition in rules.decisions:
        by_decision.setdefault(rules.decide(condition, tier), []).append(_CONDITIONS[condition])
    said = [f"{', '.join(what)}: {_VERBS[decision]}" for decision, what in by_decision.items()]
    return f"Policy of tier {shown}: {'; '.join(said)}. Fixes pass with a reason. See docs/gate.md."


def _next(defined: Model) -> None:
    with st.container(horizontal=True, gap="small"):
        if defined.remediation and defined.remediation.startswith(("https://", "http://")):
            st.markdown(f":material/menu_book: [Runbook]({defined.remediation})", width="content")
        if defined.owner:
            owner = f"[{defined.owner}](mailto:{defined.owner})" if "@" in defined.owner else defined.owner
            st.markdown(f":material/person: {owner}", width="content")


@st.fragment
def _fix(model: str, zone: ZoneInfo) -> None:
    """A fix passes with a reason that is recorded; the newest that did are listed."""
    with st.popover("Deploy a fix", icon=":material/build:"), st.form("fix", border=False):
        st.segmented_control(
            "Kind of change",
            list(_CHANGES),
            default="fix",
            format_func=lambda c: _CHANGES[c],
            required=True,
            key=_CHANGE,
        )
        st.text_area("Reason", placeholder="What it mends, and where that is written", max_chars=4000, key=_REASON)
        st.text_input("Your name", key="who", persist_state="session", icon=":material/person:")
        st.form_submit_button("Record and pass", type="primary", on_click=_record, args=(model,))
    if answer := st.session_state.pop(_ANSWER, None):
        st.success(answer, icon=":material/check_circle:")
    if problem := st.session_state.pop(_PROBLEM, None):
        st.warning(problem, icon=":material/edit_note:")
    passed = reads.overrides(model)
    for one in reversed(passed[-_SHOWN:]):
        kind = _CHANGES.get(one.change, one.change)  # type: ignore[call-overload]
        st.markdown(
            f":small[:material/build: **{kind}** passed ({wording.DECISIONS[one.decision].label} for features): "
            f"{one.reason}]  \n:gray[:small[{one.by} · {wording.moment(one.at, zone)}]]"
        )
    if len(passed) > _SHOWN:
        st.caption(f"and {len(passed) - _SHOWN} earlier")


def _record(model: str) -> None:
    """Puts the fix on record; what went wrong is said in the next run."""
    by = str(st.session_state["who"]).strip()
    if not by:
        st.session_state[_PROBLEM] = "Write your name: it stands beside the reason."
        return
    change: Change = st.session_state[_CHANGE]
    try:
        answer = reads.workspace().gate(model, change=change, reason=st.session_state[_REASON], by=by)
    except BurnlineError as error:
        st.session_state[_PROBLEM] = str(error).replace("; add --reason", "; write one")
        return
    st.session_state[_REASON] = ""
    st.session_state[_ANSWER] = f"Recorded: {answer.reasons[0]}"
