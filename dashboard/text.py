"""Answers as text for a terminal: aligned tables, states as words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

if TYPE_CHECKING:
    from burnline.onboarding import InitReport
    from burnline.results import (
        Alert,
        Alerts,
        CheckReport,
        FleetStatus,
        Forecast,
        GateStatus,
        Incident,
        Incidents,
        IngestReport,
        ModelStatus,
        Replay,
        ReplayFigures,
        SloStatus,
        TrackStatus,
    )

BLANK = "–"
COLOURS = {
    "healthy": "green",
    "allow": "green",
    "at_risk": "yellow",
    "caution": "yellow",
    "burning": "red",
    "breached": "red",
    "infrastructure": "red",
    "silent_model_failure": "red",
    "both": "red",
    "block": "red",
    "page": "red",
    "ticket": "yellow",
    "confirmed_breach": "red",
    "confirmed_ok": "green",
}
FEW_MODELS = 3


def word(state: str) -> str:
    """A state, verdict or decision as words, in its colour."""
    return click.style(state.replace("_", " "), fg=COLOURS.get(state), dim=state == "no_data" or None)


def percent(fraction: float | None, digits: int = 1) -> str:
    """A fraction in percent with at most `digits` + 1 decimals, enough not to round a miss up to 100 %."""
    if fraction is None:
        return BLANK
    text = f"{fraction:.{digits}%}"
    if text == f"{1:.{digits}%}" and fraction != 1:
        text = f"{fraction:.{digits + 2}%}"
    return text.replace("%", " %")


def number(value: float | None) -> str:
    """A count with thousands separators; weighted counts keep one decimal when they are no integer."""
    if value is None:
        return BLANK
    return f"{value:,.0f}" if value == round(value) else f"{value:,.1f}"


def rate(value: float | None) -> str:
    """A burn rate: how many times faster than sustainable."""
    return BLANK if value is None else f"{value:.1f}" if value < 100 else f"{value:,.0f}"


def table(header: Sequence[str], rows: Iterable[Sequence[str]], *, right: frozenset[int] = frozenset()) -> str:
    """Aligned columns; those in `right` are flush right. Colours do not count as width."""
    lines = [[click.style(cell, dim=True) for cell in header], *map(list, rows)]
    widths = [max(len(click.unstyle(line[i])) for line in lines) for i in range(len(header))]

    def pad(cell: str, i: int) -> str:
        space = " " * (widths[i] - len(click.unstyle(cell)))
        return space + cell if i in right else cell + space

    return "\n".join("  ".join(pad(cell, i) for i, cell in enumerate(line)).rstrip() for line in lines)


def fleet(status: FleetStatus, *, detailed: bool) -> str:
    """The status of a workspace: every SLO when `detailed` or when there are few models, else a line per model."""
    zone = ZoneInfo(status.timezone)
    head = f"{click.style(status.workspace or 'workspace', bold=True)}  as of {_time(status.at, zone)}"
    if not status.models:
        return f"{head}\nNo models yet: run `burnline ingest`."
    if detailed or len(status.models) <= FEW_MODELS:
        return "\n\n".join([head, *map(_model, status.models)])
    rows = [
        [
            m.model,
            m.type or BLANK,
            number(m.tier),
            word(m.verdict),
            *_track(m.tracks.infrastructure),
            *_track(m.tracks.model),
            word(m.gate.decision),
        ]
        for m in status.models
    ]
    header = ["model", "type", "tier", "verdict", "infrastructure", "bound by", "model track", "bound by", "deploy"]
    listing = table(header, rows, right=frozenset({2, 4, 6}))
    return f"{head}\n\n{listing}\n\nBoth budgets as what is left of them. `burnline status MODEL` shows every SLO."


def gate(model: str, answer: GateStatus) -> str:
    """May this model be deployed, and why."""
    return "\n".join([f"{model}: {word(answer.decision)}", *(f"  {reason}" for reason in answer.reasons)])


def alerts(found: Alerts, zone: ZoneInfo) -> str:
    """What fires now, then what fired before, newest first."""
    if not len(found):
        return "No alert has fired over the whole history."
    firing = [alert for alert in found if alert.resolved_at is None]
    header = ["severity", "model", "slo", "rule", "started", "resolved", "long", "short", "spent", "id"]
    parts = [f"{len(firing)} firing, {len(found) - len(firing)} resolved"]
    for name, part in (("firing", firing), ("resolved", [a for a in found if a.resolved_at is not None])):
        if part:
            newest = sorted(part, key=lambda a: a.started_at, reverse=True)
            listing = table(header, (_alert(a, zone) for a in newest), right=frozenset({6, 7, 8}))
            parts.append(f"{click.style(name, bold=True)}\n{listing}")
    return "\n\n".join(parts)


def _alert(alert: Alert, zone: ZoneInfo) -> list[str]:
    said = alert.silenced or (f"acknowledged by {alert.acknowledged_by}" if alert.acknowledged_by else None)
    return [
        word(alert.severity),
        alert.model,
        alert.slo,
        alert.rule,
        _time(alert.started_at, zone),
        _time(alert.resolved_at, zone) if alert.resolved_at else said or "firing",
        rate(alert.burn_long),
        rate(alert.burn_short),
        percent(alert.budget_spent, 0),
        alert.id,
    ]


def incidents(found: Incidents, zone: ZoneInfo) -> str:
    """Incidents, newest first."""
    if not len(found):
        return "No incident over the whole history."
    header = ["state", "severity", "model", "track", "started", "detected", "ended", "budget spent", "postmortem", "id"]
    return table(header, (_incident(i, zone) for i in found))


def _incident(incident: Incident, zone: ZoneInfo) -> list[str]:
    spent = ", ".join(f"{slo} {percent(share, 0)}" for slo, share in incident.budget_spent.items())
    return [
        click.style(incident.state, fg="red" if incident.state == "open" else None),
        word(incident.severity),
        incident.model,
        incident.track,
        _time(incident.started_at, zone),
        _time(incident.detected_at, zone),
        _time(incident.ended_at, zone) if incident.ended_at else "lasts",
        spent,
        "required" if incident.postmortem_required else BLANK,
        incident.id,
    ]


def replay(found: Replay, zone: ZoneInfo) -> str:
    """Raw rules beside the rules gated by evidence, then the alerts."""
    header = ["", "alerts", "pages", "tickets", "per week", "precision", "recall", "detection", "reset", "firing"]
    figures = [
        ["burn rate alone", *_figures(found.raw)],
        ["with evidence", *_figures(found.gated)],
    ]
    span = f"{_time(found.from_, zone)} to {_time(found.to, zone)}"
    lines = [
        f"{click.style(found.model, bold=True)} · {found.slo}  objective {percent(found.objective)}  {span}",
        f"evidence at alpha {found.alpha:g}, over-dispersion {found.overdispersion:.1f}, true burns {len(found.burns)}",
        "",
        table(header, figures, right=frozenset(range(1, 10))),
    ]
    lines += [f"note: {warning}" for warning in found.warnings]
    if found.alerts:
        columns = ["severity", "model", "slo", "rule", "started", "resolved", "long", "short", "spent", "id"]
        lines += ["", table(columns, (_alert(a, zone) for a in found.alerts), right=frozenset({6, 7, 8}))]
    return "\n".join(lines)


def _figures(figures: ReplayFigures) -> list[str]:
    return [
        str(figures.alerts),
        str(figures.pages),
        str(figures.tickets),
        f"{figures.alerts_per_week:.1f}",
        percent(figures.precision, 0),
        percent(figures.recall, 0),
        _span(figures.detection),
        _span(figures.reset),
        percent(figures.firing_share, 1),
    ]


def _span(seconds: float | None) -> str:
    if seconds is None:
        return BLANK
    return f"{seconds / 60:,.0f} min" if seconds < 7200 else f"{seconds / 3600:,.1f} h"


def ingest(report: IngestReport) -> str:
    """What an ingest did, and every file it set aside."""
    lines = [
        f"{report.files_read:,} files read, {report.files_skipped:,} unchanged, {report.rows:,} rows "
        f"in {report.seconds:.1f} s; {report.duplicates:,} duplicates, "
        f"{report.labels_joined:,} labels joined, {report.labels_unmatched:,} unmatched"
    ]
    lines += [f"set aside: {file.path}: {file.reason}" for file in report.files_quarantined]
    lines += [f"note: {problem}" for problem in report.problems]
    return "\n".join(lines)


def init(report: InitReport) -> str:
    """What was written for each model and what could not be promised, and what to do next."""
    lines = [f"{report.directory}: a workspace with {len(report.models)} models"]
    for model in report.models:
        lines += ["", f"{click.style(model.model, bold=True)}  {model.type}, tier {model.tier}  {model.file}"]
        lines.append(f"  promised: {', '.join(model.slos) or 'nothing'}")
        lines += [f"  left out: {item.sli}: {item.reason}" for item in model.left_out]
    lines += [f"passed over: {problem}" for problem in report.problems]
    return "\n".join([*lines, "", f"Next: burnline -w {report.directory} ingest"])


def check(report: CheckReport) -> str:
    """What a file is, what it can answer, and what is wrong with it."""
    recognised = f"{report.format} ({percent(report.confidence, 0)} sure)" if report.format else "format not recognised"
    span = f", {report.from_.isoformat()} to {report.to.isoformat()}" if report.from_ and report.to else ""
    lines = [
        click.style(report.path, bold=True),
        f"  {recognised}; {report.rows:,} rows{span}",
        f"  models: {', '.join(report.models) or 'none'}",
        f"  SLIs possible: {', '.join(report.possible) or 'none'}",
    ]
    renamed = {name: raw for name, raw in report.mapping.items() if name != raw}
    if renamed:
        lines.append("  mapping: " + ", ".join(f"{name} = {raw}" for name, raw in renamed.items()))
    lines += [f"  not possible: {item.sli}: {item.reason}" for item in report.impossible]
    lines += [f"  problem: {sentence}" for sentence in report.problems]
    return "\n".join(lines)


def _time(at: datetime | None, zone: ZoneInfo) -> str:
    return "no data" if at is None else at.astimezone(zone).strftime("%Y-%m-%d %H:%M %Z")


def _track(track: TrackStatus) -> list[str]:
    if track.budget_remaining is None:
        return [word(track.state), track.binding_slo or BLANK]
    left = click.style(percent(track.budget_remaining), fg=COLOURS.get(track.state))
    return [left, track.binding_slo or BLANK]


def _model(model: ModelStatus) -> str:
    about = [model.type or "no type", f"tier {model.tier}" if model.tier else "no tier", model.owner]
    lines = [f"{click.style(model.model, bold=True)}  {', '.join(filter(None, about))}"]
    lines.append(f"verdict: {word(model.verdict)}   deploy: {word(model.gate.decision)}")
    lines += [f"  {reason}" for reason in model.gate.reasons]
    for name, track in (("infrastructure", model.tracks.infrastructure), ("model", model.tracks.model)):
        left, slo = _track(track)
        if track.budget_remaining is not None:
            left = f"{left} left, bound by {slo} ({word(track.state)})"
        lines.append(f"{name} budget: {left}")
    lines += [f"note: {note}" for note in model.notes]
    if model.slos:
        header = [
            "track",
            "slo",
            "value",
            "objective",
            "bad",
            "of",
            "known",
            "budget left",
            "bad left",
            "1h",
            "6h",
            "3d",
            "state",
        ]
        ordered = sorted(model.slos, key=lambda slo: slo.track)
        lines += ["", table(header, map(_slo, ordered), right=frozenset(range(2, 12)))]
        lines += _judged(ordered)
    return "\n".join(lines)


def _judged(slos: Sequence[SloStatus]) -> list[str]:
    """How sure each figure is and what comes next; then what a reader must know of them."""
    known = [slo for slo in slos if slo.evidence is not None]
    lines = []
    if known:
        header = ["slo", "95 % interval", "evidence", "to decide", "with late labels", "exhausted", "chance", "alerts"]
        lines += ["", table(header, map(_evidence, known), right=frozenset({1, 3, 4, 6}))]
    for slo in slos:
        if slo.raw is not None:
            lines.append(
                f"before corrections: {slo.slo} {percent(slo.raw.value, 2)}, {percent(slo.raw.budget_remaining)} left; "
                f"{'; '.join(slo.raw.reasons)}"
            )
        lines += [f"note: {slo.slo}: {note}" for note in slo.notes]
    return lines


def _evidence(slo: SloStatus) -> list[str]:
    evidence, estimate, forecast = slo.evidence, slo.estimate, slo.forecast
    assert evidence is not None
    late = BLANK
    if estimate is not None and estimate.waiting > 0:
        late = f"{percent(estimate.value, 2)} ({_limits(estimate.interval)})"
    exhausted = "" if forecast is None else _exhausted(slo, forecast)
    firing = [f"{word(a.severity)} {a.rule}" for a in slo.alerts]
    return [
        slo.slo,
        _limits(evidence.interval),
        word(evidence.verdict),
        BLANK if evidence.events_to_decide is None else f"{float(f'{evidence.events_to_decide:.2g}'):,.0f}",
        late,
        exhausted or BLANK,
        BLANK if forecast is None else percent(forecast.probability, 0) if forecast.probability >= 0.01 else "< 1 %",
        ", ".join(firing) or BLANK,
    ]


def _exhausted(slo: SloStatus, forecast: Forecast) -> str:
    """Already, or the day of the median future with its 80 % interval."""
    if slo.budget_remaining is not None and slo.budget_remaining < 0:
        return "already"
    if forecast.exhausts_at is None:
        return ""
    first, last = forecast.interval_80 or (None, None)
    span = f" ({_day(first)} to {_day(last) if last else 'later'})" if first else ""
    return f"{_day(forecast.exhausts_at)}{span}"


def _day(at: datetime) -> str:
    return f"{at.day} {at:%b}"


def _limits(limits: tuple[float, float]) -> str:
    low, high = (percent(value, 2) for value in limits)
    return f"{low.removesuffix(' %')} to {high}"


def _slo(slo: SloStatus) -> list[str]:
    left = None if slo.budget_total is None or slo.bad is None else slo.budget_total - slo.bad
    state = word(slo.state) if not slo.reason else f"{word(slo.state)}: {slo.reason}"
    return [
        slo.track,
        slo.slo,
        percent(slo.value, 2),
        percent(slo.objective),
        number(slo.bad),
        number(slo.total),
        percent(slo.coverage, 0),
        percent(slo.budget_remaining),
        BLANK if left is None else f"{left:,.0f}",
        *(rate(slo.burn_rates.get(window)) for window in ("1h", "6h", "3d")),
        state,
    ]
