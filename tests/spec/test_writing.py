"""What is written is read back as it was."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from burnline.spec.document import parse_documents, plain
from burnline.spec.writing import entry

words = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=12)
numbers = st.from_regex(r"[-+]?[0-9]{0,3}\.?[0-9]{0,3}([eE][-+]?[0-9]{1,2})?", fullmatch=True)


@given(st.dictionaries(words | numbers, st.one_of(words, numbers, st.lists(words, max_size=3)), max_size=3))
@example({"name": "1e3", "x": "09", "y": "1_0", "z": "yes", "v": "2026-01-01", "w": "a: b #c"})
@example({"name": "two\nlines", "x": "tab\tend ", "y": "\x85\u2028\ufeff"})
def test_any_text_survives(value: dict[str, object]) -> None:
    text = "first: 1\n" + "second:\n" + entry("key", value, indent=4, comment="about") + entry("k2", "x", indent=4)
    assert [plain(d) for d in parse_documents(text)] == [{"first": 1, "second": {"key": value, "k2": "x"}}]


@given(words | numbers)
def test_any_text_alone_survives(value: str) -> None:
    text = "top:\n" + entry("key", value, indent=2, comment="about") + entry("other", False, indent=2)
    assert [plain(d) for d in parse_documents(text)] == [{"top": {"key": value, "other": False}}]


def test_a_mapping_is_one_line() -> None:
    written = entry("latency", {"threshold": 0.8, "features": ["f_a"], "on": False}, indent=2, comment="why")
    assert written == "  latency: {threshold: 0.8, features: [f_a], 'on': false}  # why\n"
    assert entry("logs", [{"path": "a"}]) == "logs:\n- {path: a}\n"


def test_a_comment_is_one_line() -> None:
    with pytest.raises(ValueError, match="a comment is one line"):
        entry("a", 1, comment="b\nc")
