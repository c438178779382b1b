"""Checks the import contracts of pyproject.toml on the link farm; exits 1 and says which import breaks one."""

from __future__ import annotations

import sys
from pathlib import Path

from importlinter.cli import lint_imports
from links import ROOT, link_farm


def main(root: Path = ROOT) -> int:
    """Run import-linter where it can see every package as a folder."""
    sys.path.insert(0, str(link_farm(root)))
    return lint_imports(config_filename=str(root / "pyproject.toml"), no_cache=True, no_logo=True)


if __name__ == "__main__":
    sys.exit(main())
