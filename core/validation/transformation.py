"""Stage transformation: did a step on the way change what the values mean?"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from burnline.results.validation import Check
from burnline.spec.quoting import quote_identifier
from burnline.validation.case import Case
from burnline.validation.infer import never_negative
from burnline.validation.profile import NumberProfile, Quartiles, is_answer, mode_of, segment_quartiles, segments_of
from burnline.validation.rules import Rule, apply, share, verdict
from burnline.validation.source import ALWAYS, Condition, chunks
from burnline.validation.sums import MOJIBAKE, finite, fold, sample

UNITS: Mapping[float, tuple[str, str]] = {
    10.0: ("millimetres", "centimetres"),
    60.0: ("minutes", "hours"),
    100.0: ("percent", "shares"),
    1_000.0: ("metres", "kilometres"),
    3_600.0: ("seconds", "hours"),
    86_400.0: ("seconds", "days"),
    1e6: ("microseconds", "seconds"),
}
# All quartiles must move by the same factor, which a change of the world hardly does.
_NEAR = math.log(1.25)
_ENOUGH = 100
_STUCK = 0.2
_CHUNK = 40
_SHARE_OF_WHOLE = 0.5
# Values that are one all day long on some day of the reference, such as a rate or a weekday.
_SAME_ALL_DAY = 0.95


def transformation(case: Case) -> list[Check]:
    """All checks of the stage, of features, segments and business metrics."""
    names = [n for n in case.numbers if not is_answer(n) and n not in ("latency_ms", "status")]
    found = [check for name in names for check in _constant_number(case, name)]
    rules = _sampled(case, names)
    # Another unit or one value only changes how many fractions there are as well.
    explained = {r.column for r in rules if r.check == "unit" and r.rows is None}
    explained |= {c.column for c in found if not c.passed}
    for name in names:
        rules += [*_finite(case, name), *_text_in_numbers(case, name), *_sign(case, name)]
        rules += _precision(case, name) if name not in explained else []
    for name in (n for n in case.texts if not is_answer(n)):
        rules += [*_variants(case, name), *_stuck_text(case, name)]
        found += _constant_text(case, name)
    return [*found, *apply(case.data, rules, end_us=case.end_us, tell=case.tell)]


def _finite(case: Case, name: str) -> list[Rule]:
    """Infinities and NaN, which no model means; only columns whose extremes show some are counted."""
    sums, x = case.numbers[name], quote_identifier(name)
    clean = all(v is None or math.isfinite(v) for v in (sums.low, sums.high))
    return [
        Rule(
            check="finite",
            column=name,
            broken=Condition(f"not isfinite({x})"),
            among=Condition(f"{x} is not null"),
            wrong="are infinite or not a number",
            fix=f"write null where {name} is unknown, and look for a division by zero",
            right="every value is finite",
            example=x,
            rows=sums.filled if clean else None,
            failed=0 if clean else None,
        )
    ]


def _text_in_numbers(case: Case, name: str) -> list[Rule]:
    if "text" not in case.data.kinds(name):
        return []
    x, raw = quote_identifier(name), quote_identifier(f"_text {name}")
    sums = case.numbers[name]
    return [
        Rule(
            check="text",
            column=name,
            broken=Condition(f"{x} is null"),
            among=Condition(f"{raw} is not null"),
            wrong="hold text that is no number",
            fix=f"let the step before write {name} as a number, or null where it is unknown",
            right="all text reads as numbers",
            example=raw,
            rows=sums.rows if not sums.lost else None,
            failed=0 if not sums.lost else None,
        )
    ]


def _reference(case: Case, name: str) -> NumberProfile | None:
    found = case.profile.numbers.get(name) if case.profile is not None else None
    return found if found is not None and found.filled >= _ENOUGH else None


def _sign(case: Case, name: str) -> list[Rule]:
    """Values below zero in a column that is never negative by its nature."""
    known, sums, x = _reference(case, name), case.numbers[name], quote_identifier(name)
    if known is None or not never_negative(known):
        return []
    clean = sums.low is None or sums.low >= 0
    return [
        Rule(
            check="sign",
            column=name,
            broken=Condition(f"{x} < 0 and isfinite({x})"),
            among=Condition(f"{x} is not null"),
            wrong="are below zero, which no value of the reference is",
            fix="look for a changed sign or a default such as -1",
            right="no value is below zero",
            example=x,
            rows=sums.filled if clean else None,
            failed=0 if clean else None,
        )
    ]


def _precision(case: Case, name: str) -> list[Rule]:
    """Whole numbers that got fractions, and fractions that were cut off."""
    known, sums, x = _reference(case, name), case.numbers[name], quote_identifier(name)
    rule = case.rule(name)
    integer = rule is not None and rule.type == "integer"
    if integer:
        broken, limit = sums.filled - sums.whole, 0.001
        words, condition = "have a fraction where whole numbers are expected", f"{x} <> floor({x})"
        fix, right = f"let the step before keep {name} whole, {case.edit('type')}", "all values are whole numbers"
    elif known is not None and known.whole < _SHARE_OF_WHOLE and known.low != known.high:
        broken, limit = sums.whole, min(1.0, max(3 * known.whole, known.whole + _SHARE_OF_WHOLE))
        words, condition = f"are whole numbers, in the reference {share(known.whole)} are", f"{x} = floor({x})"
        fix, right = "look for a step that rounds or casts to integers", "values are as precise as in the reference"
    else:
        return []
    return [
        Rule(
            check="precision",
            column=name,
            broken=Condition(f"isfinite({x}) and {condition}"),
            among=Condition(f"{x} is not null"),
            wrong=words,
            fix=fix,
            right=right,
            example=x,
            limit=limit,
            rows=None if broken > limit * max(sums.filled, 1) else sums.filled,
            failed=None if broken > limit * max(sums.filled, 1) else max(broken, 0),
        )
    ]


def _constant_number(case: Case, name: str) -> list[Check]:
    known, sums = _reference(case, name), case.numbers[name]
    if sums.filled < _ENOUGH or (known is not None and known.mode_share > _SAME_ALL_DAY):
        return []
    constant = sums.low == sums.high
    return _constant(case, name, constant, sums.low, sums.filled, known is not None)


def _constant_text(case: Case, name: str) -> list[Check]:
    known = case.profile.texts.get(name) if case.profile is not None else None
    sums = case.texts[name]
    # A version or a canary flag that is one value for a while is normal.
    if sums.filled < _ENOUGH or known is None or known.distinct < 2 or not name.startswith("f_"):
        return []
    expected = known.mode_share**sums.filled
    if expected > 1e-6:
        return []
    return _constant(case, name, sums.distinct == 1, next(iter(sums.values), None), sums.filled, True)


def _constant(case: Case, name: str, constant: bool, value: object, filled: int, changed: bool) -> list[Check]:
    if not constant:
        return [verdict("constant", name, passed=True, sentence="values differ", rows=filled)]
    shown = f"{value:g}" if isinstance(value, float) else str(value)
    text = f"all {filled:,} values are {shown}, while the reference varies; look for a default or a stopped source"
    if not changed:
        text = f"all {filled:,} values are {shown}; a constant tells the model nothing: drop it or find its source"
    return [
        verdict("constant", name, passed=False, sentence=text, failed_rows=filled, rows=filled, example=shown,
                severity="error" if changed else "warning", first_us=case.begins_us, told_us=case.told_after(_ENOUGH))
    ]  # fmt: skip


def _sampled(case: Case, names: Sequence[str]) -> list[Rule]:
    """Unit errors and stuck values are suspected by a bounded sample; the rules then count all rows."""
    profile = case.profile
    compared = [n for n in names if _reference(case, n) is not None and case.numbers[n].filled]
    if profile is None or not compared:
        return []
    segments = segments_of(case.data)
    found: list[Rule] = []
    for done, chunk in enumerate(chunks(compared, _CHUNK)):
        drawn = sample(case.data, chunk, case.rows, segments)
        for name, quartiles in segment_quartiles(drawn, chunk, segments).items():
            found += _unit(case, name, profile.numbers[name], quartiles)
        for name in chunk:
            found += _stuck(case, name, profile.numbers[name], finite(drawn[name]))
        if case.tell is not None:
            case.tell(min(len(compared), (done + 1) * _CHUNK), len(compared), "units and defaults")
    return found


def _unit(case: Case, name: str, known: NumberProfile, quartiles: Mapping[str, Quartiles]) -> list[Rule]:
    """A factor near 10, 60, 100, … between all quartiles and those of the reference: of all rows, or of a segment."""
    if not known.quartiles or not quartiles:
        return []
    x = quote_identifier(name)
    suspects = []
    for where, now in quartiles.items():
        before = known.quartiles.get(where) or known.quartiles.get("")
        factor = _factor(before, now) if before is not None else None
        if factor is not None:
            suspects.append((where, factor))
    if not suspects:
        rows = case.numbers[name].filled
        return [Rule("unit", name, ALWAYS, "", "", "values are as large as in the reference", rows=rows, failed=0)]
    # All rows rather than each segment, when it is all rows.
    where, factor = next((s for s in suspects if not s[0]), suspects[0])
    segment, _, value = where.partition("=")
    quantiles = known.tails
    middle = math.sqrt(factor)
    centre = quantiles.q50 if quantiles is not None else 1.0
    # A row counts as wrong on the far side of the middle between both medians, on a scale of ratios.
    far = f"{x} / $centre {'>' if factor > 1 else '<'} $middle"
    values: dict[str, object] = {"centre": centre, "middle": middle}
    among = f"{x} is not null and isfinite({x})"
    if segment:
        values["value"] = value
        among += f" and {quote_identifier(segment)} = $value"
    small, large = UNITS.get(factor) or UNITS[min(UNITS, key=lambda unit: abs(unit * factor - 1))]
    times = f"about {factor:,.0f} times those" if factor > 1 else f"about 1/{1 / factor:,.0f} of those"
    such = f"{small} for {large}" if factor > 1 else f"{large} for {small}"
    place = f" where {segment} is {value}" if segment else ""
    usual = _share_beyond(factor)
    return [
        Rule(
            check="unit",
            column=name,
            broken=Condition(far, values),
            among=Condition(among, {k: v for k, v in values.items() if k == "value"}),
            wrong=f"are in another unit{place}: quartiles are {times} of the reference, such as {such}",
            fix=f"convert {name} in the step before the model",
            right="values are as large as in the reference",
            example=x,
            limit=usual,
            least=30,
        )
    ]


def _share_beyond(factor: float) -> float:
    """Healthy rows that may lie beyond the middle: wide distributions reach far where the factor is small."""
    return 0.25 if max(factor, 1 / factor) < 50 else 0.05


def _factor(before: Quartiles, now: Quartiles) -> float | None:
    pairs = list(zip(before, now, strict=True))
    if any(a == 0 or b == 0 or (a > 0) != (b > 0) for a, b in pairs) or before[0] == before[2]:
        return None
    logs = [math.log(b / a) for a, b in pairs]
    for unit in UNITS:
        for sign in (1, -1):
            if all(abs(one - sign * math.log(unit)) <= _NEAR for one in logs):
                return unit if sign > 0 else 1 / unit
    return None


def _stuck(case: Case, name: str, known: NumberProfile, values: np.ndarray) -> list[Rule]:
    """One value much commoner than any value of the reference: a default, or a source that stands still."""
    constant = case.numbers[name].low == case.numbers[name].high
    if len(values) < _ENOUGH or known.mode_share > _SAME_ALL_DAY or constant:
        return []
    mode, part = mode_of(values)
    x = quote_identifier(name)
    # A value that was the commonest before may become commoner with the mix of requests.
    limit = min(1.0, max(known.mode_share + _STUCK, 2 * known.mode_share))
    suspected = part > limit
    return [
        Rule(
            check="stuck",
            column=name,
            broken=Condition(f"{x} = $mode", {"mode": mode}),
            among=Condition(f"{x} is not null"),
            wrong=f"are {mode:g}, in the reference no value makes up more than {share(known.mode_share)}",
            fix=f"look for a default that stands in for a missing {name}",
            right="no value is much commoner than in the reference",
            example=x,
            limit=limit,
            rows=None if suspected else case.numbers[name].filled,
            failed=None if suspected else 0,
        )
    ]


def _stuck_text(case: Case, name: str) -> list[Rule]:
    known = case.profile.texts.get(name) if case.profile is not None else None
    sums = case.texts[name]
    if known is None or known.filled < _ENOUGH or known.distinct < 2 or not name.startswith("f_") or sums.distinct < 2:
        return []
    mode, count = next(iter(sums.values.items()))
    x = quote_identifier(name)
    limit = min(1.0, max(known.mode_share + 1.5 * _STUCK, 2 * known.mode_share))
    return [
        Rule(
            check="stuck",
            column=name,
            broken=Condition(f"{x} = $mode", {"mode": mode}),
            among=Condition(f"{x} is not null"),
            wrong=f"are '{mode}', in the reference no value makes up more than {share(known.mode_share)}",
            fix=f"look for a default that stands in for a missing {name}",
            right="no value is much commoner than in the reference",
            example=x,
            limit=limit,
            rows=None if count > limit * max(sums.filled, 1) else sums.filled,
            failed=None if count > limit * max(sums.filled, 1) else 0,
        )
    ]


def _variants(case: Case, name: str) -> list[Rule]:
    """Known categories in another spelling: case, spaces, accents, or UTF-8 read as Latin-1."""
    sums = case.texts[name]
    known = case.profile.texts.get(name) if case.profile is not None else None
    rule = case.rule(name)
    listed = (
        rule.values if rule is not None and rule.values is not None else tuple((known.values if known else None) or ())
    )
    if not listed:
        return []
    x = quote_identifier(name)
    return [
        Rule(
            check="spelling",
            column=name,
            broken=spelt_otherwise(x, listed),
            among=Condition(f"{x} is not null"),
            wrong="hold a known category in another spelling or encoding",
            fix="trim, unify case and read the text as UTF-8 in the step before the model",
            right="categories are spelt as in the reference",
            example=x,
            rows=sums.filled if not sums.variants else None,
            failed=0 if not sums.variants else None,
        )
    ]


def spelt_otherwise(x: str, known: Sequence[str]) -> Condition:
    """A value that is not known but equals a known one without case, spaces and accents, or is broken UTF-8."""
    return Condition(
        f"{x} is not null and not list_contains($known, {x}) and "
        f"(list_contains($folded, lower(trim(strip_accents({x})))) or regexp_matches({x}, $mojibake))",
        {"known": list(known), "folded": sorted({fold(v) for v in known}), "mojibake": MOJIBAKE},
    )
