"""Prints the path of a Chromium that starts, after installing one if there is none."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Error, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge")
MAC = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"


def candidates() -> Iterator[str]:
    """Browsers that may be here: the one named by CHROMIUM, Playwright's own, those on the PATH."""
    if os.environ.get("CHROMIUM"):
        yield os.environ["CHROMIUM"]
    with sync_playwright() as playwright:
        own = playwright.chromium.executable_path
    yield own
    # `playwright install --only-shell` puts a headless build beside the place of the full one.
    yield from sorted(map(str, Path(own).parents[2].glob("chromium_headless_shell-*/*/*headless*shell")), reverse=True)
    yield from filter(None, map(shutil.which, NAMES))
    yield MAC


def starts(path: str) -> bool:
    """Whether the browser at `path` opens a page."""
    if not Path(path).is_file():
        return False
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=path, timeout=30_000)
            browser.new_page().goto("about:blank")
            browser.close()
    except Error:
        return False
    return True


def find() -> str | None:
    """The first candidate that starts."""
    return next(filter(starts, candidates()), None)


def installers() -> Iterator[list[list[str]]]:
    """Ways to get a browser, in order: Playwright's download, then Debian's package."""
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    apt = root and shutil.which("apt-get") is not None
    fetch = [sys.executable, "-m", "playwright", "install", "--only-shell"]
    yield [[*fetch, *(["--with-deps"] if apt else []), "chromium"]]
    if apt:
        yield [
            ["apt-get", "update", "-qq"],
            ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"],
        ]


def main() -> int:
    """Find or install a Chromium; 2 with one sentence when that is impossible."""
    found = find()
    for steps in () if found else installers():
        print("Installing a Chromium for the browser tests ...", file=sys.stderr)
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        if all(subprocess.run(step, env=environment, capture_output=True).returncode == 0 for step in steps):
            found = find()
        if found:
            break
    if not found:
        print("No Chromium starts here: install chromium, or name one in CHROMIUM.", file=sys.stderr)
        return 2
    print(found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
