"""What every way to ask has in common: the moment asked about, and the one JSON shape of an answer."""

from __future__ import annotations

import json
import math
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from burnline.errors import BurnlineError

if TYPE_CHECKING:
    from burnline.results import Result


def moment(text: str | None, zone: str) -> datetime | None:
    """The moment that an ISO 8601 text names; without an offset it is in `zone`, a date is its midnight."""
    if text is None:
        return None
    try:
        parsed = datetime.fromisoformat(text.strip())
    except ValueError:
        raise BurnlineError(
            f"'{text}' is not a time in ISO 8601; write for example 2026-10-31 or 2026-10-31T08:00:00+01:00."
        ) from None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=ZoneInfo(zone))


def plain(result: Result) -> dict[str, Any]:
    """The public JSON object of a result: names as in the contract, numbers that are not finite as null."""
    finite: dict[str, Any] = _finite(result.model_dump(mode="json", by_alias=True))
    return finite


def document(value: object) -> str:
    """One JSON document."""
    return json.dumps(value, allow_nan=False, ensure_ascii=False, indent=2)


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return value
