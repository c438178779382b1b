"""Stage serving: are the answers such as the model can give, one per request, and served as they should be?"""

from __future__ import annotations

from dataclasses import replace

from burnline.results.validation import Check
from burnline.spec.quoting import quote_identifier
from burnline.validation.agreement import answer_conditions
from burnline.validation.case import Case
from burnline.validation.columns import is_served
from burnline.validation.features import null_rules, range_rules, unseen_rules
from burnline.validation.profile import is_answer
from burnline.validation.rules import Rule, apply, stamp, verdict, when
from burnline.validation.source import Condition
from burnline.validation.traffic import repeats

_ABSURD_MS = 3_600_000.0
_ENOUGH = 100
_SURE = 0.99
_DISAGREEMENT = 0.01


def serving(case: Case) -> tuple[list[Check], str | None]:
    """All checks of the stage, or why there are none: data before the model have no answers."""
    if not any(is_served(name) for name in case.data.columns if name not in ("label", "relevance")):
        return [], "the data hold no answers: they have not reached the model"
    rules: list[Rule] = []
    for name in (n for n in (*case.numbers, *case.texts) if is_answer(n)):
        rules += _answer(case, name)
    rules += [*_agreement(case), *_latency(case), *_status(case), *_versions(case)]
    found = [*_missing(case), *apply(case.data, rules, end_us=case.end_us, tell=case.tell)]
    return [*found, *_constant(case), *_conflicts(case)], None


def _missing(case: Case) -> list[Check]:
    found = []
    for name, rule in case.schema.columns.items():
        if not rule.required or not is_served(name):
            continue
        there = case.data.has(name)
        text = f"the data have no such column, but it is required; let the service log it, {case.edit('required')}"
        found.append(
            verdict(
                "column", name, passed=there, sentence="the column is there" if there else text, rows=case.rows,
                failed_rows=None if there else case.rows, first_us=case.begins_us, told_us=case.told_after(1),
            )
        )  # fmt: skip
    return found


def _answer(case: Case, name: str) -> list[Rule]:
    """Answers of successful requests: known, and of the classes or within the range of the reference."""
    is_label = name in ("label", "relevance")
    fix = f"look for requests that got no {name}, {case.edit('nulls')}"
    right = "every successful request has one"
    found = [
        replace(rule, wrong=f"succeeded without a {name}", fix=fix, right=right)
        for rule in null_rules(case, name, "_ok")
    ]
    if name in case.numbers:
        rules = range_rules(case, name, "_ok")
        if name == "confidence" or name.startswith("p_"):
            rules = [_probability(name)]
        return [*found, *(replace(r, check="label") if is_label else r for r in rules), _finite(name)]
    what, fix = ("hold an answer that the model never gave before", "check which model answers")
    if is_label:
        what, fix = ("hold a label that neither the model nor the reference knows", "check what the labels mean")
    return found + [
        replace(rule, check="label" if is_label else "class", wrong=what, fix=f"{fix}, {case.edit('values')}")
        for rule in unseen_rules(case, name, "_ok")
    ]


def _finite(name: str) -> Rule:
    x = quote_identifier(name)
    return Rule(
        check="finite",
        column=name,
        broken=Condition(f"not isfinite({x})"),
        among=Condition(f"_ok and {x} is not null"),
        wrong="are infinite or not a number",
        fix="look for a division by zero or an overflow in the model",
        right="every value is finite",
        example=x,
    )


def _probability(name: str) -> Rule:
    x = quote_identifier(name)
    return Rule(
        check="range",
        column=name,
        broken=Condition(f"{x} < 0 or {x} > 1"),
        among=Condition(f"{x} is not null"),
        wrong="lie outside 0 to 1, which no probability does",
        fix="check whether the model writes percent or raw scores",
        right="all values lie between 0 and 1",
        example=x,
    )


def _agreement(case: Case) -> list[Rule]:
    """Probabilities that add up, and a confidence that is that of the predicted class.

    Models of several labels need not agree; then the reference does not either, and nothing is checked.
    """
    usual = case.profile.answers if case.profile is not None else {}
    total = Rule(
        check="agreement",
        column=None,
        broken=Condition("true"),
        wrong="have class probabilities that do not add up to 1",
        fix="check which classes are logged",
        right="class probabilities add up to 1",
        limit=_DISAGREEMENT,
    )
    confidence = replace(
        total,
        column="confidence",
        wrong="have a confidence that is not the probability of the predicted class",
        fix="check which version of the answer is logged",
        right="confidence is the probability of the predicted class",
        example=quote_identifier("confidence"),
    )
    found = []
    for name, (judged, wrong) in answer_conditions(case.data).items():
        if usual.get(name, 1.0) >= _SURE:
            found.append(replace(total if name == "sum" else confidence, among=judged, broken=wrong))
    return found


