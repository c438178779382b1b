"""Values in another unit than the reference: a factor between all quartiles, of all rows or of one segment."""

from __future__ import annotations

import math
from collections.abc import Mapping

from burnline.spec.quoting import quote_identifier
from burnline.validation.case import Case
from burnline.validation.figures import NumberProfile, Quartiles
from burnline.validation.rules import Rule
from burnline.validation.source import ALWAYS, Condition

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


def unit_rules(case: Case, name: str, known: NumberProfile, quartiles: Mapping[str, Quartiles]) -> list[Rule]:
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
