"""Expressions: what they mean, what they refuse, and that no text of a person becomes SQL."""

from __future__ import annotations

import math
import re

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from burnline.spec.expression import Expression, ExpressionError, parse_expression
from burnline.spec.expression_tree import (
    Between,
    Call,
    Column,
    Compare,
    In,
    IsNull,
    Literal_,
    Logic,
    Math,
    Negative,
    Node,
    Not,
)
from burnline.spec.quoting import quote_identifier

Value = float | str | bool | None
ROW: dict[str, Value] = {
    "status": 200.0,
    "latency_ms": 12.5,
    "confidence": None,
    "region": "eu",
    "version": None,
    "canary": True,
    "b_revenue": -3.0,
    "d_plan": "gold",
    "f_age": 41.0,
}
TYPES = {float: "double", str: "varchar", bool: "boolean"}


def evaluate(expression: Expression, row: dict[str, Value]) -> object:
    """The value of an expression for one row, by DuckDB."""
    text, parameters = expression.sql("x")
    cells = {name: f"${name}" if value is not None else "null" for name, value in row.items()}
    columns = ", ".join(
        f"{cells[name]}::{TYPES.get(type(value), 'varchar')} as {quote_identifier(name)}" for name, value in row.items()
    )
    given_ = {name: value for name, value in row.items() if value is not None}
    with duckdb.connect() as con:
        found = con.execute(f"select {text} from (select {columns})", parameters | given_).fetchone()
    assert found is not None
    return found[0]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("b_revenue > 0", False),
        ("status < 500", True),
        ("status == 200 AND Region = 'eu'".replace("Region", "region"), True),
        ("status != 200 or status <> 201", True),
        ("not canary", False),
        ("confidence > 0.5", None),
        ("confidence is null", True),
        ("confidence IS NOT NULL", False),
        ("region in ('eu', 'us')", True),
        ("region not in ('eu', 'us')", False),
        ("version in ('a')", None),
        ("latency_ms between 12.5 and 13", True),
        ("latency_ms not between 0 and 10", True),
        ("not latency_ms between 0 and 10", True),
        ("abs(b_revenue) = 3", True),
        ("-b_revenue = 3", True),
        ("+status = 200", True),
        ("1 + 2 * 3 = 7", True),
        ("(1 + 2) * 3 = 9", True),
        ("10 - 4 - 3 = 3", True),
        ("7 / 2 = 3.5", True),
        ("-7 % 3 = -1", True),
        ("1 / 0 is null", True),
        ("1 % 0 is null", True),
        ("upper(region) = 'EU'", True),
        ("lower('ÄB') = 'äb'", True),
        ("length(d_plan) = 4", True),
        ("coalesce(confidence, 0.25) = .25", True),
        ("least(3, confidence, 2) = 2", True),
        ("greatest(status, 1e3) = 1000", True),
        ("d_plan = 'it''s'", False),
        ("\"d_plan\" = 'gold'", True),
        ("true or 1 / 0 = 1", True),
        ("false and confidence > 1", False),
        ("f_age > 40", True),
        ("f_age = '41.0'", True),
        ("coalesce(f_age, 0) = 41", True),
        ("f_age = 'forty-one'", False),
        ("label = prediction", None),
    ],
)
def test_the_value_of_an_expression(text: str, value: bool | None) -> None:
    assert evaluate(parse_expression(text), ROW | {"label": None, "prediction": "a"}) is value


@pytest.mark.parametrize(
    ("label", "prediction", "same"),
    [
        ("1", 1.0, True),
        ("1.0", 1.0, True),
        ("a", "a", True),
        ("a", 1.0, False),
        (True, "true", True),
        ("a", None, None),
    ],
)
def test_columns_of_unknown_type_are_compared_as_what_they_are(label: Value, prediction: Value, same: object) -> None:
    assert evaluate(parse_expression("label = prediction"), {"label": label, "prediction": prediction}) is same


