"""The tree of an expression, and the error that points into its text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

CompareOp = Literal["=", "<>", "<", "<=", ">", ">="]
MathOp = Literal["+", "-", "*", "/", "%"]


class ExpressionError(ValueError):
    """An expression cannot be read; ``str()`` shows the text with a caret, ``sentence`` is one line."""

    def __init__(self, what: str, text: str, at: int, hint: str = "") -> None:
        self.at = at
        self.sentence = f"{what} at character {at + 1} of '{_shorten(text)}'{hint}"
        line = text.replace("\n", " ").replace("\t", " ")
        super().__init__(f"{what} at character {at + 1}{hint}\n  {line}\n  {' ' * at}^")


def _shorten(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 80 else f"{line[:79]}…"


@dataclass(frozen=True)
class Literal_:
    """A number, a text, true, false or null."""

    value: float | str | bool | None
    at: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Column:
    """A canonical column."""

    name: str
    at: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Negative:
    """Minus a number."""

    operand: Node
    at: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Not:
    """The opposite of a condition."""

    operand: Node
    at: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Math:
    """Arithmetic on two numbers."""

    op: MathOp
    left: Node
    right: Node
    at: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Compare:
    """A comparison of two values."""

    op: CompareOp
    left: Node
    right: Node
    at: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Logic:
    """Conditions joined by and, or by or."""

    op: Literal["and", "or"]
    operands: tuple[Node, ...]
    at: int = field(default=0, compare=False)


@dataclass(frozen=True)
class In:
    """Whether a value is one of several."""

    operand: Node
    options: tuple[Node, ...]
    negated: bool = False
    at: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Between:
    """Whether a value lies between two others, both included."""

    operand: Node
    low: Node
    high: Node
    negated: bool = False
    at: int = field(default=0, compare=False)


@dataclass(frozen=True)
class IsNull:
    """Whether a value is null."""

    operand: Node
    negated: bool = False
    at: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Call:
    """A function of values."""

    name: str
    arguments: tuple[Node, ...]
    at: int = field(default=0, compare=False)


Node = Literal_ | Column | Negative | Not | Math | Compare | Logic | In | Between | IsNull | Call


def children(node: Node) -> tuple[Node, ...]:
    """The parts of a node, in the order they are written."""
    match node:
        case Literal_() | Column():
            return ()
        case Negative() | Not() | IsNull():
            return (node.operand,)
        case Math() | Compare():
            return (node.left, node.right)
        case Logic():
            return node.operands
        case In():
            return (node.operand, *node.options)
        case Between():
            return (node.operand, node.low, node.high)
        case Call():
            return node.arguments


def columns_of(node: Node) -> frozenset[str]:
    """The columns a node reads."""
    return frozenset(found.name for found in _walk(node) if isinstance(found, Column))


def _walk(node: Node) -> Iterator[Node]:
    yield node
    for child in children(node):
        yield from _walk(child)
