"""YAML with positions: what it keeps, what it refuses, and that no input brings it down."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from burnline.spec import DefinitionError
from burnline.spec.document import Mapping, YamlError, from_plain, parse_documents, plain, read_documents


def read(text: str) -> object:
    return [plain(document) for document in parse_documents(text)]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: 0.10", {"a": Decimal("0.10")}),
        ("a: 1e3", {"a": Decimal(1000)}),
        ("a: 12", {"a": 12}),
        ("a: '12'", {"a": "12"}),
        ("a: !!str 12", {"a": "12"}),
        ("a: 1:30", {"a": "1:30"}),
        ("a: 1_000", {"a": "1_000"}),
        ("a: 2026-01-01", {"a": "2026-01-01"}),
        ("a: 2026-01-01 00:00:00", {"a": "2026-01-01 00:00:00"}),
        ("a: no", {"a": False}),
        ("a: 'no'", {"a": "no"}),
        ("a: ~", {"a": None}),
        ("a:", {"a": None}),
        ("a: 99.9%", {"a": "99.9%"}),
        ("a: [1, x]", {"a": [1, "x"]}),
        ("5: x", {"5": "x"}),
        ("a: &x {b: 1}\nc: *x", {"a": {"b": 1}, "c": {"b": 1}}),
        ("a: &x {b: 1, c: 2}\nd: {<<: *x, c: 3}", {"a": {"b": 1, "c": 2}, "d": {"b": 1, "c": 3}}),
        (
            "a: &x {b: 1}\ne: &y {b: 2, c: 3}\nd: {<<: [*x, *y]}",
            {"a": {"b": 1}, "e": {"b": 2, "c": 3}, "d": {"b": 1, "c": 3}},
        ),
    ],
)
def test_values(text: str, value: object) -> None:
    assert read(text) == [value]


def test_infinite_numbers_are_numbers() -> None:
    assert str(read("[.inf, -.INF, .nan]")) == "[[Decimal('Infinity'), Decimal('-Infinity'), Decimal('NaN')]]"


def test_lines() -> None:
    (document,) = parse_documents("# about\na: 1\nb:\n  c: [1,\n   2]\n")
    assert isinstance(document, Mapping)
    b = document.entries["b"]
    assert (document.entries["a"].line, b.line) == (2, 3)
    assert isinstance(b.value, Mapping)
    assert b.value.entries["c"].line == 4


def test_several_documents_and_empty_ones() -> None:
    assert read("a: 1\n---\n---\nb: 2\n...\n") == [{"a": 1}, {"b": 2}]
    assert read("# nothing\n") == []


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("a: 1\nb: 2\na: 3", 3, "duplicate key 'a', first set on line 1"),
        ("a: *x", 1, "the alias *x has no anchor before it"),
        ("a: &x [*x]", 1, "the alias *x has no anchor before it"),
        ("a: !!python/object:os.system {}", 1, "the tag !!python/object:os.system is not allowed"),
        ("a: !own 1", 1, "the tag !own is not allowed"),
        ("[a]: 1", 1, "a key must be text, not a list or a mapping"),
        ("a: {<<: 1}", 1, "<<: needs a mapping to merge"),
        ("a: 1\nb: c: d", 2, "invalid YAML: mapping values are not allowed in this context"),
        ("a: {b: c", 2, "invalid YAML: while parsing a flow mapping did not find expected ',' or '}'"),
        ("a: 1\n\tb: 2", 2, None),
        ("a: \x00", 1, None),
        ("\n" + "[" * 100_000, 2, "nested deeper than 50 levels"),
        ("{a: " * 100_000, 1, "nested deeper than 50 levels"),
    ],
)
def test_what_is_refused(text: str, line: int, message: str | None) -> None:
    with pytest.raises(YamlError) as caught:
        parse_documents(text)
    assert caught.value.line == line
    assert message is None or caught.value.text == message


def test_aliases_cannot_expand_without_end() -> None:
    lines = ["a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 9)]
    with pytest.raises(YamlError, match="expands to more than 200,000 values"):
        parse_documents("\n".join(lines))


def test_a_byte_order_mark_is_no_part_of_the_first_key(tmp_path: Path) -> None:
    path = tmp_path / "marked.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: 1")
    assert [plain(document) for document in read_documents(path)] == [{"a": 1}]


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    latin = tmp_path / "latin.yaml"
    latin.write_bytes("a: 1\nb: Zürich\n".encode("latin-1"))
    empty = tmp_path / "empty.yaml"
    empty.write_text("# nothing yet\n")
    for path, message in (
        (latin, f"{latin}:2: is not UTF-8 text; save the file as UTF-8"),
        (empty, f"{empty}: is empty"),
        (tmp_path / "none.yaml", f"{tmp_path / 'none.yaml'}: cannot be read: No such file or directory"),
        (tmp_path, f"{tmp_path}: cannot be read: Is a directory"),
    ):
        with pytest.raises(DefinitionError) as caught:
            read_documents(path)
        assert str(caught.value) == message


def test_from_plain_refuses_what_yaml_cannot_hold() -> None:
    with pytest.raises(TypeError, match="not plain YAML"):
        from_plain(object())


words = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=8)
values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-1000, 1000), words),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(words, inner, max_size=3)),
    max_leaves=10,
)


@given(st.dictionaries(words, values, max_size=4))
def test_what_a_yaml_writer_writes_is_read_back(value: dict[str, object]) -> None:
    assert read(yaml.safe_dump(value, allow_unicode=True, sort_keys=False)) == [value]
    assert plain(from_plain(value)) == value
