"""YAML with positions: safe, exact, and without the traps of YAML 1.1.

Numbers keep their decimal text, dates stay text, a duplicate key is an error, nothing is ever
constructed from a tag. Built from parser events on an explicit stack, so that no input, however
deep, exhausts the stack of the process.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import yaml

from burnline.spec.errors import DefinitionError, Problem

MAX_DEPTH = 50
MAX_NODES = 200_000

_INTEGER = re.compile(r"[-+]?\d{1,300}")
_FLOAT = re.compile(r"[-+]?(?:\d+\.\d*|\.\d+|\d+(?=[eE]))(?:[eE][-+]?\d{1,3})?")
_INFINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_TRUE = frozenset({"true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON"})
_FALSE = frozenset({"false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF"})
_TAG = "tag:yaml.org,2002:"


@dataclass(frozen=True)
class Scalar:
    """A value; ``text`` is how the file writes it."""

    value: str | bool | int | Decimal | None
    text: str
    line: int


@dataclass(frozen=True)
class Sequence:
    """A list."""

    items: tuple[Node, ...]
    line: int


@dataclass(frozen=True)
class Entry:
    """One key of a mapping: its value and the line of the key."""

    value: Node
    line: int


@dataclass(frozen=True)
class Mapping:
    """A mapping with text keys, in the order of the file."""

    entries: dict[str, Entry]
    line: int


Node = Scalar | Sequence | Mapping


class YamlError(ValueError):
    """The text is not YAML that Burnline reads."""

    def __init__(self, line: int | None, text: str) -> None:
        super().__init__(text)
        self.line = line
        self.text = text


def read_documents(path: Path) -> tuple[Node, ...]:
    """Read all YAML documents of a file; empty ones are left out.

    Raises:
        DefinitionError: the file cannot be read, is not UTF-8, is not YAML or holds no document.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
        documents = parse_documents(text)
    except OSError as error:
        reason = error.strerror or "unreadable"
        raise DefinitionError([Problem(str(path), None, f"cannot be read: {reason}")]) from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        problem = Problem(str(path), line, "is not UTF-8 text; save the file as UTF-8")
        raise DefinitionError([problem]) from None
    except YamlError as error:
        raise DefinitionError([Problem(str(path), error.line, error.text)]) from None
    if not documents:
        raise DefinitionError([Problem(str(path), None, "is empty")])
    return documents


def parse_documents(text: str) -> tuple[Node, ...]:
    """Parse all YAML documents of ``text``; empty ones are left out.

    Raises:
        YamlError: with the line and what is wrong there.
    """
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return tuple(_Builder().documents(yaml.parse(text, Loader=loader)))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        what = " ".join(part for part in (error.context, error.problem) if part)
        raise YamlError(mark.line + 1 if mark else None, f"invalid YAML: {what}") from None
    except yaml.reader.ReaderError as error:
        line = text[: error.position].count("\n") + 1
        raise YamlError(line, f"invalid YAML: {error.reason}") from None


def plain(node: Node) -> object:
    """The node as plain dicts, lists and values; fractions are ``Decimal``."""
    if isinstance(node, Mapping):
        return {key: plain(entry.value) for key, entry in node.entries.items()}
    if isinstance(node, Sequence):
        return [plain(item) for item in node.items]
    return node.value


def from_plain(value: object, line: int = 0) -> Node:
    """The inverse of ``plain``: plain dicts, lists and values as a node at ``line``."""
    if isinstance(value, dict):
        entries = {str(key): Entry(from_plain(item, line), line) for key, item in value.items()}
        return Mapping(entries, line)
    if isinstance(value, list | tuple):
        return Sequence(tuple(from_plain(item, line) for item in value), line)
    if isinstance(value, float):
        return Scalar(Decimal(repr(value)), repr(value), line)
    if value is None or isinstance(value, str | bool | int | Decimal):
        return Scalar(value, str(value), line)
    raise TypeError(f"not plain YAML: {value!r}")


@dataclass
class _Open:
    """A mapping or list that is being read."""

    is_mapping: bool
    line: int
    anchor: str | None
    entries: dict[str, Entry] = field(default_factory=dict)
    merged: dict[str, Entry] = field(default_factory=dict)
    items: list[Node] = field(default_factory=list)
    key: tuple[str, int] | None = None
    merging: bool = False

    def close(self) -> Node:
        if not self.is_mapping:
            return Sequence(tuple(self.items), self.line)
        inherited = {k: v for k, v in self.merged.items() if k not in self.entries}
        return Mapping({**inherited, **self.entries}, self.line)


