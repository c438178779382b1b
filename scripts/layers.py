"""Checks the import contracts of pyproject.toml on the link farm; exits 1 and says which import breaks one."""

from __future__ import annotations

import os
import sys

from importlinter.cli import lint_imports
from links import ROOT, link_farm


def main() -> int:
    """Run import-linter where it can see every package as a folder."""
    sys.path.insert(0, str(link_farm()))
    os.chdir(ROOT)
    return lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True)


if __name__ == "__main__":
    sys.exit(main())
