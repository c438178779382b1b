"""Definitions that were in force: written once per change, read back as they were."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from burnline.records import boundaries, changes, in_force, read, record_laws
from burnline.records.laws import law, slo_of
from burnline.slis import kinds
from burnline.spec import Model, Slo, load_model

HEAD = "apiVersion: burnline/v1\nkind: Model\nmetadata: {name: m}\nspec:\n  type: classification\n  slos:\n"
EVERYTHING = """
    accuracy: {objective: 95%, window: {duration: 1M, calendar: {startTime: 2026-01-01, timeZone: Europe/Zurich}}}
    completeness: {features: [f_a, f_b], objective: 99%}
    saturation: {metric: cpu_percent, threshold: 90, objective: 99%}
    latency: {threshold: 120ms, objective: 99%, budgeting: Timeslices, timeSliceTarget: 98%, timeSliceWindow: 10m}
    quality: {all: [accuracy, availability], objective: 93%}
    checkout: {track: model, good: "b_revenue > 0 and region in ('eu', 'us')", valid: "status < 500", objective: 30.5%}
"""


def us(day: int, hour: int = 0) -> int:
    return int(datetime(2026, 11, day, hour, tzinfo=UTC).timestamp()) * 1_000_000


def model(tmp_path: Path, slos: str) -> Model:
    path = tmp_path / "m.yaml"
    path.write_text(HEAD + slos)
    return load_model(path, kinds())


def with_objectives(base: Model, **objectives: str) -> Model:
    """The model with the SLOs named only, at these objectives."""
    slos = [s.model_copy(update={"objective": Decimal(o)}) for n, o in objectives.items() if (s := base.slo(n))]
    return base.model_copy(update={"slos": tuple(slos)})


def objective(models: tuple[Model, ...], slo: str) -> str | None:
    found = models[0].slo(slo)
    return str(found.objective) if found else None


def test_every_term_of_an_slo_survives_the_journal(tmp_path: Path) -> None:
    defined = model(tmp_path, EVERYTHING)
    record_laws(tmp_path, [defined], None)
    record_laws(tmp_path, [with_objectives(defined, accuracy="0.9")], us(10))
    (old,) = in_force(read(tmp_path).definitions, (with_objectives(defined, accuracy="0.9"),), us(9))
    assert [s.model_copy(update={"line": 0}) for s in defined.slos] == list(old.slos)
    checkout = old.slo("checkout")
    assert checkout is not None
    assert checkout.good is not None
    assert checkout.good.columns == {"b_revenue", "region"}


@given(st.decimals(min_value="0.000001", max_value="0.999999", places=6), st.floats(0.001, 1e6))
def test_numbers_survive_exactly(goal: Decimal, threshold: float) -> None:
    slo = Slo.model_validate(
        {
            "name": "latency",
            "sli": "latency",
            "track": "infrastructure",
            "objective": goal,
            "window": {"duration": {"count": 30, "unit": "d"}},
            "budgeting": "Occurrences",
            "threshold": threshold,
        }
    )
    assert slo_of(law(slo)) == slo


def test_a_law_is_written_once_per_change_and_the_first_is_of_all_time(tmp_path: Path) -> None:
    base = model(tmp_path, EVERYTHING)
    assert [d.since_us for d in record_laws(tmp_path, [base], us(5))] == [None]
    assert record_laws(tmp_path, [base], us(6)) == ()
    moved = base.model_copy(update={"slos": tuple(s.model_copy(update={"line": 99}) for s in reversed(base.slos))})
    assert record_laws(tmp_path, [moved], us(7)) == ()
    stricter = with_objectives(base, accuracy="0.99")
    assert [d.since_us for d in record_laws(tmp_path, [stricter], us(12))] == [us(12)]
    assert len(read(tmp_path).definitions) == 2


def test_earlier_moments_are_judged_by_the_definition_then_in_force(tmp_path: Path) -> None:
    base = model(tmp_path, EVERYTHING)
    versions = {5: "0.95", 12: "0.99", 20: "0.97"}
    for day, goal in versions.items():
        record_laws(tmp_path, [with_objectives(base, accuracy=goal)], us(day))
    laws = read(tmp_path).definitions
    now = (with_objectives(base, accuracy="0.97"),)
    moments = (1, 11, 12, 19, 20, 30)
    assert [objective(in_force(laws, now, us(t)), "accuracy") for t in moments] == [
        "0.95", "0.95", "0.99", "0.99", "0.97", "0.97",
    ]  # fmt: skip
    assert in_force(laws, now, us(20))[0] is now[0]
    assert in_force((), now, us(1))[0] is now[0]


def test_a_new_slo_is_judged_by_its_first_definition_and_a_removed_one_only_while_promised(tmp_path: Path) -> None:
    base = model(tmp_path, EVERYTHING)
    record_laws(tmp_path, [with_objectives(base, accuracy="0.9", quality="0.9")], us(1))
    record_laws(tmp_path, [with_objectives(base, accuracy="0.9", latency="0.8")], us(10))
    now = with_objectives(base, accuracy="0.9", latency="0.7")
    record_laws(tmp_path, [now], us(20))
    laws = read(tmp_path).definitions
    found = [{s.name: str(s.objective) for s in in_force(laws, (now,), us(t))[0].slos} for t in (5, 15, 25)]
    assert found == [
        {"accuracy": "0.9", "quality": "0.9", "latency": "0.8"},
        {"accuracy": "0.9", "latency": "0.8"},
        {"accuracy": "0.9", "latency": "0.7"},
    ]


def test_of_two_laws_of_one_date_the_later_one_holds(tmp_path: Path) -> None:
    base = model(tmp_path, EVERYTHING)
    for goal, since in (("0.95", 1), ("0.99", 12), ("0.98", 12)):
        record_laws(tmp_path, [with_objectives(base, accuracy=goal)], us(since))
    laws, now = read(tmp_path).definitions, with_objectives(base, accuracy="0.98")
    assert objective(in_force(laws, (now,), us(13)), "accuracy") == "0.98"
    assert boundaries(laws, "m", us(1), us(30)) == (us(12),)
    assert changes(laws, now, "accuracy", us(1), us(30)) == ("objective 95 % until 12 Nov 2026, 98 % since",)


def test_what_changed_is_said_in_a_sentence_per_term(tmp_path: Path) -> None:
    base = model(tmp_path, EVERYTHING)
    fast = base.slo("latency")
    assert fast is not None
    first = base.model_copy(update={"slos": (fast,)})
    second = base.model_copy(update={"slos": (fast.model_copy(update={"objective": Decimal("0.995")}),)})
    third = base.model_copy(
        update={"slos": (fast.model_copy(update={"objective": Decimal("0.999"), "threshold": 80.0}),)}
    )
    for version, since in ((first, 1), (second, 12), (third, 20)):
        record_laws(tmp_path, [version], us(since, 23))
    laws = read(tmp_path).definitions
    assert changes(laws, third, "latency", us(2), us(30), unit="ms") == (
        "objective 99 % until 12 Nov 2026, 99.5 % until 20 Nov 2026, 99.9 % since",
        "threshold 120 ms until 20 Nov 2026, 80 ms since",
    )
    # 23:00 UTC is the next day in Zurich.
    assert changes(laws, third, "latency", us(15), us(30), unit="ms", zone=ZoneInfo("Europe/Zurich")) == (
        "objective 99.5 % until 21 Nov 2026, 99.9 % since",
        "threshold 120 ms until 21 Nov 2026, 80 ms since",
    )
    assert changes(laws, third, "latency", us(21), us(30)) == ()
    assert changes(laws, third, "absent", us(2), us(30)) == ()


@pytest.mark.parametrize("written", [{"name": "a"}, {"name": "a", "good": "b_x >>> 1"}])
def test_a_law_of_unknown_terms_is_named(written: dict[str, object]) -> None:
    from burnline.errors import BurnlineError

    with pytest.raises(BurnlineError, match="the recorded definition of the SLO 'a' cannot be read"):
        slo_of(written)
