from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from burnline.results.validation import Check
from burnline.validation.tensor_types import dimensions, family, is_type, shape_text, tensor_name, type_name
from burnline.validation.tensors import tensor_checks

AT = datetime(2026, 11, 1, tzinfo=UTC)
TYPES = {
    "float32": ("torch.float32", "DT_FLOAT", "tensor(float)", "FP32", "TYPE_FP32", "<f4", "float", "np.float32",
                "tf.float32", "<dtype: 'float32'>", "dtype('float32')", "TensorProto.FLOAT", "FLOAT",
                "tf.dtypes.float32"),
    "float64": ("double", "torch.double", "DT_DOUBLE", "tensor(double)", "float64", ">f8", "torch.float64"),
    "float16": ("half", "torch.half", "tensor(float16)", "DT_HALF", "FP16"),
    "bfloat16": ("torch.bfloat16", "BF16", "DT_BFLOAT16"),
    "int64": ("long", "torch.int64", "tensor(int64)", "DT_INT64", "i8", "TYPE_INT64", "int64_ref"),
    "int32": ("torch.int", "DT_INT32", "int32", "tensor(int32)"),
    "uint8": ("byte", "torch.uint8", "|u1", "DT_UINT8"),
    "bool": ("boolean", "torch.bool", "tensor(bool)", "DT_BOOL", "bool_"),
    "string": ("str", "object", "tensor(string)", "DT_STRING", "TYPE_STRING", "bytes", "utf8"),
}  # fmt: skip


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in TYPES.items() for text in texts])
def test_types_of_all_frameworks_have_one_name(name: str, text: str) -> None:
    assert type_name(text) == name
    assert is_type(name)


def test_a_type_that_is_not_known_keeps_its_name() -> None:
    assert type_name("Quaternion ") == "quaternion"
    assert not is_type("quaternion")
    assert [family(n) for n in ("bfloat16", "uint8", "bool", "string", "quaternion")] == [
        *("float", "int", "bool", "string", "quaternion")
    ]


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("[None, 128]", (None, 128)),
        ("(?, 128)", (None, 128)),
        ("-1x128", (None, 128)),
        ("? x 3 x 224", (None, 3, 224)),
        ("[NULL, 128]", (None, 128)),
        ("[batch_size, max_len]", (None, None)),
        ("torch.Size([8, 3])", (8, 3)),
        ("TensorShape([None, 1])", (None, 1)),
        ("(128,)", (128,)),
        ("128", (128,)),
        ("8 3", (8, 3)),
        ("[0, 4]", (None, 4)),
        ("[1.0, 4.0]", (1, 4)),
        ("[]", ()),
        ("()", ()),
        ("", None),
        (None, None),
        ("unknown", None),
        ("TensorShape(None)", None),
    ],
)
def test_shapes_are_read_however_they_are_written(text: str | None, shape: tuple[int | None, ...] | None) -> None:
    assert dimensions(text) == shape


@given(st.lists(st.none() | st.integers(1, 10**6), max_size=6))
def test_a_shape_that_was_written_is_read_back(shape: list[int | None]) -> None:
    assert dimensions(shape_text(tuple(shape))) == tuple(shape)
    assert dimensions(str(shape)) == tuple(shape)


@pytest.mark.parametrize("text", ["[1, -7]", "[1, 2.5]", "[1, a b]", "12%"])
def test_what_is_no_shape_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no shape"):
        dimensions(text)


def test_names_lose_what_exporters_add() -> None:
    assert tensor_name("serving_default_x:0") == tensor_name("x:0") == tensor_name(" x ") == "x"
    assert tensor_name("f_amount") == "f_amount"


def schema(*rows: tuple[str | None, ...], run: str | None = None, at: datetime | None = None) -> pl.DataFrame:
    """Rows of side, tensor, dtype, shape."""
    names = {"side": pl.String, "tensor": pl.String, "dtype": pl.String, "shape": pl.String}
    return pl.DataFrame(rows, schema=names, orient="row").with_columns(
        run=pl.lit(run, pl.String),
        timestamp=pl.lit(at, pl.Datetime("us", "UTC")),
        file=pl.lit("t.parquet"),
    )


def failed(checks: tuple[Check, ...]) -> list[tuple[str, str | None, str]]:
    return [(c.check, c.column, c.severity) for c in checks if not c.passed]


def test_the_same_tensors_in_the_words_of_two_frameworks_agree() -> None:
    found = tensor_checks(
        schema(
            ("training", "x:0", "torch.float32", "(?, 128)"),
            ("train", "lengths", "long", "[]"),
            ("training", "labels", "int64", "[None]"),
            ("serving", "serving_default_x:0", "DT_FLOAT", "-1x128"),
            ("inference", "lengths", "tensor(int64)", "unknown"),
        ),
        "m",
    )
    assert failed(found) == []
    assert found[0].sentence == "2 tensors of training and serving agree in name, type and shape."