def test_a_text_in_a_feature_that_is_compared_with_a_number_is_null() -> None:
    assert evaluate(parse_expression("f_x > 1"), {"f_x": "many"}) is None


def test_a_feature_that_is_a_condition() -> None:
    assert evaluate(parse_expression("not f_blocked"), {"f_blocked": False}) is True


def test_columns() -> None:
    expression = parse_expression("b_revenue > 0 and coalesce(f_age, d_age) is null or length(region) in (rank, 2)")
    assert expression.columns == {"b_revenue", "f_age", "d_age", "region", "rank"}


def test_a_column_may_be_quoted() -> None:
    expression = parse_expression('"f_a ""b"" c" > 1')
    assert expression.columns == {'f_a "b" c'}
    assert '"f_a ""b"" c"' in expression.sql()[0]


def test_literals_are_parameters_named_in_order() -> None:
    text, parameters = parse_expression("status < 500 and region = 'x''; drop table t; --'").sql("good")
    assert text == ('((try_cast("status" as double) < $good0) and (try_cast("region" as varchar) = $good1))')
    assert parameters == {"good0": 500.0, "good1": "x'; drop table t; --"}


def test_a_prefix_is_a_plain_name() -> None:
    with pytest.raises(ValueError, match="not a parameter prefix"):
        parse_expression("true").sql("a b")


