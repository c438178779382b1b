"""Burnline: the reliability of machine-learning systems, from parquet inference logs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from burnline.workspace import Workspace

__all__ = ["Workspace"]


def __getattr__(name: str) -> Any:
    """Load the public face when it is first asked for: importing the package stays instant."""
    if name == "Workspace":
        from burnline.workspace import Workspace

        return Workspace
    raise AttributeError(f"module 'burnline' has no attribute '{name}'")
