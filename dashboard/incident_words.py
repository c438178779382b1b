"""Incidents in words: the sentences, and the marks of their states."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from burnline.alerts.incidents import POSTMORTEM
from burnline.dashboard import wording
from burnline.dashboard.incident_case import (
    Case,
    by_need,
    cost,
    costliest,
    detected_after,
    elapsed,
    lasted,
    slos_by_cost,
)
from burnline.dashboard.wording import Mark
from burnline.records.entries import IncidentStatus
from burnline.results import Incident

STATES: dict[Literal["open", "resolved"], Mark] = {
    "open": Mark("Open", ":material/local_fire_department:", "red"),
    "resolved": Mark("Resolved", ":material/check_circle:", "green"),
}
REQUIRED = Mark("Postmortem required", ":material/edit_document:", "orange")
STATUSES: dict[IncidentStatus, str] = {
    "new": "New",
    "investigating": "Investigating",
    "mitigated": "Mitigated",
    "closed": "Closed",
}
LIKENESS = "Alike: the same model and track first, then the same SLO of another model."


def title(incidents: Sequence[Incident]) -> str:
    """How many are open, and of which track."""
    going = [i for i in incidents if i.state == "open"]
    if not going:
        return "No incident is open"
    service = sum(i.track == "infrastructure" for i in going)
    answers = len(going) - service
    parts = [f"{n} {word}" for n, word in ((service, "infrastructure"), (answers, "model")) if n]
    opening = "1 incident is open" if len(going) == 1 else f"{len(going)} incidents are open"
    return f"{opening}: {' and '.join(parts)}"


def summary(incidents: Sequence[Incident], zone: ZoneInfo, at: datetime) -> str:
    """The worst one, and how many need a postmortem."""
    first = next(iter(by_need(incidents)), None)
    parts = []
    if first is not None and first.state == "open":
        parts.append(
            f"The worst is **{first.model} · {costliest(first)}**: since {wording.brief(first.started_at, zone)} "
            f"({wording.duration(lasted(first, at))}) it has spent {share(cost(first))} of its budget."
        )
    due = [i for i in incidents if i.postmortem_required]
    closed = sum(i.status == "closed" for i in due)
    rule = f"more than {share(POSTMORTEM)} of a budget"
    if due:
        spent = "1 incident spent" if len(due) == 1 else f"{len(due)} incidents spent"
        done = f"; {closed} of them closed" if closed else ""
        parts.append(f"{spent} {rule}: a postmortem is required{done}.")
    elif incidents:
        parts.append(f"None spent {rule}, which would require a postmortem.")
    return " ".join(parts)


def headline(case: Case) -> str:
    """What failed, since when, for how long, what it cost, when it was noticed; a manager reads this."""
    one, zone = case.incident, case.zone
    names = listed([f"**{slo}**" for slo in slos_by_cost(one)])
    length = wording.duration(lasted(one, case.at))
    if one.ended_at is None:
        opening = f"Since {wording.brief(one.started_at, zone)}, for {length} so far, {names} of {one.model}"
        verb = "has failed" if len(one.slos) == 1 else "have failed"
    else:
        same = one.started_at.astimezone(zone).date() == one.ended_at.astimezone(zone).date()
        ended = f"{one.ended_at.astimezone(zone):%H:%M}" if same else wording.brief(one.ended_at, zone)
        opening = f"From {wording.brief(one.started_at, zone)} to {ended}, for {length}, {names} of {one.model}"
        verb = "failed"
    costs = [
        f"{wording.count(one.bad[slo])} bad {case.units.get(slo, 'events')} spent **{share(one.budget_spent[slo])}** "
        f"of the {'budget' if len(one.slos) == 1 else f'{slo} budget'}"
        for slo in slos_by_cost(one)
        if slo in one.budget_spent
    ]
    told = f": {listed(costs)}" if costs else ""
    due = f" More than {share(POSTMORTEM)} of a budget: a postmortem is required." if one.postmortem_required else ""
    return f"{opening} {verb} more often than promised{told}. {noticed(one)}{due}"


def noticed(incident: Incident) -> str:
    """How long it took to see it."""
    after = detected_after(incident)
    return f"It was noticed {'at once' if after <= timedelta(0) else f'after {wording.duration(after)}'}."


def preceded(case: Case) -> str | None:
    """The last change before it: that it came before is all that is said."""
    change = case.preceding
    if change is None:
        return None
    when = change["time"]
    assert isinstance(when, datetime)
    note = f" ({change['note']})" if change["note"] else ""
    gap = elapsed(when, case.incident.started_at)
    placed = f"precedes it by {wording.duration(gap)}" if gap else "is on record for the minutes in which it began"
    return f"**{change_name(change)}**{note} {placed}."


def change_name(change: dict[str, object]) -> str:
    """A change by kind and version."""
    return " ".join(str(change[key]) for key in ("kind", "version") if change[key])


def apart(when: datetime, incident: Incident) -> str:
    """How long before or after the onset something happened."""
    gap = elapsed(incident.started_at, when)
    if gap == timedelta(0):
        return "as it began"
    return f"{wording.duration(abs(gap))} {'before it began' if gap < timedelta(0) else 'after it began'}"


def share(fraction: float) -> str:
    """A share of a budget, with a decimal where it is small."""
    return wording.percent(fraction, 1 if fraction < 0.1 else 0)


def listed(parts: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}" if parts else ""
