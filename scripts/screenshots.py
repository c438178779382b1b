"""Takes the pictures of the README from the sample workspace.

    .venv/bin/python scripts/screenshots.py [WORKSPACE] [FOLDER]

Serves the workspace (default: the demo's), opens each page in light and dark, wide and narrow,
and writes the pictures to FOLDER (default: docs/pictures; only those named in README_PICTURES
unless another folder is given).
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# This folder has a browser.py; the helpers are in the folder of browser tests.
sys.path[0] = str(ROOT / "tests")

from browser.helpers import full_shot, serving, wait_idle  # noqa: E402
from playwright.sync_api import Browser, sync_playwright  # noqa: E402

VIEWS = {
    "fleet": "",
    "model": "model?model=fraud-scorer",
    "budgets": "budgets?model=fraud-scorer&slo=accuracy",
    "drift": "drift?model=price-optimizer",
    "quality": "drift?model=fraud-scorer&tab=Data+quality",
    "alerts": "alerts",
    "incidents": "incidents",
    "incident": "incidents?incident=9ef32e422fd7",
}
README_PICTURES = {
    "fleet-dark-1440",
    "model-light-1440",
    "budgets-dark-1440",
    "drift-light-1440",
    "alerts-light-1440",
    "incident-dark-1440",
}
TALLEST = 1800


def take(browser: Browser, url: str, folder: Path, pictures: set[str] | None) -> None:
    """Write the pictures that are wanted, or all of them."""
    for scheme in ("light", "dark"):
        for width in (1440, 390):
            context = browser.new_context(color_scheme=scheme, reduced_motion="reduce")
            for name, place in VIEWS.items():
                picture = f"{name}-{scheme}-{width}"
                if pictures is None or picture in pictures:
                    page = context.new_page()
                    page.set_viewport_size({"width": width, "height": 900})
                    page.goto(f"{url}/{place}")
                    page.wait_for_timeout(2500)
                    wait_idle(page)
                    full_shot(page, folder / f"{picture}.png", width=width, tallest=TALLEST if pictures else 6000)
                    page.close()
            context.close()


def main() -> None:
    """Serve the workspace and take the pictures."""
    from burnline.dashboard.demo import default_directory

    workspace = Path(sys.argv[1]) if len(sys.argv) > 1 else default_directory()
    folder = Path(sys.argv[2]) if len(sys.argv) > 2 else ROOT / "docs" / "pictures"
    wanted = None if len(sys.argv) > 2 else README_PICTURES
    chromium = subprocess.check_output([sys.executable, ROOT / "scripts" / "browser.py"], text=True).strip()
    with (
        tempfile.TemporaryDirectory() as scratch,
        serving(workspace, Path(scratch, "log")) as url,
        sync_playwright() as playwright,
    ):
        take(playwright.chromium.launch(executable_path=chromium), url, folder, wanted)


if __name__ == "__main__":
    main()
