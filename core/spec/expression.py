"""Expressions of custom SLIs: conditions over the canonical columns of a log.

    b_revenue > 0 and region in ('eu', 'us')
    coalesce(f_score, 0) / f_limit between 0.2 and 0.8

Columns, numbers, 'text', true, false, null; ``= == != <> < <= > >=``, ``+ - * / %``, ``and or not``,
``in``, ``between``, ``is null``, and the functions of ``burnline.spec.expression_types.FUNCTIONS``.
Numbers are doubles, division by zero is null, null is unknown as in SQL.
"""

from __future__ import annotations

from typing import Any

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from burnline.spec.expression_parser import parse
from burnline.spec.expression_sql import to_sql
from burnline.spec.expression_tree import ExpressionError, Node, columns_of
from burnline.spec.expression_types import check_condition

__all__ = ["Expression", "ExpressionError", "parse_expression"]


class Expression:
    """A condition that has been parsed and checked; equal when the texts are."""

    __slots__ = ("_tree", "text")

    def __init__(self, text: str, tree: Node) -> None:
        self.text = text
        self._tree = tree

    @property
    def tree(self) -> Node:
        """The parsed condition."""
        return self._tree

    @property
    def columns(self) -> frozenset[str]:
        """The canonical columns the expression reads."""
        return columns_of(self._tree)

    def sql(self, prefix: str = "p") -> tuple[str, dict[str, object]]:
        """DuckDB SQL of the condition, and its literals as parameters ``$<prefix>0``, ``$<prefix>1``…

        The text holds quoted column names and parameters only, nothing else that a person wrote.
        It never fails on a value: what cannot be read as the type it is compared with is null.

        Raises:
            ValueError: ``prefix`` is not a plain name.
        """
        return to_sql(self._tree, prefix)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Expression) and other.text == self.text

    def __hash__(self) -> int:
        return hash(self.text)

    def __repr__(self) -> str:
        return f"Expression({self.text!r})"

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.is_instance_schema(
            cls,
            serialization=core_schema.plain_serializer_function_ser_schema(
                lambda expression: expression.text, return_schema=core_schema.str_schema()
            ),
        )


def parse_expression(text: str) -> Expression:
    """Parse a condition and check the types of what it compares.

    Raises:
        ExpressionError: with the place and the nearest known name.
    """
    tree = parse(text)
    check_condition(tree, text)
    return Expression(text, tree)
