"""Default SLOs by model type and tier, kept as data in ``templates.yaml``."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from decimal import Decimal
from importlib.resources import files
from typing import Any, get_args

from burnline.spec.document import parse_documents, plain
from burnline.spec.kinds import COMMON, SliKind
from burnline.spec.model import ModelType

TYPES: tuple[str, ...] = get_args(ModelType)
TIERS = (1, 2, 3, 4)
DEFAULT_TIER = 2


def template(type: str, tier: int, kinds: Mapping[str, SliKind]) -> dict[str, dict[str, object]]:
    """The SLOs of a type and tier as they would stand in a Model file.

    SLOs whose SLI is not among ``kinds`` are left out.

    Raises:
        KeyError: no such type.
    """
    data = _data()
    return _values({**data["common"], **data["types"][type]}, tier, kinds)


def defaults(type: str, tier: int, kinds: Mapping[str, SliKind]) -> dict[str, dict[str, object]]:
    """The values for keys that an SLO leaves out, for every SLI of ``kinds``.

    An SLI outside the template of its type has defaults too, used once a Model file names it; one
    that the data do not know at all gets the window only.

    Raises:
        KeyError: no such type.
    """
    data = _data()
    known: dict[str, Any] = {name: {} for name in kinds} | data["optional"]
    for slos in data["types"].values():
        known |= slos
    return _values({**known, **data["common"], **data["types"][type]}, tier, kinds)


@functools.cache
def _data() -> Any:
    text = files("burnline.spec").joinpath("templates.yaml").read_text("utf-8")
    return plain(parse_documents(text)[0])


def _values(
    slos: Mapping[str, Mapping[str, object]], tier: int, kinds: Mapping[str, SliKind]
) -> dict[str, dict[str, object]]:
    return {
        name: {
            key: _simple(value, tier)
            for key, value in {**keys, **_data()["every"]}.items()
            if key in COMMON or key in kinds[name].parameters
        }
        for name, keys in slos.items()
        if name in kinds
    }


def _simple(value: object, tier: int) -> object:
    chosen = value[tier - 1] if isinstance(value, list) else value
    return float(chosen) if isinstance(chosen, Decimal) else chosen