def test_expressions_are_equal_when_their_texts_are() -> None:
    assert parse_expression("canary") == parse_expression("canary")
    assert hash(parse_expression("canary")) == hash(parse_expression("canary"))
    assert parse_expression("canary") != parse_expression("not canary")
    assert repr(parse_expression("canary")) == "Expression('canary')"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected a column, a value or '(', found the end at character 1"),
        ("statu < 500", "unknown column 'statu' at character 1; did you mean 'status'?"),
        ("income > 0", "unknown column 'income' at character 1; a column of your own begins with f_…, d_…, b_…, p_…"),
        ("lowr(region) = 'x'", "unknown function 'lowr' at character 1; did you mean 'lower'?"),
        ("abs(1, 2) = 1", "abs takes one value, at character 1"),
        ("least(1) = 1", "least takes two values or more, at character 1"),
        ("status <", "expected a column, a value or '(', found the end at character 9"),
        ("(status < 5", "expected ')', found the end at character 12"),
        ("status < 5)", "expected an operator or the end, found ) at character 11"),
        ("1 < status < 5", "a comparison cannot be compared again; join two with 'and', found < at character 12"),
        ("region = 'eu", "the quote ' is never closed, at character 10"),
        ("status < 5; drop", "unexpected ';' at character 11"),
        ("status < 12ab", "this number cannot be read, at character 10"),
        ("status < 1e999", "this number is too large, at character 10"),
        ("status not 5", "expected 'in' or 'between' after 'not', found 5 at character 12"),
        ("status is 5", "expected 'null', found 5 at character 11"),
        ("status", "expected a condition, found a number at character 1"),
        ("status = '500'", "a number cannot be compared with text at character 10"),
        ("region + 1 = 2", "expected a number, found text at character 1"),
        ("not status", "expected a condition, found a number at character 5"),
        ("status = null", "a comparison with null is never true at character 10; write 'is null'"),
        ("coalesce(status, 'a') = 1", "a number cannot be compared with text at character 18"),
        ("timestamp > '2026-01-01'", "a time cannot be compared with text at character 13"),
        ("region in ()", "expected a column, a value or '(', found ) at character 12"),
    ],
)
def test_mistakes_are_named_with_their_place(text: str, message: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse_expression(text)
    first, line, caret = str(caught.value).split("\n")
    assert first == message
    assert line == "  " + text
    at = int(re.findall(r"at character (\d+)", message)[-1])
    assert caret.index("^") == 2 + at - 1
    assert "\n" not in caught.value.sentence


def test_the_sentence_is_one_line() -> None:
    with pytest.raises(ExpressionError) as caught:
        parse_expression("status <\n oops")
    assert caught.value.sentence.startswith("unknown column 'oops' at character 11 of 'status < oops'")


@pytest.mark.parametrize(
    "text",
    [
        "(" * 51 + "canary" + ")" * 51,
        "not " * 51 + "canary",
        "-" * 51 + "1 = 1",
        "abs(" * 51 + "1" + ")" * 51 + "= 1",
        "+".join(["1"] * 60) + " = 1",
    ],
)
def test_depth_is_limited(text: str) -> None:
    with pytest.raises(ExpressionError, match="nested deeper than 50 levels"):
        parse_expression(text)


def test_length_is_limited() -> None:
    with pytest.raises(ExpressionError, match="longer than 2,000 characters"):
        parse_expression("canary or " * 200 + "canary")


def test_many_conditions_in_a_row_are_no_depth() -> None:
    assert evaluate(parse_expression(" or ".join(["canary"] * 200)), {"canary": True}) is True


def test_nested_comparisons_do_not_multiply() -> None:
    text = "canary"
    for _ in range(30):
        text = f"({text}) between false and true"
    assert len(parse_expression(text).sql()[0]) < 5_000


# Random trees: printed, parsed, evaluated by DuckDB and by a few lines of Python.

numbers = st.one_of(
    st.sampled_from(["status", "latency_ms", "confidence", "b_revenue", "f_age"]).map(Column),
    st.integers(-20, 20).map(lambda i: Negative(Literal_(float(-i))) if i < 0 else Literal_(float(i))),
    st.sampled_from([0.5, 0.25, 1e3]).map(Literal_),
)
texts = st.one_of(
    st.sampled_from(["region", "version", "d_plan"]).map(Column),
    st.text("aB'\"$-;ü \\", max_size=4).map(Literal_),
)
conditions = st.one_of(st.just(Column("canary")), st.booleans().map(Literal_))


def _deeper(trees: st.SearchStrategy[tuple[Node, Node, Node]]) -> st.SearchStrategy[tuple[Node, Node, Node]]:
    """Number, text and condition trees, one level deeper."""
    number, text, condition = (trees.map(lambda t, i=i: t[i]) for i in range(3))  # type: ignore[misc]
    op = st.sampled_from(["=", "<>", "<", "<=", ">", ">="])
    pair = st.one_of(st.tuples(number, number), st.tuples(text, text))
    several = st.one_of(st.lists(number, min_size=2, max_size=4), st.lists(text, min_size=2, max_size=4))
    new_number = st.one_of(
        number,
        number.map(Negative),
        st.builds(Math, st.sampled_from(["+", "-", "*", "/", "%"]), number, number),
        number.map(lambda n: Call("abs", (n,))),
        text.map(lambda t: Call("length", (t,))),
        st.builds(
            lambda name, nodes: Call(name, tuple(nodes)),
            st.sampled_from(["coalesce", "least", "greatest"]),
            st.lists(number, min_size=2, max_size=3),
        ),
    )
    new_text = st.one_of(text, st.builds(lambda n, t: Call(n, (t,)), st.sampled_from(["lower", "upper"]), text))
    new_condition = st.one_of(
        condition,
        condition.map(Not),
        st.builds(
            lambda o, nodes: Logic(o, tuple(nodes)),
            st.sampled_from(["and", "or"]),
            st.lists(condition, min_size=2, max_size=3),
        ),
        st.builds(lambda o, p: Compare(o, *p), op, pair),
        st.builds(lambda n, nodes: In(nodes[0], tuple(nodes[1:]), n), st.booleans(), several),
        st.builds(lambda n, nodes: Between(*nodes, n), st.booleans(), st.lists(number, min_size=3, max_size=3)),
        st.builds(lambda n, node: IsNull(node, n), st.booleans(), st.one_of(number, text, condition)),
    )
    return st.tuples(new_number, new_text, new_condition)


trees = st.recursive(st.tuples(numbers, texts, conditions), _deeper, max_leaves=6).map(lambda t: t[2])


def show(node: Node) -> str:
    """An expression as a person would write it, every part in parentheses."""
    match node:
        case Literal_(value=None):
            return "null"
        case Literal_(value=bool() as flag):
            return "TRUE" if flag else "false"
        case Literal_(value=str() as text):
            return "'" + text.replace("'", "''") + "'"
        case Literal_():
            return repr(node.value)
        case Column():
            return node.name
        case Negative():
            return f"(-{show(node.operand)})"
        case Not():
            return f"(not {show(node.operand)})"
        case Math() | Compare():
            return f"({show(node.left)} {node.op} {show(node.right)})"
        case Logic():
            return "(" + f" {node.op.upper()} ".join(map(show, node.operands)) + ")"
        case In():
            return f"({show(node.operand)} {'not ' * node.negated}in ({', '.join(map(show, node.options))}))"
        case Between():
            return f"({show(node.operand)} {'not ' * node.negated}between {show(node.low)} and {show(node.high)})"
        case IsNull():
            return f"({show(node.operand)} is {'not ' * node.negated}null)"
        case Call():
            return f"{node.name}({', '.join(map(show, node.arguments))})"


def _and(values: list[Value]) -> Value:
    return False if False in values else None if None in values else True


def _not(value: Value) -> Value:
    return None if value is None else not value


def value_of(node: Node, row: dict[str, Value]) -> Value:
    """The value of a node by SQL's three-valued logic."""

    def of(part: Node) -> Value:
        return value_of(part, row)

    match node:
        case Literal_():
            return node.value
        case Column():
            return row[node.name]
        case Negative():
            return _math("-", 0.0, of(node.operand))
        case Not():
            return _not(of(node.operand))
        case Math():
            return _math(node.op, of(node.left), of(node.right))
        case Compare():
            return _compare(node.op, of(node.left), of(node.right))
        case Logic(op="and"):
            return _and([of(part) for part in node.operands])
        case Logic():
            return _not(_and([_not(of(part)) for part in node.operands]))
        case In():
            equal = [_compare("=", of(node.operand), of(option)) for option in node.options]
            found = _not(_and([_not(one) for one in equal]))
            return _not(found) if node.negated else found
        case Between():
            inside = _and(
                [_compare(">=", of(node.operand), of(node.low)), _compare("<=", of(node.operand), of(node.high))]
            )
            return _not(inside) if node.negated else inside
        case IsNull():
            return (of(node.operand) is None) != node.negated
        case Call():
            return _call(node.name, [of(argument) for argument in node.arguments])


def _math(op: str, a: Value, b: Value) -> Value:
    if a is None or b is None:
        return None
    assert isinstance(a, float)
    assert isinstance(b, float)
    if op in "/%" and b == 0:
        return None
    return {
        "+": lambda: a + b,
        "-": lambda: a - b,
        "*": lambda: a * b,
        "/": lambda: a / b,
        "%": lambda: math.fmod(a, b),
    }[op]()


def _compare(op: str, a: Value, b: Value) -> Value:
    if a is None or b is None:
        return None
    less, same = a < b, a == b  # type: ignore[operator]
    return {"=": same, "<>": not same, "<": less, "<=": less or same, ">": not less and not same, ">=": not less}[op]


def _call(name: str, values: list[Value]) -> Value:
    known = [value for value in values if value is not None]
    if not known:
        return None
    first = known[0]
    match name:
        case "abs":
            assert isinstance(first, float)
            return abs(first)
        case "length":
            assert isinstance(first, str)
            return float(len(first))
        case "lower" | "upper":
            assert isinstance(first, str)
            return first.lower() if name == "lower" else first.upper()
        case "coalesce":
            return first
        case _:
            return (min if name == "least" else max)(known)  # type: ignore[type-var]


@given(trees)
@settings(max_examples=300, deadline=None)
def test_random_expressions_mean_what_they_say(tree: Node) -> None:
    expression = parse_expression(show(tree))
    assert expression.tree == tree
    assert evaluate(expression, ROW) == value_of(tree, ROW)
