"""Writes YAML that ``burnline.spec.document`` reads back as it was, whatever the values."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping

import yaml


class _Dumper(yaml.SafeDumper):
    """Quotes text that our reader would take for a number, and shares nothing by anchors."""

    def ignore_aliases(self, data: object) -> bool:
        return True


class _Inline(dict[str, object]):
    """A mapping that is written on one line."""


def _represent_inline(dumper: _Dumper, data: _Inline) -> yaml.Node:
    return dumper.represent_mapping("tag:yaml.org,2002:map", data.items(), flow_style=True)


def _represent_text(dumper: _Dumper, data: str) -> yaml.Node:
    # Other styles fold line breaks, and with them the kind of break.
    style = '"' if data.splitlines() != [data] else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", data, style=style)


_Dumper.add_representer(str, _represent_text)
_Dumper.add_representer(_Inline, _represent_inline)
_Dumper.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"[-+]?\d+$"), list("-+0123456789"))
_Dumper.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?$"),
    list("-+.0123456789"),
)


def entry(key: str, value: object, *, indent: int = 0, comment: str = "") -> str:
    """One key of a mapping, mappings and lists on one line, with a comment behind it.

    Raises:
        ValueError: the comment has several lines.
    """
    if "\n" in comment or "\r" in comment:
        raise ValueError("a comment is one line")
    text = yaml.dump(
        {key: _inline(value)},
        Dumper=_Dumper,
        allow_unicode=True,
        default_flow_style=False,
        width=float("inf"),
    ).rstrip("\n")
    return textwrap.indent(text, " " * indent) + (f"  # {comment}" if comment else "") + "\n"


def _inline(value: object) -> object:
    if isinstance(value, Mapping):
        return _Inline({str(key): _inline(item) for key, item in value.items()})
    if isinstance(value, list | tuple):
        # A list inside an inline mapping is inline too; alone it is wrapped by its key.
        return [_inline(item) for item in value]
    return value
