"""The canonical columns of a log, by name and family."""

from __future__ import annotations

from typing import Literal

ColumnType = Literal["number", "text", "boolean", "time", "any"]

# "any": the type follows the log.
COLUMNS: dict[str, ColumnType] = {
    "timestamp": "time",
    "request_id": "text",
    "model": "text",
    "version": "text",
    "region": "text",
    "tenant": "text",
    "latency_ms": "number",
    "status": "number",
    "prediction": "any",
    "confidence": "number",
    "label": "any",
    "label_timestamp": "time",
    "feature_timestamp": "time",
    "query_id": "text",
    "relevance": "number",
    "rank": "number",
    "score": "number",
    "canary": "boolean",
    "weight": "number",
}
FAMILIES: dict[str, ColumnType] = {
    "f_": "any",
    "d_": "text",
    "b_": "number",
    "p_": "number",
}


def column_type(name: str) -> ColumnType | None:
    """The type of a canonical column; None when no canonical column has that name."""
    if name in COLUMNS:
        return COLUMNS[name]
    prefix = name[:2]
    return FAMILIES[prefix] if prefix in FAMILIES and len(name) > 2 else None


# Columns by which a log may be cut; d_… are the ones of one's own.
SEGMENTS = ("version", "region", "tenant")
