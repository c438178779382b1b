"""Templates: the contract's numbers at tier 2, stricter above, looser below, as the docs say."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

import pytest

from burnline.spec import SliKind, load_model, template
from burnline.spec.templates import TIERS, TYPES, defaults
from burnline.spec.units import parse_percentage

ROOT = Path(__file__).parents[2]


def test_tier_2_is_the_contract(kinds: Mapping[str, SliKind]) -> None:
    common: dict[str, dict[str, object]] = {
        "availability": {"objective": "99.9%", "window": "30d"},
        "latency": {"threshold": "100ms", "objective": "99%", "window": "30d"},
        "freshness": {"threshold": "5m", "objective": "99%", "window": "30d"},
        "completeness": {"objective": "99%", "window": "30d"},
        "drift": {"threshold": 0.2, "objective": "95%", "min_rows": 100, "window": "30d"},
    }
    assert template("classification", 2, kinds) == {
        **common,
        "accuracy": {"objective": "94%", "window": "30d"},
        "confidence": {"threshold": 0.8, "objective": "50%", "window": "30d"},
    }
    assert template("regression", 2, kinds) == {
        **common,
        "rmse": {"threshold": 0.15, "objective": "95%", "min_rows": 30, "window": "30d"},
    }
    assert template("ranking", 2, kinds) == {
        **common,
        "ndcg": {"threshold": 0.8, "at": 10, "objective": "95%", "min_rows": 30, "window": "30d"},
    }


@pytest.mark.parametrize("type_", TYPES)
def test_no_tier_is_looser_than_the_next(type_: str, kinds: Mapping[str, SliKind]) -> None:
    higher_is_looser = {"latency", "freshness", "rmse", "drift", "saturation"}

    def strictness(name: str, slo: Mapping[str, object]) -> tuple[float, float]:
        parse = kinds[name].parse_threshold
        threshold = parse(slo["threshold"]) if parse and "threshold" in slo else 0.0
        return -threshold if name in higher_is_looser else threshold, float(parse_percentage(slo["objective"]))

    tiers = [template(type_, tier, kinds) for tier in TIERS]
    for name in tiers[0]:
        found = [strictness(name, slos[name]) for slos in tiers]
        for stricter, looser in pairwise(found):
            assert stricter[0] >= looser[0]
            assert stricter[1] >= looser[1]
        assert found[0] > found[1] > found[2] > found[3]


@pytest.mark.parametrize("tier", TIERS)
@pytest.mark.parametrize("type_", TYPES)
def test_every_template_loads(type_: str, tier: int, kinds: Mapping[str, SliKind], tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    text = f"apiVersion: burnline/v1\nkind: Model\nmetadata: {{name: m}}\nspec: {{type: {type_}, tier: {tier}}}\n"
    path.write_text(text)
    assert [slo.name for slo in load_model(path, kinds).slos] == list(template(type_, tier, kinds))


def test_slis_that_do_not_exist_are_left_out(kinds: Mapping[str, SliKind]) -> None:
    few = {"latency": kinds["latency"], "own": SliKind("own", "model", "Occurrences")}
    assert list(template("classification", 1, few)) == ["latency"]
    assert defaults("ranking", 3, few) == {
        "own": {"window": "30d"},
        "latency": {"threshold": "250ms", "objective": "99%", "window": "30d"},
    }


def test_an_unknown_type(kinds: Mapping[str, SliKind]) -> None:
    with pytest.raises(KeyError):
        template("clustering", 2, kinds)


def documented(kinds: Mapping[str, SliKind]) -> str:
    """The table of docs/templates.md, made from the data."""
    by_type = {type_: [template(type_, tier, kinds) for tier in TIERS] for type_ in TYPES}
    every = {name for name in by_type[TYPES[0]][0] if all(name in tiers[0] for tiers in by_type.values())}
    known = [defaults(TYPES[0], tier, kinds) for tier in TIERS]
    named = {name for name, keys in known[0].items() if set(keys) > {"window"}}
    groups = [("every type", known, every)]
    groups += [(type_, tiers, set(tiers[0]) - every) for type_, tiers in by_type.items()]
    groups += [("once named", known, named - {name for tiers in by_type.values() for name in tiers[0]})]
    lines = ["| | SLO | | tier 1 | tier 2 | tier 3 | tier 4 |", "|---|---|---|---|---|---|---|"]
    for group, tiers, names in groups:
        for name in sorted(names):
            for key in tiers[0][name]:
                if key != "window":
                    cells = [str(slos[name][key]) for slos in tiers]
                    lines.append(f"| {' | '.join([group, name, key, *cells])} |")
    return "\n".join(lines) + "\n"


def test_the_documentation_is_the_data(kinds: Mapping[str, SliKind]) -> None:
    assert (ROOT / "docs" / "templates.md").read_text("utf-8").endswith(f"\n\n{documented(kinds)}")


def test_every_window_is_thirty_days(kinds: Mapping[str, SliKind]) -> None:
    for type_ in TYPES:
        for tier in TIERS:
            assert {str(keys["window"]) for keys in defaults(type_, tier, kinds).values()} == {"30d"}
