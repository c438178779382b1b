"""What type each part of an expression has, so that mistakes show before any row is read.

A feature, a label or a prediction has the type "any": it takes the type of what it meets.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from burnline.spec.columns import ColumnType, column_type
from burnline.spec.expression_tree import (
    Between,
    Call,
    Column,
    Compare,
    ExpressionError,
    In,
    IsNull,
    Literal_,
    Logic,
    Math,
    Negative,
    Node,
    Not,
    children,
)

MANY = 100

_PHRASES: dict[ColumnType, str] = {
    "number": "a number",
    "text": "text",
    "boolean": "a condition",
    "time": "a time",
    "any": "a value",
}


@dataclass(frozen=True)
class Function:
    """What a function takes and gives; None is the common type of its arguments."""

    takes: ColumnType | None
    gives: ColumnType | None
    fewest: int = 1
    most: int = 1


FUNCTIONS = {
    "abs": Function("number", "number"),
    "lower": Function("text", "text"),
    "upper": Function("text", "text"),
    "length": Function("text", "number"),
    "coalesce": Function(None, None, 2, MANY),
    "least": Function(None, None, 2, MANY),
    "greatest": Function(None, None, 2, MANY),
}


def check_condition(node: Node, text: str) -> None:
    """Check that a tree is a condition and that every part of it fits together.

    Raises:
        ExpressionError: at the part that does not fit.
    """
    _check(node, text)
    _expect(node, "boolean", text)


def type_of(node: Node) -> ColumnType:
    """The type of a checked node; null is "any"."""
    match node:
        case Literal_(value=bool()) | Not() | Compare() | Logic() | In() | Between() | IsNull():
            return "boolean"
        case Literal_(value=float()) | Negative() | Math():
            return "number"
        case Literal_(value=str()):
            return "text"
        case Literal_():
            return "any"
        case Column():
            return column_type(node.name) or "any"
        case Call():
            return FUNCTIONS[node.name].gives or common_type(node.arguments)


def common_type(nodes: Iterable[Node]) -> ColumnType:
    """The type in which checked nodes are compared: the first that is known."""
    return next((found for node in nodes if (found := type_of(node)) != "any"), "any")


def _check(node: Node, text: str) -> None:
    for child in children(node):
        _check(child, text)
    match node:
        case Not() | Logic():
            for child in children(node):
                _expect(child, "boolean", text)
        case Negative() | Math():
            for child in children(node):
                _expect(child, "number", text)
        case Compare() | In() | Between():
            for child in children(node):
                if child == Literal_(None):
                    raise ExpressionError("a comparison with null is never true", text, child.at, "; write 'is null'")
            _agree(children(node), text)
        case Call():
            wanted = FUNCTIONS[node.name].takes
            for argument in node.arguments:
                if wanted is not None:
                    _expect(argument, wanted, text)
            if wanted is None:
                _agree(node.arguments, text)
        case Literal_() | Column() | IsNull():
            pass


def _expect(node: Node, wanted: ColumnType, text: str) -> None:
    found = type_of(node)
    if found not in (wanted, "any"):
        what = f"expected {_PHRASES[wanted]}, found {_PHRASES[found]}"
        raise ExpressionError(what, text, node.at)


def _agree(nodes: tuple[Node, ...], text: str) -> None:
    wanted = common_type(nodes)
    for node in nodes:
        found = type_of(node)
        if found not in (wanted, "any"):
            what = f"{_PHRASES[wanted]} cannot be compared with {_PHRASES[found]}"
            raise ExpressionError(what, text, node.at)