def _latency(case: Case) -> list[Rule]:
    if "latency_ms" not in case.numbers:
        return []
    x = quote_identifier("latency_ms")
    possible = Rule(
        check="latency",
        column="latency_ms",
        broken=Condition(f"{x} < 0 or not isfinite({x}) or {x} > $most", {"most": _ABSURD_MS}),
        among=Condition(f"{x} is not null"),
        wrong="are negative, infinite or longer than an hour",
        fix="check the clock and the unit of the service",
        right="all latencies are possible",
        example=x,
    )
    return [possible, *null_rules(case, "latency_ms")]


def _status(case: Case) -> list[Rule]:
    if "status" not in case.numbers:
        return []
    x = quote_identifier("status")
    codes = Rule(
        check="status",
        column="status",
        broken=Condition(f"{x} not between 100 and 599 or {x} <> floor({x})"),
        among=Condition(f"{x} is not null"),
        wrong="are no HTTP status",
        fix="log the status of the response",
        right="all are HTTP statuses",
        example=x,
    )
    return [codes, *null_rules(case, "status")]


def _versions(case: Case) -> list[Rule]:
    """Requests without a version, and versions that neither the reference has nor a deployment announced."""
    if "version" not in case.texts:
        return []
    found = null_rules(case, "version")
    known = case.profile.texts.get("version") if case.profile is not None else None
    if known is None or not known.values:
        return found
    x = quote_identifier("version")
    announced = Rule(
        check="version",
        column="version",
        broken=Condition(f"not list_contains($known, {x})", {"known": sorted({*known.values, *case.announced})}),
        among=Condition(f"{x} is not null"),
        wrong="are of a version that the reference does not have and no deployment announces",
        fix="write the deployment to the events, or find out who deployed it",
        right="all versions are known or announced",
        example=x,
        severity="warning",
    )
    return [*found, announced]


def _constant(case: Case) -> list[Check]:
    """A model that always says the same, which it did not before."""
    found = []
    for name in ("prediction", "score"):
        number, text = case.numbers.get(name), case.texts.get(name)
        sums = number or text
        if sums is None or sums.filled < _ENOUGH or not _varied(case, name, sums.filled):
            continue
        if number is not None:
            constant, value = number.low == number.high, str(number.low)
        else:
            values = text.values if text is not None else {}
            constant, value = len(values) == 1, next(iter(values), "")
        wrong = f"all {sums.filled:,} answers are {value}, while the reference varies; look for a fallback that answers"
        found.append(
            verdict(
                "constant", name, passed=not constant, sentence=wrong if constant else "answers differ",
                failed_rows=sums.filled if constant else 0, rows=sums.filled, example=value,
                first_us=case.begins_us, told_us=case.told_after(_ENOUGH),
            )
        )  # fmt: skip
    return found


def _varied(case: Case, name: str, filled: int) -> bool:
    """Whether so many answers of the reference would hardly ever be one and the same."""
    if case.profile is None:
        return False
    number, text = case.profile.numbers.get(name), case.profile.texts.get(name)
    if number is not None:
        return number.low != number.high and number.mode_share**filled < 1e-6
    return text is not None and text.distinct > 1 and text.mode_share**filled < 1e-6


def _conflicts(case: Case) -> list[Check]:
    """The same request_id with different answers."""
    if not case.data.has("request_id", "prediction") or case.data.has("query_id"):
        return []
    if not repeats(case.data)[0]:
        return [verdict("conflict", "prediction", passed=True, sentence="no request has two answers", rows=case.rows)]
    ids, conflicting, example, first = case.data.row("""
        select count(*), count(*) filter (answers > 1), arg_min(id, first) filter (answers > 1),
               min(first) filter (answers > 1)
        from (select id, count(distinct answer) as answers, min(us) as first from (
                select cast("request_id" as varchar) as id, cast("prediction" as varchar) as answer, _us as us from log
                where "request_id" is not null and _ok)
              group by id having count(*) > 1)""")
    wrong = (
        f"{conflicting:,} of {ids:,} requests that are there more than once have different answers, "
        f"for example {example}, first at {stamp(when(first))}; find out which answer was given"
    )
    return [
        verdict(
            "conflict", "prediction", passed=not conflicting, rows=ids, failed_rows=conflicting, example=example,
            sentence=wrong if conflicting else "no request has two answers", first_us=first, told_us=first,
        )
    ]  # fmt: skip
