"""The one place that turns a name into SQL text."""

from __future__ import annotations


def quote_identifier(name: str) -> str:
    """Return ``name`` as a double-quoted SQL identifier.

    Raises:
        ValueError: ``name`` is empty or holds a NUL character, which no column name can.
    """
    if not name or "\x00" in name:
        raise ValueError(f"not a column name: {name!r}")
    return '"' + name.replace('"', '""') + '"'
