"""Reads one SLO of a Model file over the values its template gives."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import cast, get_args

from burnline.results import Budgeting, Track
from burnline.spec.document import Entry, Node, Scalar, from_plain
from burnline.spec.document import Mapping as MappingNode
from burnline.spec.errors import perhaps
from burnline.spec.expression import Expression, ExpressionError, parse_expression
from burnline.spec.fields import Flaw, Problems, Section, choice, count, text, texts, unit
from burnline.spec.kinds import COMMON, SliKind
from burnline.spec.model import Slo
from burnline.spec.read_window import read_window
from burnline.spec.units import UnitError, parse_objective, parse_percentage
from burnline.spec.windows import BUCKET, Duration, parse_duration

_EXAMPLES = {
    "metric": "cpu_percent",
    "at": "10",
    "features": "[f_amount]",
    "all": "[availability, latency]",
    "good": '"b_revenue > 0"',
    "valid": '"status < 500"',
    "min_rows": "30",
}

_THRESHOLDS = {"ms": "100ms", "s": "5m", "/s": "5/s"}


def read_slo(
    name: str,
    entry: Entry,
    defaults: Mapping[str, Mapping[str, object]],
    kinds: Mapping[str, SliKind],
    problems: Problems,
    timezone: str,
) -> Slo | None:
    """Read one SLO; keys left out come from ``defaults`` of its SLI. None when (noted) wrong."""
    before = len(problems.found)
    section = _section(name, entry, problems)
    kind = _kind(name, section, kinds) if len(problems.found) == before else None
    if kind is None:
        return None
    section.only([*COMMON, *kind.parameters])
    inherited = from_plain(dict(defaults.get(kind.name, {})))
    if isinstance(inherited, MappingNode):
        section.entries = {**inherited.entries, **section.entries}

    objective = section.need("objective", unit(parse_objective), "99%")
    window = read_window(section, timezone)
    track = _track(section, kind)
    budgeting = _budgeting(section, kind)
    target, slice_window = _slices(section, kind, budgeting)
    for key in sorted(kind.required):
        if section.present(key) is None:
            example = _THRESHOLDS.get(kind.unit or "", "0.8") if key == "threshold" else _EXAMPLES[key]
            section.need(key, text, example)
    parse_threshold = kind.parse_threshold
    threshold = section.get("threshold", unit(parse_threshold)) if parse_threshold else None
    metric = section.get("metric", text)
    at = section.get("at", count)
    features = section.get("features", _features)
    members = section.get("all", texts, ())
    good = section.get("good", _expression)
    valid = section.get("valid", _expression)
    min_rows = section.get("min_rows", count, 30)
    if objective is None or window is None or len(problems.found) > before:
        return None
    return Slo(
        name=name,
        sli=kind.name,
        track=track,
        objective=objective,
        window=window,
        budgeting=budgeting,
        threshold=threshold,
        metric=metric,
        at=at,
        features=features,
        all=members,
        good=good,
        valid=valid,
        min_rows=min_rows,
        time_slice_target=target,
        time_slice_window=slice_window,
        line=entry.line,
    )


def _section(name: str, entry: Entry, problems: Problems) -> Section:
    if isinstance(entry.value, Scalar) and entry.value.value is None:
        entry = Entry(MappingNode({}, entry.line), entry.line)
    elif isinstance(entry.value, Scalar):
        text = f"slos.{name}: must be a mapping such as {{objective: 99%}}, or false to remove it"
        problems.add(entry.line, text)
        entry = Entry(MappingNode({}, entry.line), entry.line)
    return Section(entry, f"slos.{name}", problems)


def _kind(name: str, section: Section, kinds: Mapping[str, SliKind]) -> SliKind | None:
    named = section.get("sli", choice(kinds.keys()))
    if section.present("sli") is not None and named is None:
        return None
    if name in kinds:
        if named is not None and named != name:
            line = section.line_of("sli")
            section.flaw(line, f"'{name}' is the SLI of this SLO; give it another name", "sli")
            return None
        return kinds[name]
    if named is not None:
        return kinds[named]
    if section.present("good") is not None and "custom" in kinds:
        return kinds["custom"]
    hint = perhaps(name, kinds, "an SLO with a name of its own needs sli: or good:")
    section.problems.add(section.line, f"unknown SLI '{name}' in slos{hint}")
    return None


def _track(section: Section, kind: SliKind) -> Track:
    track = cast("Track | None", section.get("track", choice(get_args(Track))))
    if "good" in kind.parameters:
        if section.present("track") is None:
            section.need("track", text, "model")
    elif track is not None and track != kind.track:
        line = section.line_of("track")
        section.flaw(line, f"{kind.name} charges the {kind.track} track, not {track}", "track")
    return track or kind.track


def _budgeting(section: Section, kind: SliKind) -> Budgeting:
    budgeting = section.get("budgeting", choice(get_args(Budgeting)), kind.budgeting)
    if kind.budgeting != "Occurrences" and budgeting != kind.budgeting:
        line = section.line_of("budgeting")
        section.flaw(line, f"{kind.name} is counted in slices; it takes {kind.budgeting}", "budgeting")
    return cast(Budgeting, budgeting)


def _slices(section: Section, kind: SliKind, budgeting: Budgeting) -> tuple[Decimal | None, Duration | None]:
    target = section.get("timeSliceTarget", unit(_slice_target))
    window = section.get("timeSliceWindow", unit(_slice_window))
    if kind.budgeting != "Occurrences":
        for key in ("timeSliceTarget", "timeSliceWindow"):
            if section.present(key) is not None:
                section.flaw(section.line_of(key), f"{kind.name} has slices of its own", key)
        return None, None
    if budgeting == "Timeslices" and section.present("timeSliceTarget") is None:
        section.need("timeSliceTarget", text, "95%")
    if budgeting != "Timeslices" and target is not None:
        section.flaw(section.line_of("timeSliceTarget"), "needs budgeting: Timeslices", "timeSliceTarget")
    if budgeting == "Occurrences" and window is not None:
        line = section.line_of("timeSliceWindow")
        section.flaw(line, "needs budgeting: Timeslices or RatioTimeslices", "timeSliceWindow")
    if budgeting != "Occurrences" and window is None:
        window = Duration(count=5, unit="m")
    return target, window


def _slice_target(value: object) -> Decimal:
    target = parse_percentage(value)
    if not 0 < target <= 1:
        raise UnitError(f"{value} is not above 0% and up to 100%")
    return target


def _slice_window(value: object) -> Duration:
    duration = parse_duration(value)
    if not duration.is_fixed or duration.fixed % BUCKET:
        raise UnitError(f"{duration} is not a multiple of 5m")
    return duration


def _features(node: Node) -> tuple[str, ...]:
    names = texts(node)
    for name in names:
        if not name.startswith("f_"):
            raise Flaw(node.line, f"'{name}' is not a feature column; did you mean 'f_{name}'?")
    return names


def _expression(node: Node) -> Expression:
    try:
        return parse_expression(text(node))
    except ExpressionError as error:
        raise Flaw(node.line, error.sentence) from None
