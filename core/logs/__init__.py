"""What happened: files, their shape, and the canonical relation over each of them."""

from burnline.logs.files import RawFile, expand, expand_all, is_remote
from burnline.logs.profile import (
    FileKind,
    ModelProfile,
    ModelSpan,
    classify,
    moment,
    profile,
    profile_models,
)
from burnline.logs.relation import SCALE, Shape, shape

__all__ = [
    "SCALE",
    "FileKind",
    "ModelProfile",
    "ModelSpan",
    "RawFile",
    "Shape",
    "classify",
    "expand",
    "expand_all",
    "is_remote",
    "moment",
    "profile",
    "profile_models",
    "shape",
]
