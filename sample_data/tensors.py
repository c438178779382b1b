"""Tensor schemas: what some models were trained with, and what is served."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import polars as pl

from burnline.sample_data.clock import moment
from burnline.sample_data.fleet import FLEET
from burnline.sample_data.shapes import Number

_TIME = pl.Datetime("us", "UTC")


@dataclass(frozen=True)
class Export:
    """A run whose tensors were written down on both sides; ``more`` are (name, trained, served) as (dtype, shape)."""

    model: str
    run: str
    at: datetime
    more: tuple[tuple[str, tuple[str, str], tuple[str, str]], ...] = ()


_WIDE = "[None, 768]"

EXPORTS = (
    Export("fraud-scorer", "fraud-4.2.0", moment(11, 3, 1)),
    Export(
        "intent-detector",
        "intent-3.8.0",
        moment(11, 20, 12),
        (("token_embedding", ("torch.float32", "(?, 768)"), ("tensor(float16)", "[-1, 768]")),),
    ),
    Export(
        "image-tagger",
        "tagger-8.0.0",
        moment(10, 27, 9),
        (("image_embedding", ("torch.float32", _WIDE), ("TYPE_FP32", "-1x768")),),
    ),
)

# What is planted: the larger encoder was trained in single and is served in half precision.
MISMATCHES = (
    {
        "model": "intent-detector",
        "run": "intent-3.8.0",
        "tensor": "token_embedding",
        "what": "trained as float32, served as float16",
    },
)


def tensor_schemas() -> pl.DataFrame:
    """One row per tensor and side, each side in the words of its own framework."""
    services = {service.name: service for service in FLEET}
    rows: list[tuple[object, ...]] = []
    for export in EXPORTS:
        tensors = [
            (
                f"f_{feature.name}",
                ("torch.float32" if isinstance(feature, Number) else "str", "[None, 1]"),
                ("DT_FLOAT" if isinstance(feature, Number) else "DT_STRING", "(?, 1)"),
            )
            for feature in services[export.model].features
        ]
        for name, trained, served in (*tensors, *export.more):
            rows.append((export.at, export.model, export.run, "training", name, *trained))
            rows.append((export.at, export.model, export.run, "serving", name, *served))
    names = ("timestamp", "model", "run", "side", "tensor", "dtype", "shape")
    return pl.DataFrame(rows, schema=names, orient="row").with_columns(pl.col("timestamp").cast(_TIME))
