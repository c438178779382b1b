"""Reading the keys of a mapping while collecting everything that is wrong with them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from typing import TypeVar, overload

from burnline.spec.document import Entry, Mapping, Node, Scalar, Sequence
from burnline.spec.errors import Problem, did_you_mean, nearest
from burnline.spec.units import UnitError, describe

T = TypeVar("T")
D = TypeVar("D")


class Flaw(ValueError):
    """A value that cannot be read; ``text`` completes "<key>: …"."""

    def __init__(self, line: int, text: str, where: str = "") -> None:
        super().__init__(text)
        self.line = line
        self.text = text
        self.where = where


@dataclass
class Problems:
    """The problems of one file while they are found."""

    path: str
    found: list[Problem] = field(default_factory=list)

    def by_line(self) -> tuple[Problem, ...]:
        """What was found, in the order of the file."""
        return tuple(sorted(self.found, key=lambda problem: problem.line or 0))

    def add(self, line: int | None, text: str) -> None:
        """Note one problem."""
        problem = Problem(self.path, line, text)
        if problem not in self.found:
            self.found.append(problem)


class Section:
    """One mapping of a document and where it stands (``slos.accuracy``)."""

    def __init__(self, entry: Entry, where: str, problems: Problems, title: str = "") -> None:
        self.line = entry.line
        self.where = where
        self.title = title or where
        self.problems = problems
        # Keys whose absence is explained by another problem that is already noted.
        self.excused: set[str] = set()
        node = entry.value
        self.is_mapping = isinstance(node, Mapping)
        self.entries = node.entries if isinstance(node, Mapping) else {}
        if not self.is_mapping:
            self.flaw(node.line or self.line, f"must be a mapping, not {name_of(node)}")

    def flaw(self, line: int, text: str, key: str | None = None) -> None:
        """Note what is wrong with this section or with one of its keys."""
        where = self.path(key) if key else self.where
        self.problems.add(line, f"{where}: {text}" if where else f"the document {text}")

    def path(self, key: str) -> str:
        """The path of a key as errors name it."""
        return f"{self.where}.{key}" if self.where else key

    def only(self, known: Collection[str]) -> None:
        """Note every key that is not one of ``known``."""
        place = f"in {self.title}" if self.title else "at the top level"
        for key, entry in self.entries.items():
            if key not in known:
                near = nearest(key, known)
                self.excused |= {near} if near else set()
                hint = did_you_mean(key, known)
                self.problems.add(entry.line, f"unknown key '{key}' {place}{hint}")

    def present(self, key: str) -> Entry | None:
        """A key that has a value; None when it is absent or empty."""
        entry = self.entries.get(key)
        if entry is None or (isinstance(entry.value, Scalar) and entry.value.value is None):
            return None
        return entry

    def line_of(self, key: str) -> int:
        """The line of a key, or of the section when it does not have the key."""
        entry = self.entries.get(key)
        return (entry.line if entry else 0) or self.line

    @overload
    def get(self, key: str, parse: Callable[[Node], T]) -> T | None: ...
    @overload
    def get(self, key: str, parse: Callable[[Node], T], default: D) -> T | D: ...
    def get(self, key: str, parse: Callable[[Node], T], default: D | None = None) -> T | D | None:
        """The value of a key; ``default`` when it is absent, empty or (noted) wrong."""
        entry = self.present(key)
        if entry is None:
            return default
        try:
            return parse(entry.value)
        except Flaw as flaw:
            where = f"{key}{flaw.where}"
            self.flaw(flaw.line or self.line_of(key), flaw.text, where)
        except UnitError as error:
            self.flaw(entry.value.line or self.line_of(key), str(error), key)
        return default

    def need(self, key: str, parse: Callable[[Node], T], example: str) -> T | None:
        """As ``get``, but an absent or empty key is noted."""
        if self.present(key) is None:
            if self.is_mapping and key not in self.excused:
                place = f" in {self.title}" if self.title else ""
                self.problems.add(self.line_of(key), f"'{key}' is missing{place}; add {key}: {example}")
            return None
        return self.get(key, parse)

    def section(self, key: str) -> Section | None:
        """The mapping under a key, or None when it is absent or empty."""
        entry = self.present(key)
        return None if entry is None else Section(entry, self.path(key), self.problems)

    def sections(self, key: str) -> Iterator[Section]:
        """The mappings in the list under a key; anything else is noted."""
        for i, node in enumerate(self.get(key, items, ())):
            place = Entry(node, node.line or self.line_of(key))
            yield Section(place, f"{self.path(key)}[{i}]", self.problems)


def name_of(node: Node) -> str:
    """What a node is, for an error."""
    if isinstance(node, Mapping):
        return "a mapping"
    if isinstance(node, Sequence):
        return "a list"
    return describe(node.value)


def scalar(node: Node) -> object:
    """The value of a scalar.

    Raises:
        Flaw: a list or a mapping.
    """
    if not isinstance(node, Scalar):
        raise Flaw(node.line, f"must be a single value, not {name_of(node)}")
    return node.value


def text(node: Node) -> str:
    """A text that is not empty.

    Raises:
        Flaw: anything else; numbers and booleans must be quoted to be text.
    """
    if isinstance(node, Scalar) and isinstance(node.value, str):
        if not node.value.strip():
            raise Flaw(node.line, "must not be empty")
        return node.value
    if isinstance(node, Scalar) and node.value is not None:
        raise Flaw(node.line, f'must be text, not {describe(node.value)}; write "{node.text}"')
    raise Flaw(node.line, f"must be text, not {name_of(node)}")


def items(node: Node) -> tuple[Node, ...]:
    """The items of a list.

    Raises:
        Flaw: not a list.
    """
    if not isinstance(node, Sequence):
        raise Flaw(node.line, f"must be a list, not {name_of(node)}")
    return node.items


def texts(node: Node) -> tuple[str, ...]:
    """A list of different texts, at least one.

    Raises:
        Flaw: not a list, empty, an item that is not text, or the same text twice.
    """
    found: list[str] = []
    for i, item in enumerate(items(node)):
        try:
            word = text(item)
        except Flaw as flaw:
            raise Flaw(flaw.line, flaw.text, f"[{i}]") from None
        if word in found:
            raise Flaw(item.line, f"'{word}' is listed twice")
        found.append(word)
    if not found:
        raise Flaw(node.line, "must not be empty")
    return tuple(found)


def boolean(node: Node) -> bool:
    """true or false.

    Raises:
        Flaw: anything else.
    """
    value = scalar(node)
    if not isinstance(value, bool):
        raise Flaw(node.line, f"must be true or false, not {name_of(node)}")
    return value


def count(node: Node) -> int:
    """A whole number of at least 1.

    Raises:
        Flaw: anything else.
    """
    value = scalar(node)
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise Flaw(node.line, f"must be a whole number of at least 1, not {name_of(node)}")
    return value


def choice(known: Collection[str]) -> Callable[[Node], str]:
    """A parser for one of ``known``."""

    def parse(node: Node) -> str:
        word = text(node)
        if word not in known:
            raise Flaw(node.line, f"unknown value '{word}'{did_you_mean(word, known)}")
        return word

    return parse


def unit(parse: Callable[[object], T]) -> Callable[[Node], T]:
    """A parser for a scalar that ``parse`` reads; its ``UnitError`` becomes the text of the flaw."""

    def read(node: Node) -> T:
        return parse(scalar(node))

    return read


def text_map(node: Node) -> dict[str, str]:
    """A mapping of texts.

    Raises:
        Flaw: not a mapping, or a value that is not text.
    """
    if not isinstance(node, Mapping):
        raise Flaw(node.line, f"must be a mapping, not {name_of(node)}")
    found: dict[str, str] = {}
    for key, entry in node.entries.items():
        try:
            found[key] = text(entry.value)
        except Flaw as flaw:
            raise Flaw(flaw.line, flaw.text, f".{key}") from None
    return found
