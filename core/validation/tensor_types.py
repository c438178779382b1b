"""Types and shapes of tensors, whichever framework wrote them down."""

from __future__ import annotations

import re

Dimensions = tuple[int | None, ...]

_WORD = re.compile(r"[a-z_][a-z0-9_]*")
_AROUND = re.compile(r"^(dt_|type_)|(_ref|(?<=.)tensor)$")
_OTHER_NAMES = {
    "float": "float32", "fp32": "float32", "f32": "float32", "f4": "float32", "single": "float32", "real": "float32",
    "double": "float64", "fp64": "float64", "f64": "float64", "f8": "float64",
    "half": "float16", "fp16": "float16", "f16": "float16", "f2": "float16",
    "bf16": "bfloat16",
    "byte": "uint8", "char": "int8", "short": "int16", "int": "int32", "long": "int64", "longlong": "int64",
    "i1": "int8", "i2": "int16", "i4": "int32", "i8": "int64", "i16": "int16", "i32": "int32", "i64": "int64",
    "u1": "uint8", "u2": "uint16", "u4": "uint32", "u8": "uint8", "u16": "uint16", "u32": "uint32", "u64": "uint64",
    "boolean": "bool", "bool_": "bool", "b1": "bool",
    "str": "string", "utf8": "string", "object": "string", "bytes": "string", "unicode": "string", "varchar": "string",
    "cfloat": "complex64", "cdouble": "complex128",
}  # fmt: skip
_KNOWN = re.compile(r"^(u?int(2|4|8|16|32|64)|b?float(8\w*|16|32|64)|bool|string|complex(64|128))$")

_UNKNOWN_RANK = {"", "unknown", "<unknown>", "none", "null", "nan", "tensorshape(none)"}
_OUTER = re.compile(r"^(?:tensorshape|torch\.size|size|shape)?\s*[\[({<]*(.*?)[\])}>]*$", re.IGNORECASE)
_SYMBOL = re.compile(r"^(\?|none|null|nan|dynamic|unk\w*|[a-z_]\w*|dim\(.*\))$", re.IGNORECASE)
_TENSOR_NAME = re.compile(r"^(?:serving_default_)?(.+?)(?::\d+)?$")


def type_name(text: str) -> str:
    """A type under its usual name: ``torch.float32``, ``DT_FLOAT``, ``tensor(float)``, ``TYPE_FP32`` and ``<f4`` are
    ``float32``. The last word is what counts; what is not recognised comes back in lower case."""
    words = _WORD.findall(text.lower().split("[")[0])
    name = _AROUND.sub("", words[-1]) if words else text.strip().lower()
    return _OTHER_NAMES.get(name, name)


def is_type(name: str) -> bool:
    """Whether ``type_name`` recognised a type."""
    return bool(_KNOWN.match(name))


def family(name: str) -> str:
    """What kind of values a type holds: float, int, bool, string, complex or the name itself."""
    match = re.match(r"^(bfloat|float|uint|int|bool|string|complex)", name)
    return {"bfloat": "float", "uint": "int"}.get(match.group(1), match.group(1)) if match else name


def dimensions(text: str | None) -> Dimensions | None:
    """The dimensions of a shape such as ``[None, 128]``, ``(?, 128)``, ``-1x128`` or ``torch.Size([8, 3])``.

    ``None`` in it is a dimension of any size (also -1, 0, names such as ``batch``); ``None`` instead of it a shape that
    is not known at all. ``[]`` is a single number.

    Raises:
        ValueError: the text is no shape.
    """
    if text is None or text.strip().lower() in _UNKNOWN_RANK:
        return None
    match = _OUTER.match(text.strip())
    inner = match.group(1).strip() if match else ""
    if not inner:
        return ()
    parts = inner.split(",") if "," in inner else re.split(r"\s*[x×*;]\s*|\s+", inner)
    parts = [part.strip().strip("'\"") for part in parts]
    if parts[-1] == "":
        parts = parts[:-1]
    return tuple(_dimension(part, text) for part in parts)


def _dimension(part: str, text: str) -> int | None:
    if re.fullmatch(r"-?\d+(\.0+)?", part):
        size = int(float(part))
        if size < -1:
            raise ValueError(f"{text!r} is no shape: a dimension of {size}")
        return size if size > 0 else None
    if _SYMBOL.match(part):
        return None
    raise ValueError(f"{text!r} is no shape: {part!r} is no dimension")


def shape_text(shape: Dimensions | None) -> str:
    """A shape for a person: ``[?, 128]``."""
    if shape is None:
        return "[unknown]"
    return "[" + ", ".join("?" if size is None else f"{size}" for size in shape) + "]"


def tensor_name(text: str) -> str:
    """The name without what an exporter adds: ``serving_default_x:0`` is ``x``."""
    match = _TENSOR_NAME.match(text.strip())
    return match.group(1) if match else text.strip()
