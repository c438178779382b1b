"""Tree to DuckDB SQL: quoted columns, named parameters, and nothing that fails on a value."""

from __future__ import annotations

import re

from burnline.spec.columns import ColumnType
from burnline.spec.expression_tree import (
    Between,
    Call,
    Column,
    Compare,
    CompareOp,
    In,
    IsNull,
    Literal_,
    Logic,
    Math,
    Negative,
    Node,
    Not,
)
from burnline.spec.expression_types import FUNCTIONS, common_type, type_of
from burnline.spec.quoting import quote_identifier

_ENGINE_TYPES: dict[ColumnType, str] = {
    "number": "double",
    "text": "varchar",
    "boolean": "boolean",
}
_PREFIX = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def to_sql(node: Node, prefix: str) -> tuple[str, dict[str, object]]:
    """SQL of a checked condition and its parameters.

    Raises:
        ValueError: ``prefix`` is not a plain name.
    """
    if not _PREFIX.fullmatch(prefix):
        raise ValueError(f"not a parameter prefix: {prefix!r}")
    writer = _Writer(prefix)
    return writer.write(node, "boolean"), writer.parameters


class _Writer:
    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self.parameters: dict[str, object] = {}

    def write(self, node: Node, wanted: ColumnType) -> str:
        """SQL of ``node`` as a value of the type ``wanted``; times and "any" are left as they are."""
        match node:
            case Literal_():
                return self.literal(node.value)
            case Column():
                return _cast(quote_identifier(node.name), wanted)
            case Negative():
                return f"(-{self.write(node.operand, 'number')})"
            case Not():
                return f"(not {self.write(node.operand, 'boolean')})"
            case Math():
                left, right = self.write(node.left, "number"), self.write(node.right, "number")
                if node.op in "/%":
                    right = f"nullif({right}, 0)"
                return f"({left} {node.op} {right})"
            case Logic():
                parts = (self.write(operand, "boolean") for operand in node.operands)
                return f"({f' {node.op} '.join(parts)})"
            case Compare():
                return self.compare(node.op, node.left, node.right)
            case Between():
                return self.between(node)
            case In():
                return self.one_of(node)
            case IsNull():
                value = self.write(node.operand, type_of(node.operand))
                return f"({value} is {_not(node.negated)}null)"
            case Call():
                return self.call(node, wanted)

    def literal(self, value: float | str | bool | None) -> str:
        if value is None:
            return "null"
        name = f"{self.prefix}{len(self.parameters)}"
        self.parameters[name] = value
        return f"${name}"

    def compare(self, op: CompareOp, left: Node, right: Node) -> str:
        wanted = common_type((left, right))
        a, b = self.write(left, wanted), self.write(right, wanted)
        if wanted != "any":
            return f"({a} {op} {b})"
        # Two columns whose types only the log knows: as numbers where both are, else as text.
        x, y = _cast(a, "number"), _cast(b, "number")
        as_text = f"{_cast(a, 'text')} {op} {_cast(b, 'text')}"
        return f"(case when {x} is not null and {y} is not null then {x} {op} {y} else {as_text} end)"

    def between(self, node: Between) -> str:
        wanted = common_type((node.operand, node.low, node.high))
        if wanted == "any":
            low = self.compare(">=", node.operand, node.low)
            high = self.compare("<=", node.operand, node.high)
            return f"({_not(node.negated)}({low} and {high}))"
        value, low, high = (self.write(part, wanted) for part in (node.operand, node.low, node.high))
        return f"({value} {_not(node.negated)}between {low} and {high})"

    def one_of(self, node: In) -> str:
        wanted = common_type((node.operand, *node.options))
        if wanted == "any":
            equal = " or ".join(self.compare("=", node.operand, option) for option in node.options)
            return f"({_not(node.negated)}({equal}))"
        value = self.write(node.operand, wanted)
        options = ", ".join(self.write(option, wanted) for option in node.options)
        return f"({value} {_not(node.negated)}in ({options}))"

    def call(self, node: Call, wanted: ColumnType) -> str:
        function = FUNCTIONS[node.name]
        common = common_type(node.arguments)
        if function.takes is None and common == "any":
            # Arguments of unknown types need one type before they can be chosen from.
            common = wanted if wanted != "any" else "text"
        takes = function.takes or common
        arguments = ", ".join(self.write(argument, takes) for argument in node.arguments)
        return f"{node.name}({arguments})"


def _cast(sql: str, wanted: ColumnType) -> str:
    return f"try_cast({sql} as {_ENGINE_TYPES[wanted]})" if wanted in _ENGINE_TYPES else sql


def _not(negated: bool) -> str:
    return "not " if negated else ""
