"""Corrections in burnline.yaml and in Model files: times, recurrence, what is refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from burnline.spec import Correction, DefinitionError, check_correction_names, load_model, load_workspace
from burnline.spec.kinds import SliKind

Write = Callable[[str, str], Path]
HEAD = "apiVersion: burnline/v1\nkind: Workspace\nmetadata: {name: acme}\nspec:\n  timezone: Europe/Zurich\n"
MODEL = "apiVersion: burnline/v1\nkind: Model\nmetadata: {name: fraud}\nspec:\n  type: classification\n"
ONCE = 'from: "2026-11-03 02:00", to: "2026-11-03 04:00", reason: load test'


@pytest.fixture
def load(write: Write, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str], tuple[Correction, ...]]:
    """Corrections of burnline.yaml from the items of the list (line 7 on)."""
    monkeypatch.chdir(tmp_path)

    def load(*items: str) -> tuple[Correction, ...]:
        lines = "".join(f"  - {{{item}}}\n" for item in items)
        write("burnline.yaml", f"{HEAD}  corrections:\n{lines}")
        return load_workspace(".").corrections

    return load


Load = Callable[..., tuple[Correction, ...]]


def begins(correction: Correction) -> list[str]:
    return [f"{start:%Y-%m-%d %H:%M}" for start, _ in correction.times()]


def test_everything_that_can_be_said(load: Load) -> None:
    (found,) = load(f"{ONCE}, category: load_test, slos: [latency], models: [fraud, churn], approver: Ada")
    assert found == Correction(
        start=datetime(2026, 11, 3, 2),
        end=datetime(2026, 11, 3, 4),
        timezone="Europe/Zurich",
        reason="load test",
        category="load_test",
        slos=("latency",),
        models=("fraud", "churn"),
        approver="Ada",
        line=7,
    )
    assert list(found.times()) == [(datetime(2026, 11, 3, 2), datetime(2026, 11, 3, 4))]


def test_what_is_left_out_means_all_and_other(load: Load) -> None:
    (found,) = load(ONCE)
    assert (found.category, found.slos, found.models, found.repeat, found.approver) == ("other", None, None, None, None)
    assert found.applies("any", "thing")


def test_a_correction_holds_for_what_it_lists(load: Load) -> None:
    (found,) = load(f"{ONCE}, slos: [latency], models: [fraud]")
    assert found.applies("fraud", "latency")
    assert not found.applies("fraud", "accuracy")
    assert not found.applies("churn", "latency")


def test_a_model_has_corrections_of_its_own_in_the_zone_of_the_workspace(
    write: Write, kinds: Mapping[str, SliKind]
) -> None:
    path = write("fraud.yaml", f"{MODEL}  corrections: [{{{ONCE}, slos: [accuracy]}}]")
    (found,) = load_model(path, kinds, timezone="Asia/Tokyo").corrections
    assert (found.timezone, found.slos) == ("Asia/Tokyo", ("accuracy",))


def test_a_rule_is_counted_in_wall_time(load: Load) -> None:
    # 2026-10-25 is the Sunday on which the clocks go back.
    (found,) = load(
        'from: "2026-10-18 02:00", to: "2026-10-18 04:00", reason: patch, repeat: "RRULE:FREQ=WEEKLY;BYDAY=SU;COUNT=3"'
    )
    assert begins(found) == ["2026-10-18 02:00", "2026-10-25 02:00", "2026-11-01 02:00"]
    assert all(end - start == timedelta(hours=2) for start, end in found.times())


def test_a_rule_begins_at_the_first_time_that_fits_it(load: Load) -> None:
    # 2026-11-03 is a Tuesday.
    (found,) = load(f'{ONCE}, repeat: "FREQ=WEEKLY;BYDAY=SU;COUNT=2"')
    assert begins(found) == ["2026-11-08 02:00", "2026-11-15 02:00"]


@pytest.mark.parametrize(
    ("repeat", "expected"),
    [
        ("repeat: daily, until: 2026-11-05", ["2026-11-03 02:00", "2026-11-04 02:00", "2026-11-05 02:00"]),
        ('repeat: daily, until: "2026-11-05 01:59"', ["2026-11-03 02:00", "2026-11-04 02:00"]),
        ("repeat: weekly, until: 2026-11-10", ["2026-11-03 02:00", "2026-11-10 02:00"]),
        ("repeat: monthly, until: 2026-12-31", ["2026-11-03 02:00", "2026-12-03 02:00"]),
        ('repeat: "FREQ=DAILY;UNTIL=20261104"', ["2026-11-03 02:00", "2026-11-04 02:00"]),
        # 01:00 in UTC is 02:00 in Zurich in winter.
        ('repeat: "FREQ=DAILY;UNTIL=20261104T010000Z"', ["2026-11-03 02:00", "2026-11-04 02:00"]),
        ('repeat: "FREQ=DAILY;UNTIL=20261104T005959Z"', ["2026-11-03 02:00"]),
        ('repeat: "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=1;COUNT=2"', ["2026-12-07 02:00", "2027-01-04 02:00"]),
    ],
)
def test_ends_of_a_recurrence(load: Load, repeat: str, expected: list[str]) -> None:
    (found,) = load(f"{ONCE}, {repeat}")
    assert begins(found) == expected


def test_a_recurrence_without_an_end_is_bounded(load: Load) -> None:
    (found,) = load(f"{ONCE}, repeat: daily")
    # Ten years of 366 days, and the first.
    assert len(list(found.times())) == 3661


def test_instants_keep_their_offset_and_rules_take_their_wall_time(load: Load) -> None:
    text = 'from: "2026-11-03T02:00:00+00:00", to: "2026-11-03T04:00:00+00:00", reason: x'
    once, daily = load(text, f"{text}, repeat: daily, until: 2026-11-03")
    assert once.start == datetime(2026, 11, 3, 2, tzinfo=UTC)
    assert daily.start == datetime(2026, 11, 3, 3)


@pytest.mark.parametrize(
    ("item", "message"),
    [
        (f"{ONCE}, reson: x", "7: unknown key 'reson' in corrections[0]; did you mean 'reason'?"),
        ("from: 2026-11-03, to: 2026-11-04", "7: 'reason' is missing in corrections[0]; add reason: \"load test\""),
        ("to: 2026-11-04, reason: x", "7: 'from' is missing in corrections[0]; add from: \"2026-11-03 02:00\""),
        ("from: 2026-11-03, to: 2026-11-04, reason: ' '", "7: corrections[0].reason: must not be empty"),
        (
            "from: 2026-11-03, to: 2026-11-03, reason: x",
            "7: corrections[0].to: 2026-11-03 00:00:00 is not after from, 2026-11-03 00:00:00",
        ),
        (
            "from: tomorrow, to: 2026-11-03, reason: x",
            "7: corrections[0].from: 'tomorrow' is not a time; write 2026-11-03 02:00",
        ),
        (
            'from: "2026-11-03 02:00+01:00", to: "2026-11-03 03:00", reason: x',
            "7: corrections[0].to: one of from and to has an offset; give both one, or none",
        ),
        (
            f"{ONCE}, category: maintainance",
            "7: corrections[0].category: unknown value 'maintainance'; did you mean 'maintenance'?",
        ),
        (
            f"{ONCE}, until: 2026-12-01",
            "7: corrections[0].until: needs repeat: daily, weekly, monthly or an RRULE",
        ),
        (
            f"{ONCE}, repeat: often",
            "7: corrections[0].repeat: 'often' is no recurrence; write daily, weekly, monthly or a rule such as "
            "RRULE:FREQ=WEEKLY;BYDAY=SU;COUNT=8",
        ),
        (
            f'{ONCE}, repeat: "FREQ=WEKLY"',
            "7: corrections[0].repeat: 'FREQ=WEKLY' is not a frequency; did you mean 'WEEKLY'?",
        ),
        (
            f'{ONCE}, repeat: "FREQ=DAILY;BYDYA=SU"',
            "7: corrections[0].repeat: unknown part 'BYDYA' of the rule; did you mean 'BYDAY'?",
        ),
        (
            f'{ONCE}, repeat: "FREQ=DAILY;INTERVAL=0"',
            "7: corrections[0].repeat: 'INTERVAL=0' is not a whole number of at least 1",
        ),
        (
            f'{ONCE}, repeat: "FREQ=DAILY;COUNT=3", until: 2026-12-01',
            "7: corrections[0].until: the rule has an end already (COUNT or UNTIL)",
        ),
        (
            f'{ONCE}, repeat: "FREQ=HOURLY"',
            "7: corrections[0].repeat: happens more than 5,000 times; end it earlier with until",
        ),
        (
            f'{ONCE}, repeat: "FREQ=HOURLY;BYMINUTE=0,30;COUNT=4"',
            "7: corrections[0].repeat: happens more than once an hour",
        ),
        (f"{ONCE}, repeat: daily, until: 2026-11-02", "7: corrections[0].repeat: never happens"),
        (
            f'{ONCE}, repeat: "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"',
            "7: corrections[0].repeat: never happens",
        ),
        (
            f'{ONCE}, repeat: "FREQ=WEEKLY;BYDAY=XX"',
            "7: corrections[0].repeat: 'FREQ=WEEKLY;BYDAY=XX' cannot be read as a recurrence rule (RFC 5545)",
        ),
        (
            f'{ONCE}, repeat: "FREQ=DAILY;UNTIL=20261301"',
            "7: corrections[0].repeat: 'UNTIL=20261301' is not a time; write UNTIL=20261231 or UNTIL=20261231T235959Z",
        ),
    ],
)
def test_what_is_refused(load: Load, item: str, message: str) -> None:
    with pytest.raises(DefinitionError) as raised:
        load(item)
    assert str(raised.value) == f"burnline.yaml:{message}"


def test_a_model_lists_its_own_slos_only(write: Write, kinds: Mapping[str, SliKind]) -> None:
    path = write("fraud.yaml", f"{MODEL}  corrections:\n  - {{{ONCE}, slos: [acuracy]}}\n  - {{{ONCE}, models: [b]}}\n")
    with pytest.raises(DefinitionError) as raised:
        load_model(path, kinds)
    first, second = str(raised.value).splitlines()
    assert first.endswith("7: corrections[0].slos: the model has no SLO 'acuracy'; did you mean 'accuracy'?")
    assert "8: unknown key 'models' in corrections[1]" in second


def test_a_workspace_names_models_and_slos_that_exist(
    write: Write, kinds: Mapping[str, SliKind], load: Load
) -> None:  # fmt: skip
    model = load_model(write("fraud.yaml", MODEL), kinds)
    load(f"{ONCE}, models: [fraud], slos: [latency]")
    check_correction_names(load_workspace("."), [model])
    load(ONCE, f"{ONCE}, models: [frand], slos: [latency]", f"{ONCE}, slos: [latenci]")
    with pytest.raises(DefinitionError) as raised:
        check_correction_names(load_workspace("."), [model])
    assert str(raised.value).splitlines() == [
        "burnline.yaml:8: corrections[1].models: there is no model 'frand'; did you mean 'fraud'?",
        "burnline.yaml:9: corrections[2].slos: no model has an SLO 'latenci'; did you mean 'latency'?",
    ]
