"""Service level indicators: one file each, found by being in this folder."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache

from burnline.slis.base import Eligible, Member, Sli, per_request
from burnline.spec import SliKind


@cache
def catalogue() -> Mapping[str, Sli]:
    """Every SLI by the name of its kind."""
    modules = (importlib.import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__))
    slis = [module.SLI for module in modules if hasattr(module, "SLI")]
    return {sli.kind.name: sli for sli in slis}


def kinds() -> Mapping[str, SliKind]:
    """The kinds that a Model file may use."""
    return {name: sli.kind for name, sli in catalogue().items()}


__all__ = ["Eligible", "Member", "Sli", "catalogue", "kinds", "per_request"]
