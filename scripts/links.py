"""Lays the packages out under build/links as a plain `burnline` folder of links.

Type checkers and import analysers read folders; they cannot follow the mapping of an editable install.
"""

from __future__ import annotations

import tomllib
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def link_farm(root: Path = ROOT) -> Path:
    """Bring `build/links` up to date with the package mapping in pyproject.toml and return it."""
    folders: dict[str, str] = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["setuptools"]["package-dir"]
    targets = {child.name: child for child in (root / folders["burnline"]).iterdir() if child.name != "__pycache__"}
    for package, folder in folders.items():
        parent, _, name = package.rpartition(".")
        if parent == "burnline":
            targets[name] = root / folder
    top = root / "build" / "links" / "burnline"
    top.mkdir(parents=True, exist_ok=True)
    for link in top.iterdir():
        if targets.get(link.name) != link.readlink():
            link.unlink(missing_ok=True)
    for name, target in targets.items():
        # Another run may have made the same link a moment ago.
        with suppress(FileExistsError):
            (top / name).symlink_to(target)
    return top.parent


if __name__ == "__main__":
    link_farm()
