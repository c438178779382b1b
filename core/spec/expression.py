"""A small, safe language for custom SLIs (placeholder until the parser lands)."""

from __future__ import annotations

from typing import Any

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema


class ExpressionError(ValueError):
    """An expression cannot be read."""


class Expression:
    """A parsed expression."""

    def __init__(self, text: str) -> None:
        self.text = text

    @property
    def columns(self) -> frozenset[str]:
        """The canonical columns the expression reads."""
        raise NotImplementedError

    def sql(self, prefix: str = "p") -> tuple[str, dict[str, object]]:
        """DuckDB SQL and its named parameters ``$<prefix>0``, ``$<prefix>1``, …"""
        raise NotImplementedError

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.is_instance_schema(
            cls, serialization=core_schema.plain_serializer_function_ser_schema(lambda e: e.text)
        )


def parse_expression(text: str) -> Expression:
    """Parse an expression."""
    return Expression(text)
