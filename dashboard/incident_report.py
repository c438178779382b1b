"""One incident as Markdown, under the headings of a postmortem.

The headings are those of the example postmortem of the Site Reliability Engineering book (appendix D). What
the data know is filled in; what only people know is left for them, and marked so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import polars as pl

from burnline.alerts.incidents import POSTMORTEM
from burnline.dashboard import wording
from burnline.dashboard.incident_case import Case, detected_after, lasted, slos_by_cost
from burnline.dashboard.incident_words import (
    LIKENESS,
    STATES,
    STATUSES,
    apart,
    change_name,
    headline,
    preceded,
    share,
)
from burnline.dashboard.parts.alert_words import SEVERITIES, chance
from burnline.results import Alert, Incident

_BLANK = "_to be filled in_"


def report(case: Case, slices: Mapping[str, pl.DataFrame]) -> str:
    """The whole of an incident; `slices` are the segments of each SLO (dimension, value, valid, bad, ...)."""
    one = case.incident
    parts = [
        f"# Incident {one.id}: {one.model}, {wording.TRACKS[one.track].lower()} track",
        _facts(case),
        "## Summary",
        _sentences(headline(case), preceded(case)),
        "## Impact",
        _impact(case),
        *_slices(slices),
        "## Detection",
        _detection(case),
        "## Timeline",
        _timeline(case),
        "## Lessons learned",
        f"### What went well\n\n{_BLANK}",
        f"### What went wrong\n\n{_BLANK}",
        f"### Where we got lucky\n\n{_BLANK}",
        "## Action items",
        _rows(("Action item", "Type", "Owner", "Ticket"), [(_BLANK, "", "", "")]),
        "## Notes",
        _notes(case),
        "## Similar past incidents",
        _similar(case),
    ]
    return "\n\n".join(parts) + "\n"


def file_name(incident: Incident) -> str:
    """`incident-2026-11-13-payment-router-9ef32e422fd7.md`."""
    model = re.sub(r"[^A-Za-z0-9._-]+", "-", incident.model)
    return f"incident-{incident.started_at:%Y-%m-%d}-{model}-{incident.id}.md"


def _facts(case: Case) -> str:
    one = case.incident
    ended = wording.moment(one.ended_at, case.zone) if one.ended_at else "still open"
    due = f"required: over {share(POSTMORTEM)} of a budget spent" if one.postmortem_required else "optional"
    facts = [
        ("Status", f"{STATES[one.state].word}, {STATUSES[one.status].lower()}"),
        ("Severity", SEVERITIES[one.severity].word),
        ("Postmortem", due),
        ("Started", wording.moment(one.started_at, case.zone)),
        ("Detected", wording.moment(one.detected_at, case.zone)),
        ("Ended", ended),
        ("As of", wording.moment(case.at, case.zone)),
        ("Authors", _BLANK),
    ]
    return "\n".join(f"- **{name}:** {value}" for name, value in facts)


def _sentences(*sentences: str | None) -> str:
    return "\n\n".join(s for s in sentences if s)


def _impact(case: Case) -> str:
    one = case.incident
    rows = [
        (
            slo,
            share(one.budget_spent[slo]),
            f"{wording.count(one.bad[slo])} {case.units.get(slo, 'events')}",
            wording.times(one.peak_burn[slo]),
        )
        for slo in slos_by_cost(one)
        if slo in one.budget_spent
    ]
    if not rows:
        return "No figures: its SLOs are promised no more."
    return _rows(("SLO", "Budget spent", "Bad", "Peak burn (1 h)"), rows)


def _slices(slices: Mapping[str, pl.DataFrame]) -> Iterable[str]:
    for slo, segments in slices.items():
        rows = [
            (
                f"{dimension} {value}",
                wording.count(bad),
                wording.count(valid),
                wording.percent(of_bad),
                wording.percent(of),
            )
            for dimension, value, bad, valid, of_bad, of in segments.select(
                "dimension", "value", "bad", "valid", "share_of_bad", "share_of_valid"
            ).iter_rows()
        ]
        if rows:
            yield f"Bad events of {slo} by slice, on the whole days (UTC) the incident touches:"
            yield _rows(("Slice", "Bad", "Events", "Of the bad", "Of the traffic"), rows)


def _detection(case: Case) -> str:
    one = case.incident
    over = f"It was over after {wording.duration(lasted(one, case.at))}." if one.ended_at else "It is not over."
    lead = f"The first alert started {wording.duration(detected_after(one))} after the onset. {over}"
    rows = [_alert(alert, case) for alert in case.alerts]
    heads = ("Alert", "Fired", "Burn long / short", "Evidence", "Budget spent by then", "Resolved")
    return _sentences(lead, _rows(heads, rows))


def _alert(alert: Alert, case: Case) -> tuple[str, ...]:
    return (
        f"{SEVERITIES[alert.severity].word} {alert.slo} {alert.rule}",
        wording.moment(alert.started_at, case.zone),
        f"{wording.times(alert.burn_long)} / {wording.times(alert.burn_short)}",
        chance(alert.e_value),
        share(alert.budget_spent),
        wording.moment(alert.resolved_at, case.zone) if alert.resolved_at else "open",
    )


def _timeline(case: Case) -> str:
    """What the logs know, in order. That a change came before is not that it was the cause."""
    one = case.incident
    moments: list[tuple[datetime, str]] = [(one.started_at, "**Onset**: the burn begins")]
    for change in case.changes.iter_rows(named=True):
        note = f": {change['note']}" if change["note"] else ""
        moments.append((change["time"], f"{change_name(change)}{note} ({apart(change['time'], one)})"))
    for alert in case.alerts:
        name = f"{SEVERITIES[alert.severity].word} {alert.slo} {alert.rule}"
        moments.append((alert.started_at, f"{name} fires"))
        if alert.resolved_at:
            moments.append((alert.resolved_at, f"{name} resolves"))
    if one.ended_at:
        moments.append((one.ended_at, "**End**: the burn is over"))
    rows = [(wording.moment(at, case.zone), what) for at, what in sorted(moments, key=lambda m: m[0])]
    return _rows(("Time", "What"), rows)


def _notes(case: Case) -> str:
    if not case.incident.notes:
        return "None."
    return "\n\n".join(
        f"**{note.by or 'unknown'}**, {wording.moment(note.at, case.zone)}:\n\n"
        + "\n".join(f"> {line}" for line in note.text.splitlines())
        for note in case.incident.notes
    )


def _similar(case: Case) -> str:
    if not case.similar:
        return "None in the history."
    rows = [
        (
            other.id,
            f"{other.model}, {', '.join(other.slos)}",
            wording.moment(other.started_at, case.zone),
            wording.duration(lasted(other, case.at)),
            share(max(other.budget_spent.values(), default=0.0)),
        )
        for other in case.similar
    ]
    return _sentences(LIKENESS, _rows(("Incident", "Of", "Started", "Lasted", "Budget spent"), rows))


def _rows(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(_cell(cell) for cell in line)} |" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
