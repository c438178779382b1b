"""Stage features: is every feature there, known, within its range and fresh?"""

from __future__ import annotations

from burnline.results.validation import Check
from burnline.spec.quoting import quote_identifier
from burnline.spec.schema import ColumnRule
from burnline.validation.case import Case
from burnline.validation.figures import Tails
from burnline.validation.infer import unseen_share
from burnline.validation.profile import is_answer
from burnline.validation.rules import Rule, apply, elapsed, verdict
from burnline.validation.source import Condition
from burnline.validation.tails import OUTLIER

_APART = ("latency_ms", "status", "version", "canary")
# Ten times the one row in 2,000 on either side that the reference has.
_OUTLIERS = 20 * OUTLIER
_EARLY = 1_000_000
_ROOM = 0.2


def features(case: Case) -> list[Check]:
    """All checks of the stage."""
    rules: list[Rule] = []
    for name in judged(case):
        rules += null_rules(case, name)
        if name in case.numbers:
            rules += [*range_rules(case, name), *_outliers(case, name)]
        else:
            rules += unseen_rules(case, name)
    rules += _ages(case)
    return [*_came_and_went(case), *apply(case.data, rules, end_us=case.end_us, tell=case.tell)]


def judged(case: Case) -> list[str]:
    """Columns of the data that are inputs: features, segments and what else the schema names."""
    names = [*case.numbers, *case.texts]
    return [n for n in names if not is_answer(n) and n not in _APART]


def null_rules(case: Case, name: str, among: str = "true") -> list[Rule]:
    """Missing values beyond the share that the schema tolerates."""
    rule = case.rule(name)
    sums = case.numbers.get(name) or case.texts[name]
    if rule is None or rule.nulls is None:
        return []
    return [
        Rule(
            check="nulls",
            column=name,
            broken=Condition(f"{quote_identifier(name)} is null"),
            among=Condition(among),
            wrong="are missing",
            fix=f"find out why the source does not fill {name}, {case.edit('nulls')}",
            right="as few values are missing as the schema allows" if rule.nulls else "no value is missing",
            limit=rule.nulls,
            rows=sums.rows,
            failed=sums.rows - sums.filled,
        )
    ]


def range_rules(case: Case, name: str, among: str = "true") -> list[Rule]:
    """Values outside ``min`` to ``max`` (or not among numeric ``values``); infinities are for another check."""
    rule, sums, x = case.rule(name), case.numbers[name], quote_identifier(name)
    found = []
    if rule is None:
        return []
    low, high = rule.min, rule.max
    if low is not None or high is not None:
        parts = ([f"{x} < $low"] if low is not None else []) + ([f"{x} > $high"] if high is not None else [])
        values = {k: v for k, v in (("low", low), ("high", high)) if v is not None}
        inside = (low is None or sums.low is None or sums.low >= low) and (
            high is None or sums.high is None or sums.high <= high
        )
        words = " to ".join(f"{v:g}" for v in (low, high) if v is not None)
        outside = (
            f"lie outside {words}"
            if None not in (low, high)
            else f"lie below {words}"
            if high is None
            else f"lie above {words}"
        )
        found.append(
            Rule(
                check="range",
                column=name,
                broken=Condition(f"isfinite({x}) and ({' or '.join(parts)})", values),
                among=Condition(f"{among} and {x} is not null"),
                wrong=outside,
                fix=f"check the unit and the source of {name}, {case.edit('min', 'max')}",
                right="values lie within their range",
                example=x,
                limit=rule.outside,
                rows=sums.filled if inside else None,
                failed=0 if inside else None,
            )
        )
    if rule.values is not None:
        found.append(
            Rule(
                check="unseen",
                column=name,
                broken=Condition(f"not list_contains($known, {x})", {"known": [float(v) for v in rule.values]}),
                among=Condition(f"{among} and {x} is not null"),
                wrong="hold a value that the schema does not list",
                fix=f"teach the model the new value, {case.edit('values')}",
                right="all values are listed",
                example=x,
                limit=rule.unseen or 0.0,
            )
        )
    return found


def unseen_rules(case: Case, name: str, among: str = "true") -> list[Rule]:
    """Categories that neither the schema lists nor the reference holds."""
    rule, sums, x = case.rule(name), case.texts[name], quote_identifier(name)
    known, limit = known_values(case, name, rule)
    if not known:
        return []
    shown = f"'{sums.example_unseen or sums.example_variant}'" if sums.unseen else ""
    return [
        Rule(
            check="unseen",
            column=name,
            broken=Condition(f"not list_contains($known, {x})", {"known": list(known)}),
            among=Condition(f"{among} and {x} is not null"),
            wrong=f"hold a category that was never seen before, most often {shown}",
            fix=f"find out whether it was renamed or is new to the model, {case.edit('values')}",
            right="all categories are known",
            example=x,
            limit=limit,
            rows=sums.filled,
            failed=sums.unseen,
        )
    ]


