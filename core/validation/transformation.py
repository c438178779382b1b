"""Stage transformation: did a step on the way change what the values mean?"""

from __future__ import annotations

from collections.abc import Sequence

from burnline.results.validation import Check
from burnline.spec.quoting import quote_identifier
from burnline.validation.case import ENOUGH, SAME_ALL_DAY, Case
from burnline.validation.defaults import sampled_rules, stuck_text
from burnline.validation.infer import never_negative
from burnline.validation.profile import is_answer
from burnline.validation.rules import Rule, apply, share, verdict
from burnline.validation.source import Condition
from burnline.validation.sums import MOJIBAKE, fold

_SHARE_OF_WHOLE = 0.5


def transformation(case: Case) -> list[Check]:
    """All checks of the stage, of features, segments and business metrics."""
    names = [n for n in case.numbers if not is_answer(n) and n not in ("latency_ms", "status")]
    found = [check for name in names for check in _constant_number(case, name)]
    rules = sampled_rules(case, names)
    # Another unit or one value only changes how many fractions there are as well.
    explained = {r.column for r in rules if r.check == "unit" and r.rows is None}
    explained |= {c.column for c in found if not c.passed}
    for name in names:
        rules += [*_finite(case, name), *_text_in_numbers(case, name), *_sign(case, name)]
        rules += _precision(case, name) if name not in explained else []
    for name in (n for n in case.texts if not is_answer(n)):
        rules += [*_variants(case, name), *stuck_text(case, name)]
        found += _constant_text(case, name)
    return [*found, *apply(case.data, rules, end_us=case.end_us, tell=case.tell)]


def _finite(case: Case, name: str) -> list[Rule]:
    """Infinities and NaN, which no model means; only columns whose extremes show some are counted."""
    sums, x = case.numbers[name], quote_identifier(name)
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
            rows=sums.filled if sums.finite else None,
            failed=0 if sums.finite else None,
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


def _sign(case: Case, name: str) -> list[Rule]:
    """Values below zero in a column that is never negative by its nature."""
    known, sums, x = case.compared(name), case.numbers[name], quote_identifier(name)
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
    known, sums, x = case.compared(name), case.numbers[name], quote_identifier(name)
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
    known, sums = case.compared(name), case.numbers[name]
    if sums.filled < ENOUGH or (known is not None and known.mode_share > SAME_ALL_DAY):
        return []
    constant = sums.low == sums.high
    return _constant(case, name, constant, sums.low, sums.filled, known is not None)


def _constant_text(case: Case, name: str) -> list[Check]:
    known = case.profile.texts.get(name) if case.profile is not None else None
    sums = case.texts[name]
    # A version or a canary flag that is one value for a while is normal.
    if sums.filled < ENOUGH or known is None or known.distinct < 2 or not name.startswith("f_"):
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
                severity="error" if changed else "warning", first_us=case.begins_us, told_us=case.told_after(ENOUGH))
    ]  # fmt: skip


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
