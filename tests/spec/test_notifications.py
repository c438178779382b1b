"""notifications in burnline.yaml: targets by environment variable only."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from burnline.spec import DefinitionError, load_workspace
from burnline.spec.workspace import Notifications, Target

Write = Callable[[str, str], Path]
HEAD = "apiVersion: burnline/v1\nkind: Workspace\nmetadata: {name: acme}\nspec:\n  notifications:\n"
HINT = "a URL may hold secrets and must not stand in this file; write "
SET = " and set that environment variable"


def load(write: Write, text: str) -> Notifications:
    return load_workspace(write("burnline.yaml", HEAD + text)).notifications


def test_targets_are_names_of_environment_variables(write: Write) -> None:
    found = load(
        write,
        '    targets: {risk-sre: "${RISK_SRE_URL}", head: {url: "${HEAD_URL}", severity: page}}\n'
        "    base_url: https://burnline.example.com/\n    attempts: 3",
    )
    assert found == Notifications(
        targets={"risk-sre": Target(variable="RISK_SRE_URL"), "head": Target(variable="HEAD_URL", severity="page")},
        base_url="https://burnline.example.com",
        attempts=3,
    )


def test_none_unless_given(write: Write) -> None:
    assert load_workspace(write("burnline.yaml", HEAD.replace("  notifications:\n", "  store: x"))).notifications == (
        Notifications()
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            '    targets: {risk-sre: "slack://T0KEN/a/b/#ops"}',
            f'6: notifications.targets.risk-sre: {HINT}"${{RISK_SRE_URL}}"{SET}',
        ),
        (
            '    targets:\n      a:\n        url: "mailto://u:T0KEN@host/${X}"',
            f'8: notifications.targets.a.url: {HINT}"${{A_URL}}"{SET}',
        ),
        ("    targets: {a: 12345}", f'6: notifications.targets.a: {HINT}"${{A_URL}}"{SET}'),
        ("    targets: {a: }", '6: notifications.targets.a: needs a URL; write "${A_URL}"'),
        ("    targets: {7: {severity: page}}", "6: 'url' is missing in notifications.targets.7; add url: "),
        (
            '    targets: {a: {url: "${A}", severity: pager}}',
            "6: notifications.targets.a.severity: unknown value 'pager'; did you mean 'page'?",
        ),
        (
            '    targets: {a: {ur: "${A}"}}',
            "6: unknown key 'ur' in notifications.targets.a; did you mean 'url'?",
        ),
        ("    target: {}", "6: unknown key 'target' in notifications; did you mean 'targets'?"),
        (
            '    targets: {a: ["${A}"]}',
            "6: notifications.targets.a: must be the name of an environment variable, not a list",
        ),
        ("    base_url: https://u:T0KEN@host", "6: notifications.base_url: must not hold a user name or a password"),
        ("    base_url: 'javascript:alert(1)'", "6: notifications.base_url: must be where the dashboard is served"),
        ("    base_url: 'http://a/<b>'", "6: notifications.base_url: must be where the dashboard is served"),
        ("    base_url: 'http://[a'", "6: notifications.base_url: must be where the dashboard is served"),
        ("    attempts: 0", "6: notifications.attempts: must be a whole number of at least 1, not 0"),
    ],
)
def test_what_is_wrong_is_named_without_repeating_a_secret(write: Write, text: str, message: str) -> None:
    with pytest.raises(DefinitionError) as error:
        load(write, text)
    (problem,) = str(error.value).splitlines()
    assert f"burnline.yaml:{message}" in problem
    assert "T0KEN" not in problem
