"""Text to tree: a recursive descent parser with limits on length and depth."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, cast

from burnline.spec.columns import COLUMNS, FAMILIES, column_type
from burnline.spec.errors import did_you_mean, perhaps
from burnline.spec.expression_tree import (
    Between,
    Call,
    Column,
    Compare,
    CompareOp,
    ExpressionError,
    In,
    IsNull,
    Literal_,
    Logic,
    Math,
    MathOp,
    Negative,
    Node,
    Not,
)
from burnline.spec.expression_types import FUNCTIONS

MAX_LENGTH = 2_000
MAX_DEPTH = 50

_TOKEN = re.compile(
    r"""(?P<space>\s+)
    | (?P<number>(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?(?![\w.]))
    | (?P<text>'(?:[^']|'')*')
    | (?P<quoted>"(?:[^"]|"")*")
    | (?P<word>[^\W\d]\w*)
    | (?P<symbol>==|!=|<>|<=|>=|[=<>+\-*/%(),])""",
    re.VERBOSE,
)
_KEYWORDS = frozenset({"and", "or", "not", "in", "is", "null", "between", "true", "false"})
_COMPARE: dict[str, CompareOp] = {
    "=": "=",
    "==": "=",
    "!=": "<>",
    "<>": "<>",
    "<": "<",
    "<=": "<=",
    ">": ">",
    ">=": ">=",
}


@dataclass(frozen=True)
class _Token:
    kind: Literal["number", "text", "quoted", "word", "symbol", "end"]
    text: str
    at: int

    def is_(self, *symbols: str) -> bool:
        """Whether this is one of these symbols or keywords; keywords in any case."""
        return self.kind in ("word", "symbol") and self.text.lower() in symbols


def parse(text: str) -> Node:
    """Parse an expression; names and syntax are checked, types are not.

    Raises:
        ExpressionError: with the place and the nearest known name.
    """
    if len(text) > MAX_LENGTH:
        what = f"the expression is longer than {MAX_LENGTH:,} characters"
        raise ExpressionError(what, text[:MAX_LENGTH], MAX_LENGTH)
    parser = _Parser(text)
    node = parser.condition()
    if parser.now.kind != "end":
        raise parser.unexpected("expected an operator or the end")
    return node


def _tokens(text: str) -> Iterator[_Token]:
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            raise ExpressionError(_unreadable(text[at]), text, at)
        if match.lastgroup != "space":
            yield _Token(match.lastgroup, match[0], at)  # type: ignore[arg-type]  # the pattern's group names
        at = match.end()
    yield _Token("end", "", len(text))


def _unreadable(character: str) -> str:
    if character in "'\"":
        return f"the quote {character} is never closed,"
    if character.isdigit() or character == ".":
        return "this number cannot be read,"
    return f"unexpected '{character}'"


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = list(_tokens(text))
        self.position = 0
        self.depth = 0

    @property
    def now(self) -> _Token:
        return self.tokens[self.position]

    def take(self) -> _Token:
        token = self.now
        self.position += 1
        return token

    def accept(self, *symbols: str) -> _Token | None:
        return self.take() if self.now.is_(*symbols) else None

    def expect(self, symbol: str) -> None:
        if not self.accept(symbol):
            raise self.unexpected(f"expected '{symbol}'")

    def unexpected(self, wanted: str) -> ExpressionError:
        found = "the end" if self.now.kind == "end" else self.now.text
        return ExpressionError(f"{wanted}, found {found}", self.text, self.now.at)

    def nested(self, rule: Callable[[], Node]) -> Node:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            what = f"the expression is nested deeper than {MAX_DEPTH} levels"
            raise ExpressionError(what, self.text, self.now.at)
        node = rule()
        self.depth -= 1
        return node

    def condition(self) -> Node:
        return self.logic("or", lambda: self.logic("and", self.negation))

    def logic(self, op: Literal["and", "or"], rule: Callable[[], Node]) -> Node:
        at = self.now.at
        operands = [rule()]
        while self.accept(op):
            operands.append(rule())
        return Logic(op, tuple(operands), at) if len(operands) > 1 else operands[0]

    def negation(self) -> Node:
        token = self.accept("not")
        return Not(self.nested(self.negation), token.at) if token else self.comparison()

    def comparison(self) -> Node:
        left = self.sum()
        token = self.now
        if token.is_(*_COMPARE):
            self.take()
            node: Node = Compare(_COMPARE[token.text], left, self.sum(), token.at)
        elif self.accept("is"):
            negated = self.accept("not") is not None
            self.expect("null")
            node = IsNull(left, negated, token.at)
        else:
            negated = self.accept("not") is not None
            if self.accept("in"):
                node = In(left, self.arguments(), negated, token.at)
            elif self.accept("between"):
                low = self.sum()
                self.expect("and")
                node = Between(left, low, self.sum(), negated, token.at)
            elif negated:
                raise self.unexpected("expected 'in' or 'between' after 'not'")
            else:
                return left
        if self.now.is_(*_COMPARE, "is", "in", "between"):
            raise self.unexpected("a comparison cannot be compared again; join two with 'and'")
        return node

    def sum(self) -> Node:
        return self.chain(("+", "-"), self.product)

    def product(self) -> Node:
        return self.chain(("*", "/", "%"), self.signed)

    def chain(self, symbols: tuple[str, ...], rule: Callable[[], Node]) -> Node:
        """Operators that bind to the left; each makes the tree one deeper."""
        depth, node = self.depth, rule()
        while token := self.accept(*symbols):
            node = Math(cast(MathOp, token.text), node, self.nested(rule), token.at)
            self.depth += 1
        self.depth = depth
        return node

    def signed(self) -> Node:
        token = self.accept("-")
        if token:
            return Negative(self.nested(self.signed), token.at)
        return self.nested(self.signed) if self.accept("+") else self.primary()

    def primary(self) -> Node:
        if self.accept("("):
            node = self.nested(self.condition)
            self.expect(")")
            return node
        if self.now.is_("true", "false"):
            token = self.take()
            return Literal_(token.text.lower() == "true", token.at)
        if self.now.is_("null"):
            return Literal_(None, self.take().at)
        if self.now.kind == "number":
            token = self.take()
            value = float(token.text)
            if not math.isfinite(value):
                raise ExpressionError("this number is too large,", self.text, token.at)
            return Literal_(value, token.at)
        if self.now.kind == "text":
            token = self.take()
            return Literal_(token.text[1:-1].replace("''", "'"), token.at)
        if self.now.kind == "quoted":
            token = self.take()
            return self.column(token.text[1:-1].replace('""', '"'), token.at)
        if self.now.kind != "word" or self.now.text.lower() in _KEYWORDS:
            raise self.unexpected("expected a column, a value or '('")
        token = self.take()
        return self.call(token) if self.now.is_("(") else self.column(token.text, token.at)

    def call(self, token: _Token) -> Node:
        name = token.text.lower()
        if name not in FUNCTIONS:
            what = f"unknown function '{token.text}'"
            raise ExpressionError(what, self.text, token.at, did_you_mean(name, FUNCTIONS))
        arguments = self.arguments()
        function = FUNCTIONS[name]
        if not function.fewest <= len(arguments) <= function.most:
            takes = "one value" if function.most == 1 else "two values or more"
            raise ExpressionError(f"{name} takes {takes},", self.text, token.at)
        return Call(name, arguments, token.at)

    def arguments(self) -> tuple[Node, ...]:
        self.expect("(")
        found = [self.nested(self.condition)]
        while self.accept(","):
            found.append(self.nested(self.condition))
        self.expect(")")
        return tuple(found)

    def column(self, name: str, at: int) -> Node:
        if column_type(name) is None:
            families = ", ".join(f"{prefix}…" for prefix in FAMILIES)
            hint = perhaps(name, COLUMNS, f"a column of your own begins with {families}")
            raise ExpressionError(f"unknown column '{name}'", self.text, at, hint)
        return Column(name, at)
