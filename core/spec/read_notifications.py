"""Reads ``notifications`` of burnline.yaml. URLs come from the environment only, never from the file."""

from __future__ import annotations

import re
from typing import cast
from urllib.parse import urlsplit

from burnline.results import Severity
from burnline.spec.document import Mapping, Node, Scalar
from burnline.spec.fields import Flaw, Section, choice, count, name_of, text
from burnline.spec.workspace import Notifications, Target

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_SEVERITIES = ("page", "ticket")


def read_notifications(spec: Section) -> Notifications:
    """The section under ``notifications``; without one there are no targets. What is wrong is noted."""
    section = spec.section("notifications")
    standard = Notifications()
    if section is None:
        return standard
    section.only(["targets", "base_url", "attempts"])
    targets = section.section("targets")
    found = {} if targets is None else {name: _target(targets, name) for name in targets.entries}
    return Notifications(
        targets={name: target for name, target in found.items() if target is not None},
        base_url=section.get("base_url", _base_url),
        attempts=section.get("attempts", count, standard.attempts),
    )


def _target(targets: Section, name: str) -> Target | None:
    entry = targets.present(name)
    if entry is None:
        targets.flaw(targets.line_of(name), f"needs a URL; write {_example(name)}", name)
        return None
    if not isinstance(entry.value, Mapping):
        variable = targets.get(name, lambda node: _variable(node, name))
        return Target(variable=variable) if variable is not None else None
    section = Section(entry, targets.path(name), targets.problems)
    section.only(["url", "severity"])
    if section.present("url") is None:
        section.need("url", text, _example(name))
        return None
    variable = section.get("url", lambda node: _variable(node, name))
    severity = section.get("severity", choice(_SEVERITIES), "ticket")
    return Target(variable=variable, severity=cast(Severity, severity)) if variable is not None else None


def _variable(node: Node, name: str) -> str:
    """The variable that ``${NAME}`` names. What else stands there may be a secret: no error repeats it."""
    if not isinstance(node, Scalar):
        raise Flaw(node.line, f"must be the name of an environment variable, not {name_of(node)}")
    match = _VARIABLE.fullmatch(node.value.strip()) if isinstance(node.value, str) else None
    if match is None:
        raise Flaw(
            node.line,
            f"a URL may hold secrets and must not stand in this file; write {_example(name)} "
            "and set that environment variable",
        )
    return match[1]


def _example(name: str) -> str:
    word = re.sub(r"[^A-Za-z0-9]+", "_", name).strip("_").upper()
    return f'"${{{word if word[:1].isalpha() else "TARGET"}_URL}}"'


def _base_url(node: Node) -> str:
    url = text(node).strip()
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and not re.search(r"[\s<>\"]", url)
        secret = bool(parts.username or parts.password)
    except ValueError:
        good, secret = False, False
    if secret:
        raise Flaw(node.line, "must not hold a user name or a password")
    if not good or parts.query or parts.fragment:
        raise Flaw(node.line, "must be where the dashboard is served, such as https://burnline.example.com")
    return url.rstrip("/")