def known_values(case: Case, name: str, rule: ColumnRule | None) -> tuple[tuple[str, ...], float]:
    """The categories a column may have and the tolerated share of others; none where nothing is known."""
    profile = case.profile.texts.get(name) if case.profile is not None else None
    if rule is not None and rule.values is not None:
        return rule.values, rule.unseen or 0.0
    if rule is None or rule.type != "string" or profile is None or profile.values is None or not profile.values:
        return (), 0.0
    return tuple(profile.values), rule.unseen if rule.unseen is not None else unseen_share(profile)


def _outliers(case: Case, name: str) -> list[Rule]:
    """More rows in the outer tails of the reference than ten times as many as it has there."""
    profile = case.profile.numbers.get(name) if case.profile is not None else None
    sums, x = case.numbers[name], quote_identifier(name)
    if profile is None or profile.tails is None or profile.low == profile.high:
        return []
    low, high = outlier_bounds(profile.tails)
    return [
        Rule(
            check="outliers",
            column=name,
            broken=Condition(f"isfinite({x}) and ({x} < $low or {x} > $high)", {"low": low, "high": high}),
            among=Condition(f"{x} is not null"),
            wrong=f"lie outside {low:.4g} to {high:.4g}, beyond which hardly a row of the reference lies",
            fix=f"look at the source of {name}; `burnline drift {case.model}` shows whether all of it moved",
            right="extreme values are as rare as in the reference",
            example=x,
            limit=_OUTLIERS,
            severity="warning",
            rows=sums.filled if sums.finite else None,
            failed=sums.outliers if sums.finite else None,
        )
    ]


def outlier_bounds(tails: Tails) -> tuple[float, float]:
    """The tail levels and a fifth of their distance from the median beyond, for weeks that differ."""
    return (
        tails.q50 - (1 + _ROOM) * (tails.q50 - tails.outlier_low),
        tails.q50 + (1 + _ROOM) * (tails.outlier_high - tails.q50),
    )


def _ages(case: Case) -> list[Rule]:
    rule = case.rule("feature_timestamp")
    if not case.data.has("feature_timestamp", "timestamp"):
        return []
    found = []
    x = quote_identifier("feature_timestamp")
    if rule is not None and rule.max_age is not None:
        found.append(
            Rule(
                check="freshness",
                column="feature_timestamp",
                broken=Condition(f"_us - {x} > $age", {"age": round(rule.max_age * 1e6)}),
                among=Condition(f"{x} is not null"),
                wrong=f"use features that are older than {elapsed(rule.max_age)}",
                fix=f"find out which refresh hangs, {case.edit('max_age')}",
                right="features are as fresh as usual",
                example=f"make_timestamp({x})",
                limit=rule.stale,
            )
        )
    if rule is not None and rule.nulls is not None:
        found.append(
            Rule(
                check="nulls",
                column="feature_timestamp",
                broken=Condition(f"{x} is null"),
                wrong="do not say how old their features are",
                fix=f"log the time of the last refresh, {case.edit('nulls')}",
                right="the age of features is known",
                limit=rule.nulls,
            )
        )
    early = case.profile.ages["feature_timestamp"].early if case.profile is not None and case.profile.ages else 0.0
    found.append(
        Rule(
            check="future",
            column="feature_timestamp",
            broken=Condition(f"{x} > _us + {_EARLY}"),
            among=Condition(f"{x} is not null"),
            wrong="use features from after the request",
            fix="look for a leak from the future or a clock that is wrong",
            right="features are from before the request",
            example=f"make_timestamp({x})",
            limit=max(0.001, 2 * early),
        )
    )
    return found


def _came_and_went(case: Case) -> list[Check]:
    """Features that the reference or the schema has and the data have not (or without any value), and new ones."""
    known = set(case.schema.columns) | set(case.profile.columns if case.profile is not None else ())
    found = []
    if not known:
        return []
    for name in sorted(n for n in known if n.startswith("f_")):
        rule = case.rule(name)
        sums = case.numbers.get(name) or case.texts.get(name)
        had = _had_values(case, name)
        if sums is None or (had and not sums.filled):
            optional = rule is not None and not rule.required
            what = "the feature is not in the data any more" if sums is None else "the feature has no value any more"
            text = f"{what}; find out what became of its source, {case.edit('required')}"
            found.append(
                verdict(
                    "vanished", name, passed=False, sentence=text, failed_rows=case.rows, rows=case.rows,
                    severity="warning" if optional else "error", first_us=case.begins_us,
                    told_us=case.told_after(1),
                )
            )  # fmt: skip
    fresh = [n for n in judged(case) if n.startswith("f_") and n not in known]
    for name in fresh:
        text = (
            "the feature is new: neither the reference nor the schema has it; add it to the schema "
            f"(burnline validate {case.model} --write-schema --force) once the model uses it"
        )
        found.append(
            verdict("appeared", name, passed=False, sentence=text, failed_rows=case.rows, rows=case.rows,
                    severity="warning", first_us=case.begins_us, told_us=case.told_after(1))
        )  # fmt: skip
    if not found:
        found.append(verdict("completeness", None, passed=True, sentence="all features are there and none is new"))
    return found


def _had_values(case: Case, name: str) -> bool:
    if case.profile is None:
        return True
    profile = case.profile.numbers.get(name) or case.profile.texts.get(name)
    return profile is None or profile.filled > 0
