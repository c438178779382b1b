"""How a test drives the dashboard: the server process, waiting, pictures, pixels."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page

COMMAND = Path(sys.executable).parent / "burnline"

IDLE = """() => {
  const app = document.querySelector('[data-testid=stApp]');
  return app && app.dataset.testScriptState === 'notRunning' && app.dataset.testConnectionState === 'CONNECTED'
    && !document.querySelector('[data-stale="true"],[data-testid=stSkeleton],[data-testid=stSpinner]');
}"""
CELL = """([key, row, column]) => {
  const plot = document.querySelector('.st-key-' + key + ' .js-plotly-plot');
  const layout = plot._fullLayout, box = plot.getBoundingClientRect();
  return [box.left + layout.xaxis._offset + layout.xaxis.c2p(column),
          box.top + layout.yaxis._offset + layout.yaxis.c2p(row)];
}"""
HEIGHT = "() => document.querySelector('[data-testid=stMain]').scrollHeight"


@contextmanager
def serving(workspace: Path, log: Path, command: Path = COMMAND) -> Iterator[str]:
    """Serve a workspace on a free port of this machine; yields the URL once it answers."""
    with log.open("w") as output:
        server = subprocess.Popen(
            [command, "-w", workspace, "serve", "--port", "0"], stdout=output, stderr=subprocess.STDOUT, cwd="/"
        )
    try:
        yield _announced(server, log)
    finally:
        server.terminate()
        server.wait(timeout=20)


def _announced(server: subprocess.Popen[bytes], log: Path, patience: float = 60.0) -> str:
    end = time.monotonic() + patience
    while time.monotonic() < end and server.poll() is None:
        if found := re.search(r"http://\S+", log.read_text()):
            return found[0]
        time.sleep(0.05)
    raise AssertionError(f"the server did not start:\n{log.read_text()}")


def wait_idle(page: Page, timeout: float = 30.0) -> None:
    """Wait until the script has run. After an action, first wait for what it changes: a rerun begins a moment later."""
    page.wait_for_function(IDLE, timeout=timeout * 1000)


def full_shot(page: Page, path: Path, *, width: int = 1440, tallest: int = 6000) -> None:
    """A picture of the whole page: the page scrolls inside its main element, so the window must be as tall."""
    page.set_viewport_size({"width": width, "height": min(max(page.evaluate(HEIGHT), 600), tallest)})
    page.wait_for_timeout(400)
    wait_idle(page)
    path.parent.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=path)


def cell_xy(page: Page, key: str, row: int, column: int) -> tuple[float, float]:
    """The pixel of a heatmap cell in the chart of that key."""
    x, y = page.evaluate(CELL, [key, row, column])
    return x, y


def click_cell(page: Page, key: str, row: int, column: int) -> None:
    """Click a heatmap cell; the chart takes a click only where it has seen the mouse hover."""
    page.locator(f".st-key-{key}").scroll_into_view_if_needed()
    x, y = cell_xy(page, key, row, column)
    page.mouse.move(x - 1, y - 1)
    page.mouse.move(x, y)
    page.mouse.click(x, y)
