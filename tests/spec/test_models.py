"""Model files: what is filled in, what is refused, and how the refusal reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest

from burnline.spec import (
    Calendar,
    DefinitionError,
    Duration,
    Model,
    SliKind,
    Slo,
    load_model,
    load_models,
    read_models,
    template,
)

Write = Callable[[str, str], Path]
Load = Callable[[str], Model]
HEAD = "apiVersion: burnline/v1\nkind: Model\nmetadata: {name: fraud}\nspec:\n  type: classification\n"


@pytest.fixture
def load(write: Write, kinds: Mapping[str, SliKind], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Load:
    """Load one Model file from its text, as a person in the workspace folder would."""
    monkeypatch.chdir(tmp_path)

    def load(text: str) -> Model:
        write("models/fraud.yaml", text)
        return load_model("models/fraud.yaml", kinds)

    return load


@pytest.fixture
def slos(load: Load) -> Callable[[str], dict[str, Slo]]:
    """The SLOs of a classification model by name, from the text under ``slos:`` (line 7 on)."""

    def slos(text: str) -> dict[str, Slo]:
        return {slo.name: slo for slo in load(f"{HEAD}  slos:\n{text}").slos}

    return slos


Slos = Callable[[str], dict[str, Slo]]


def test_a_model_that_says_nothing_gets_its_template_of_tier_2(load: Load, kinds: Mapping[str, SliKind]) -> None:
    model = load(HEAD)
    assert model.tier == 2
    assert [slo.name for slo in model.slos] == list(template("classification", 2, kinds))
    assert {slo.line for slo in model.slos} == {0}
    accuracy = model.slo("accuracy")
    assert accuracy is not None
    assert (accuracy.objective, str(accuracy.window.duration)) == (Decimal("0.94"), "30d")


def test_a_key_left_out_keeps_the_value_of_the_template(slos: Slos) -> None:
    found = slos("    latency: {objective: 95%}\n    freshness:\n")
    assert (found["latency"].threshold, found["latency"].objective) == (100.0, Decimal("0.95"))
    assert (found["freshness"].threshold, found["freshness"].line) == (300.0, 8)


def test_false_removes_an_slo_of_the_template(load: Load) -> None:
    model = load(f"{HEAD}  slos: {{drift: false, freshness: false}}\n")
    assert model.removed == ("drift", "freshness")
    assert model.slo("drift") is None


def test_a_second_slo_of_a_kind_takes_its_defaults(slos: Slos) -> None:
    slow = slos("    slow: {sli: latency, threshold: 1s, objective: 99.9%}")["slow"]
    assert (slow.sli, slow.threshold, str(slow.window.duration)) == ("latency", 1000.0, "30d")


def test_an_slo_outside_the_template_has_defaults_once_it_is_named(slos: Slos) -> None:
    found = slos("    canary: {}\n    saturation: {metric: gpu_percent}\n    throughput: {threshold: 300/m}")
    assert found["canary"].objective == Decimal("0.99")
    assert (found["saturation"].metric, found["saturation"].threshold) == ("gpu_percent", 90.0)
    assert (found["throughput"].threshold, found["throughput"].budgeting) == (5.0, "Timeslices")


def test_a_custom_slo_may_charge_either_track(slos: Slos) -> None:
    found = slos("    fast: {track: infrastructure, good: latency_ms < 5, objective: 50%}")["fast"]
    assert (found.sli, found.track, str(found.good and found.good.text)) == (
        "custom",
        "infrastructure",
        "latency_ms < 5",
    )


def test_anchors_serve_several_slos(slos: Slos) -> None:
    found = slos("    availability: &same {objective: 98%, window: 7d}\n    completeness: *same")
    assert found["availability"].window == found["completeness"].window
    assert found["completeness"].objective == Decimal("0.98")


def test_a_calendar_without_a_zone_takes_the_one_of_the_workspace(write: Write, kinds: Mapping[str, SliKind]) -> None:
    path = write("m.yaml", HEAD + "  slos: {accuracy: {window: {duration: 1M, calendar: {startTime: 2026-01-01}}}}\n")
    accuracy = load_model(path, kinds, timezone="Asia/Tokyo").slo("accuracy")
    assert accuracy is not None
    assert accuracy.window.calendar == Calendar(start_time=datetime(2026, 1, 1), time_zone="Asia/Tokyo")


def test_a_rolling_window_may_be_written_as_in_openslo(slos: Slos) -> None:
    assert slos("    latency: {window: {duration: 28d, isRolling: true}}")["latency"].window.duration.count == 28


def test_timeslices_of_a_per_request_sli(slos: Slos) -> None:
    found = slos(
        "    latency: {budgeting: Timeslices, timeSliceTarget: 95%, timeSliceWindow: 1h}\n"
        "    availability: {budgeting: RatioTimeslices}\n"
    )
    latency, availability = found["latency"], found["availability"]
    assert (latency.time_slice_target, latency.time_slice_window) == (Decimal("0.95"), Duration(count=1, unit="h"))
    assert (availability.time_slice_target, availability.time_slice_window) == (None, Duration(count=5, unit="m"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("accuracy: {objectve: 95%}", "unknown key 'objectve' in slos.accuracy; did you mean 'objective'?"),
        ("accuracy: {threshold: 5}", "unknown key 'threshold' in slos.accuracy; known: budgeting, objective,"),
        ("acuracy: {objective: 95%}", "unknown SLI 'acuracy' in slos; did you mean 'accuracy'?"),
        ("checkout: {objective: 95%}", "unknown SLI 'checkout' in slos; an SLO with a name of its own needs sli: or"),
        ("slow: {sli: latncy}", "slos.slow.sli: unknown value 'latncy'; did you mean 'latency'?"),
        ("latency: {sli: accuracy}", "slos.latency.sli: 'latency' is the SLI of this SLO; give it another name"),
        ("latency: 99%", "slos.latency: must be a mapping such as {objective: 99%}, or false to remove it"),
        ("latency: [99%]", "slos.latency: must be a mapping, not a list"),
        ("latency: {objective: 99.9}", "slos.latency.objective: 99.9 is above 1; write 99.9% for a percentage"),
        ("latency: {objective: 100%}", "slos.latency.objective: an objective of 100% leaves no error budget;"),
        ("latency: {objective: 0}", "slos.latency.objective: an objective of 0 is always met;"),
        ("latency: {objective: [1]}", "slos.latency.objective: must be a single value, not a list"),
        ("latency: {threshold: 100xs}", "slos.latency.threshold: '100xs' has the unknown unit 'xs'; units of time:"),
        ("latency: {threshold: .inf}", "slos.latency.threshold: Infinity is not a time; write 100ms,"),
        ("throughput: {objective: 9%}", "'threshold' is missing in slos.throughput; add threshold: 5/s"),
        ("latency: {window: 30}", "slos.latency.window: 30 is not a duration; write a whole number and"),
        ("latency: {window: 1M}", "slos.latency.window: a rolling window of 1M has no fixed length; write 30d, or"),
        ("latency: {window: 4m}", "slos.latency.window: 4m is shorter than the smallest window, 5m"),
        ("latency: {window: {duration: 1M}}", "slos.latency.window.duration: a rolling window of 1M has no fixed"),
        ("latency: {window: {durations: 1M}}", "unknown key 'durations' in slos.latency.window; did you mean"),
        ("latency: {window: [1]}", "slos.latency.window: must be a mapping, not a list"),
        (
            "latency: {window: {duration: 1M, calendar: {startTime: 2026-01-01, timeZone: Europe/Zurch}}}",
            "slos.latency.window.calendar.timeZone: 'Europe/Zurch' is not a time zone; did you mean 'Europe/Zurich'?",
        ),
        (
            "latency: {window: {duration: 1h, calendar: {startTime: 2026-01-01}}}",
            "slos.latency.window.duration: a calendar window counts days or more, not 1h",
        ),
        (
            "latency: {window: {duration: 1M, calendar: {}}}",
            "'startTime' is missing in slos.latency.window.calendar; add startTime: \"2026-01-01 00:00:00\"",
        ),
        (
            "latency: {window: {duration: 30d, isRolling: false}}",
            "slos.latency.window.isRolling: is false, but the window has no calendar",
        ),
        ("latency: {track: model}", "slos.latency.track: latency charges the infrastructure track, not model"),
        ("latency: {track: modl}", "slos.latency.track: unknown value 'modl'; did you mean 'model'?"),
        ("latency: {budgeting: Timeslice}", "slos.latency.budgeting: unknown value 'Timeslice'; did you mean"),
        ("latency: {budgeting: Timeslices}", "'timeSliceTarget' is missing in slos.latency; add timeSliceTarget: 95%"),
        ("latency: {timeSliceTarget: 95%}", "slos.latency.timeSliceTarget: needs budgeting: Timeslices"),
        ("latency: {timeSliceWindow: 1h}", "slos.latency.timeSliceWindow: needs budgeting: Timeslices or Ratio"),
        ("latency: {budgeting: RatioTimeslices, timeSliceWindow: 7m}", "slos.latency.timeSliceWindow: 7m is not a"),
        ("latency: {budgeting: Timeslices, timeSliceTarget: 0}", "slos.latency.timeSliceTarget: 0 is not above 0%"),
        ("drift: {budgeting: Occurrences}", "slos.drift.budgeting: drift is counted in slices; it takes Timeslices"),
        ("drift: {timeSliceWindow: 1h}", "slos.drift.timeSliceWindow: drift has slices of its own"),
        ("ndcg: {at: 0}", "slos.ndcg.at: must be a whole number of at least 1, not 0"),
        ("ndcg: {min_rows: many}", "slos.ndcg.min_rows: must be a whole number of at least 1, not 'many'"),
        ("ndcg: {threshold: 1.2}", "slos.ndcg.threshold: 1.2 is above 1; write 1.2% for a percentage"),
        ("completeness: {features: f_a}", "slos.completeness.features: must be a list, not 'f_a'"),
        ("completeness: {features: []}", "slos.completeness.features: must not be empty"),
        ("completeness: {features: [amount]}", "slos.completeness.features: 'amount' is not a feature column; did you"),
        ("completeness: {features: [f_a, f_a]}", "slos.completeness.features: 'f_a' is listed twice"),
        ("completeness: {features: [f_a, 1]}", 'slos.completeness.features[1]: must be text, not 1; write "1"'),
        ("saturation: {metric: true}", 'slos.saturation.metric: must be text, not the boolean true; write "true"'),
        ("ndcg: false", "slos.ndcg: nothing to remove: the template of classification has no such SLO"),
        (
            "latncy: false",
            "slos.latncy: nothing to remove: the template of classification has no such SLO; did you mean",
        ),
        ("quality: {objective: 90%}", "'all' is missing in slos.quality; add all: [availability, latency]"),
        ("quality: {all: [latncy]}", "slos.quality.all: the model has no SLO 'latncy'; did you mean 'latency'?"),
        ("quality: {all: [latency, drift]}", "slos.quality.all: 'drift' is not counted per request"),
        ("quality: {all: [quality]}", "slos.quality.all: 'quality' cannot be a member of itself"),
        ("own: {good: canary, objective: 9%}", "'track' is missing in slos.own; add track: model"),
        ("own: {good: canary, track: model}", "'objective' is missing in slos.own; add objective: 99%"),
        ("custom: {track: model, objective: 9%}", "'good' is missing in slos.custom; add good: \"b_revenue > 0\""),
        (
            "own: {good: statu < 500, track: model, objective: 9%}",
            "slos.own.good: unknown column 'statu' at character 1 of 'statu < 500'; did you mean 'status'?",
        ),
    ],
)
def test_a_wrong_slo(slos: Slos, text: str, message: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        slos(f"    {text}\n")
    assert str(caught.value).startswith(f"models/fraud.yaml:7: {message}")
    assert "\n" not in str(caught.value)


def test_a_composite_of_a_composite(slos: Slos) -> None:
    with pytest.raises(DefinitionError, match=r":8: slos\.whole\.all: 'quality' is a composite$"):
        slos("    quality: {all: [latency, accuracy]}\n    whole: {sli: quality, all: [quality, latency]}\n")


def test_a_removed_slo_is_no_member(slos: Slos) -> None:
    with pytest.raises(DefinitionError, match=r":8: slos\.quality\.all: the model has no SLO 'accuracy'"):
        slos("    accuracy: false\n    quality: {all: [latency, accuracy]}\n")


def test_the_line_of_a_value_is_the_line_of_the_value(slos: Slos) -> None:
    with pytest.raises(DefinitionError, match=r"^models/fraud.yaml:10: slos\.latency\.objective: 99 is above 1"):
        slos("    latency:\n      threshold: 1s\n      window: 7d\n      objective: 99\n")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "apiVersion: burnline/v2\nkind: Model",
            "1: apiVersion: unknown value 'burnline/v2'; did you mean 'burnline/v1'?",
        ),
        ("apiVersion: openslo/v1\nkind: SLO", "1: apiVersion: unknown value 'openslo/v1'"),
        ("apiVersion: burnline/v1\nkind: Modell", "2: kind: unknown value 'Modell'; did you mean 'Model'?"),
        ("kind: Model", "1: 'apiVersion' is missing; add apiVersion: burnline/v1"),
        ("- a", "1: the document must be a mapping, not a list"),
        (HEAD.replace("spec:", "specs:"), "4: unknown key 'specs' at the top level; did you mean 'spec'?"),
        (HEAD.replace("{name: fraud}", "{}"), "3: 'name' is missing in metadata; add name: fraud"),
        (HEAD.replace("metadata: {name: fraud}", "metadata:"), "3: 'metadata' is missing; add metadata: {name: fraud}"),
        (HEAD.replace("{name: fraud}", "{name: 12}"), '3: metadata.name: must be text, not 12; write "12"'),
        (
            HEAD.replace("{name: fraud}", "{name: a, label: {}}"),
            "3: unknown key 'label' in metadata; did you mean 'labels'?",
        ),
        (
            HEAD.replace("{name: fraud}", "{name: a, labels: {n: 1}}"),
            '3: metadata.labels.n: must be text, not 1; write "1"',
        ),
        (HEAD.replace("classification", "clasification"), "5: type: unknown value 'clasification'; did you mean"),
        (HEAD.replace("type: classification", "tier: 1"), "4: 'type' is missing in spec; add type: classification"),
        (HEAD + "  tier: 5", "6: tier: must be 1, 2, 3 or 4, not 5"),
        (HEAD + "  tier: high", "6: tier: must be 1, 2, 3 or 4, not 'high'"),
        (HEAD + "  tier: true", "6: tier: must be 1, 2, 3 or 4, not the boolean true"),
        (HEAD + "  ownr: me", "6: unknown key 'ownr'"),
        (HEAD + "  owner: [me]", "6: owner: must be text, not a list"),
        (HEAD + "  slos: [latency]", "6: slos: must be a mapping, not a list"),
        (HEAD + "  justification: {acuracy: why}", "6: justification: the model has no SLO 'acuracy'; did you mean"),
        (HEAD + "  justification: {accuracy: 5}", '6: justification.accuracy: must be text, not 5; write "5"'),
        (
            HEAD + "  sla: {acuracy: {objective: 9%}}",
            "6: sla: the model has no SLO 'acuracy'; did you mean 'accuracy'?",
        ),
        (
            HEAD + "  sla: {accuracy: {objectiv: 9%, objective: 9%}}",
            "6: unknown key 'objectiv' in sla.accuracy; did you",
        ),
        (HEAD + "  sla: {accuracy: {objective: 9%, period: moon}}", "6: sla.accuracy.period: unknown value 'moon'"),
        (
            HEAD + "  sla: {accuracy: {objective: 9%, credits: [{below: 9%, percnt: 3, percent: 3}]}}",
            "6: unknown key 'percnt' in sla.accuracy.credits[0]; did you mean 'percent'?",
        ),
        (HEAD + "  sla: {accuracy: {objective: 9%, credits: 3}}", "6: sla.accuracy.credits: must be a list, not 3"),
        (HEAD + "  escalation: [{after: 5, to: me}]", "6: escalation[0].after: 5 has no unit; write 5s or 5m"),
        (HEAD + "  escalation: [{after: 5m}]", "6: 'to' is missing in escalation[0]; add to: risk-sre"),
    ],
)
def test_a_wrong_model(load: Load, text: str, message: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        load(text)
    assert str(caught.value).split("\n")[0].startswith(f"models/fraud.yaml:{message}")


def test_without_a_type_only_the_type_is_missing(load: Load) -> None:
    with pytest.raises(DefinitionError) as caught:
        load(HEAD.replace("type: classification", "justification: {accuracy: why}"))
    assert str(caught.value) == "models/fraud.yaml:4: 'type' is missing in spec; add type: classification"


def test_all_problems_of_a_file_come_together(load: Load) -> None:
    with pytest.raises(DefinitionError) as caught:
        load(HEAD + "  tier: 9\n  slos:\n    latency: {objective: 100%, treshold: 1s}\n  onwer: me\n")
    assert str(caught.value).split("\n") == [
        "models/fraud.yaml:6: tier: must be 1, 2, 3 or 4, not 9",
        "models/fraud.yaml:8: unknown key 'treshold' in slos.latency; did you mean 'threshold'?",
        "models/fraud.yaml:8: slos.latency.objective: an objective of 100% leaves no error budget;"
        " it must be below 100%, such as 99.9%",
        "models/fraud.yaml:9: unknown key 'onwer' in spec; did you mean 'owner'?",
    ]


def test_invalid_yaml_names_the_line(load: Load) -> None:
    with pytest.raises(DefinitionError) as caught:
        load(HEAD + "  owner: a: b\n")
    assert str(caught.value) == "models/fraud.yaml:6: invalid YAML: mapping values are not allowed in this context"


def test_a_folder_of_models(write: Write, kinds: Mapping[str, SliKind], tmp_path: Path) -> None:
    write("models/b.yaml", HEAD.replace("fraud", "b") + "---\n" + HEAD.replace("fraud", "a"))
    write("models/c.yml", HEAD.replace("fraud", "c"))
    write("models/notes.txt", "not a model")
    assert [model.name for model in load_models(tmp_path, kinds)] == ["a", "b", "c"]
    assert load_models(tmp_path / "models", kinds) == ()


def test_a_broken_file_does_not_hide_the_others(write: Write, kinds: Mapping[str, SliKind], tmp_path: Path) -> None:
    good = write("models/a.yaml", HEAD)
    twin = write("models/b.yaml", HEAD)
    broken = write("models/c.yaml", HEAD + "  tier: 7\n")
    empty = write("models/d.yaml", "")
    models, problems = read_models(tmp_path, kinds)
    assert [model.path for model in models] == [str(good)]
    assert [str(problem) for problem in problems] == [
        f"{twin}: the model 'fraud' is defined in {good} already",
        f"{broken}:6: tier: must be 1, 2, 3 or 4, not 7",
        f"{empty}: is empty",
    ]
    with pytest.raises(DefinitionError) as caught:
        load_models(tmp_path, kinds)
    assert caught.value.problems == problems


def test_one_model_is_asked_for(write: Write, kinds: Mapping[str, SliKind]) -> None:
    path = write("two.yaml", HEAD + "---\n" + HEAD)
    with pytest.raises(DefinitionError, match="holds 2 models, not one"):
        load_model(path, kinds)