class _Builder:
    """Builds nodes from parser events, with limits on depth and on what aliases expand to."""

    def __init__(self) -> None:
        self.stack: list[_Open] = []
        self.anchors: dict[str, Node] = {}
        self.count = 0

    def documents(self, events: Iterator[yaml.Event]) -> Iterator[Node]:
        root: Node | None = None
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                root, self.anchors = None, {}
            elif isinstance(event, yaml.DocumentEndEvent):
                if root is not None and not (isinstance(root, Scalar) and root.text == ""):
                    yield root
            elif isinstance(event, yaml.NodeEvent | yaml.CollectionEndEvent):
                root = self.feed(event) or root

    def feed(self, event: yaml.Event) -> Node | None:
        """Take one event; return the document's root when it is complete."""
        line = event.start_mark.line + 1 if event.start_mark else 0
        if isinstance(event, yaml.CollectionStartEvent):
            self.check_tag(event.tag, line)
            if len(self.stack) >= MAX_DEPTH:
                raise YamlError(line, f"nested deeper than {MAX_DEPTH} levels")
            self.stack.append(_Open(isinstance(event, yaml.MappingStartEvent), line, event.anchor))
            return None
        if isinstance(event, yaml.CollectionEndEvent):
            done = self.stack.pop()
            return self.add(done.close(), done.line, done.anchor)
        if isinstance(event, yaml.AliasEvent):
            if event.anchor not in self.anchors:
                raise YamlError(line, f"the alias *{event.anchor} has no anchor before it")
            node = self.anchors[event.anchor]
            self.grow(_size(node), line)
            return self.add(node, line, None)
        if not isinstance(event, yaml.ScalarEvent):
            raise TypeError(f"unexpected YAML event {event}")
        self.check_tag(event.tag, line)
        is_text = not event.implicit[0] or event.tag == _TAG + "str"
        value = event.value if is_text else resolve_scalar(event.value)
        merges = event.value == "<<" and event.implicit[0]
        return self.add(Scalar(value, event.value, line), line, event.anchor, merges=merges)

    def add(self, node: Node, line: int, anchor: str | None, *, merges: bool = False) -> Node | None:
        self.grow(1, line)
        if anchor is not None:
            self.anchors[anchor] = node
        if not self.stack:
            return node
        parent = self.stack[-1]
        if not parent.is_mapping:
            parent.items.append(node)
        elif parent.merging:
            parent.merging = False
            for source in node.items if isinstance(node, Sequence) else (node,):
                if not isinstance(source, Mapping):
                    raise YamlError(line, "<<: needs a mapping to merge")
                parent.merged = {**source.entries, **parent.merged}
        elif parent.key is None and merges:
            parent.merging = True
        elif parent.key is None:
            if not isinstance(node, Scalar):
                raise YamlError(line, "a key must be text, not a list or a mapping")
            if node.text in parent.entries:
                first = parent.entries[node.text].line
                raise YamlError(line, f"duplicate key '{node.text}', first set on line {first}")
            parent.key = (node.text, line)
        else:
            key, key_line = parent.key
            parent.entries[key] = Entry(node, key_line)
            parent.key = None
        return None

    def grow(self, nodes: int, line: int) -> None:
        self.count += nodes
        if self.count > MAX_NODES:
            raise YamlError(line, f"the file expands to more than {MAX_NODES:,} values")

    def check_tag(self, tag: str | None, line: int) -> None:
        if tag is not None and tag not in (_TAG + "str", _TAG + "map", _TAG + "seq", "!"):
            raise YamlError(line, f"the tag {tag.replace(_TAG, '!!')} is not allowed")


def resolve_scalar(text: str) -> str | bool | int | Decimal | None:
    """The value of an unquoted scalar; what is not a null, boolean or number is text."""
    if text in _NULLS:
        return None
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    if _INTEGER.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        return Decimal(text)
    if _INFINITE.fullmatch(text):
        return Decimal(text.replace(".", "").lower())
    return text


def _size(node: Node) -> int:
    total, pending = 0, [node]
    while pending:
        current = pending.pop()
        total += 1
        if total > MAX_NODES:
            break
        if isinstance(current, Mapping):
            pending.extend(entry.value for entry in current.entries.values())
        elif isinstance(current, Sequence):
            pending.extend(current.items)
    return total