@pytest.mark.parametrize(
    ("served", "check", "part"),
    [
        (("float64", "[None, 128]"), "tensor_dtype", "training has float32 [?, 128], serving float64 [?, 128]"),
        (("int64", "[None, 128]"), "tensor_dtype", "values would mean something else"),
        (("float32", "[128]"), "tensor_rank", "2 dimensions against 1"),
        (("float32", "[None, 64]"), "tensor_shape", "dimension 1 is 128 against 64"),
    ],
)
def test_what_differs_between_training_and_serving_is_an_error(served: tuple[str, str], check: str, part: str) -> None:
    rows = schema(("training", "x", "float32", "[None, 128]"), ("serving", "x", *served))
    found = tensor_checks(rows.with_columns(timestamp=pl.lit(AT).cast(pl.Datetime("us", "UTC"))), "m")
    assert failed(found) == [(check, "x", "error")]
    assert part in found[0].sentence
    assert found[0].first_failed == found[0].detected_at == AT


def test_missing_and_extra_tensors_are_named() -> None:
    found = tensor_checks(schema(("training", "a", "float32", "[1]"), ("serving", "b", "float32", "[1]")), "m")
    assert failed(found) == [("tensor_missing", "a", "error"), ("tensor_extra", "b", "error")]
    assert "training has it as float32 [1], serving lacks it" in found[0].sentence


def test_of_each_side_the_newest_run_counts() -> None:
    old = schema(("training", "x", "float32", "[64]"), ("serving", "x", "float32", "[64]"), run="1", at=AT)
    new = schema(
        ("training", "x", "float32", "[128]"), ("serving", "x", "float32", "[128]"), run="2", at=AT + timedelta(1)
    )
    assert failed(tensor_checks(pl.concat([new, old]), "m")) == []
    stale = pl.concat([new.filter(pl.col("side") == "training"), old])
    found = tensor_checks(stale, "m")
    assert failed(found) == [("tensor_shape", "x", "error")]
    assert "training (run 2) has float32 [128], serving (run 1) float32 [64]" in found[0].sentence


def test_one_side_alone_is_compared_with_the_run_before_as_a_warning() -> None:
    old = schema((None, "x", "float32", "[64]"), run="1", at=AT)
    new = schema((None, "x", "float32", "[128]"), run="2", at=AT + timedelta(1))
    assert failed(tensor_checks(pl.concat([new, old]), "m")) == [("tensor_shape", "x", "warning")]
    alone = tensor_checks(new, "m")
    assert failed(alone) == []
    assert "nothing to compare with" in alone[0].sentence


def test_rows_that_cannot_be_read_are_named_and_the_rest_is_compared() -> None:
    found = tensor_checks(
        schema(
            ("training", "x", "float32", "[2.5]"),
            ("moon", "y", "float32", "[1]"),
            ("training", None, "float32", "[1]"),
            ("training", "z", "quaternion", "[1]"),
            ("serving", "z", "quaternion", "[1]"),
        ),
        "m",
    )
    assert failed(found) == [("tensor_readable", n, "warning") for n in ("x", "y", None, "z", "z")]
    assert found[-1].passed
    assert found[-1].sentence == "1 tensors of training and serving agree in name, type and shape."


def test_features_of_the_requests_are_held_against_trained_tensors_by_name() -> None:
    trained = schema(
        ("training", "f_amount", "float32", "[None, 1]"),
        ("training", "country", "float32", "[None, 1]"),
        ("training", "f_gone", "float32", "[None, 1]"),
    )
    found = tensor_checks(trained, "m", features={"f_amount": "number", "f_country": "text", "f_new": "number"})
    assert failed(found) == [
        ("tensor_features", "f_country", "error"),
        ("tensor_features", "f_new", "warning"),
        ("tensor_features", "f_gone", "error"),
    ]
    good = tensor_checks(trained.head(1), "m", features={"f_amount": "number"})
    assert good[-1].sentence == "1 features of the requests fit the tensors of training."


@pytest.mark.parametrize(("columns", "wrong"), [(2, []), (3, [("tensor_features", "features", "error")])])
def test_one_matrix_has_as_many_columns_as_there_are_features(columns: int, wrong: list[object]) -> None:
    trained = schema(("training", "features", "float32", f"[None, {columns}]"))
    found = tensor_checks(trained, "m", features={"f_a": "number", "f_b": "bool"})
    assert failed(found) == wrong
    # Text is encoded into columns first, so their number says nothing.
    assert failed(tensor_checks(trained, "m", features={"f_a": "text", "f_b": "number"})) == []


def test_no_tensors_are_no_checks() -> None:
    assert tensor_checks(schema(), "m", features={"f_a": "number"}) == ()
