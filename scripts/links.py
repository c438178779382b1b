"""Lays the packages out under build/links as a plain `burnline` folder of links.

Type checkers and import analysers read folders; they cannot follow the mapping of an editable install.
"""

from __future__ import annotations

import os
import shutil
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def link_farm(root: Path = ROOT) -> Path:
    """Make `build/links` anew from the package mapping in pyproject.toml and return it."""
    farm = root / "build" / "links"
    folders: dict[str, str] = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["setuptools"]["package-dir"]
    fresh = farm.with_name(f"links.{os.getpid()}")
    top = fresh / "burnline"
    top.mkdir(parents=True)
    for child in (root / folders["burnline"]).iterdir():
        if child.name != "__pycache__":
            (top / child.name).symlink_to(child)
    for package, folder in folders.items():
        parent, _, name = package.rpartition(".")
        if parent == "burnline":
            (top / name).symlink_to(root / folder)
    shutil.rmtree(farm, ignore_errors=True)
    fresh.rename(farm)
    return farm


if __name__ == "__main__":
    link_farm()
