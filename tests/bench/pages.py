"""How fast the pages answer in a real browser: first load, later loads, page switch, widget change.

    python tests/bench/pages.py WORKSPACE

The workspace must be ingested. The baseline is a bare document from the same server.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from browser.helpers import serving, wait_idle  # noqa: E402
from playwright.sync_api import Browser, Locator, Page, sync_playwright  # noqa: E402

PAGES = {"Model": "dual", "Budgets": "burndown", "Fleet": "pulse"}
DRAWN = ".st-key-{} .js-plotly-plot .main-svg"
FIGURE = """key => { const plot = document.querySelector('.st-key-' + key + ' .js-plotly-plot');
  return plot ? JSON.stringify((plot.data || []).map(trace => [
    String(trace.z ? Array.from(trace.z).flat().slice(0, 300) : ''),
    String(trace.y ? Array.from(trace.y).slice(-50) : '')])) : '' }"""
ROUNDS = 6


def timed(work: Callable[[], object]) -> float:
    """Seconds that it took."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def report(name: str, seconds: list[float], baseline: float) -> None:
    """One line: the median, and its ratio to the baseline."""
    median = statistics.median(seconds)
    print(f"{name:34} {median * 1000:6.0f} ms = {median / baseline:6.1f} x the bare document  ({len(seconds)} times)")


def first_visit(browser: Browser, url: str) -> float:
    """Seconds until a browser that has nothing cached shows the fleet."""
    page = fresh(browser)
    seconds = timed(lambda: load(page, url))
    page.context.close()
    return seconds


def load(page: Page, url: str) -> None:
    """Open the fleet page until its heatmap is drawn and nothing runs."""
    page.goto(url)
    page.wait_for_selector(DRAWN.format("pulse"), state="attached")
    wait_idle(page)


def fresh(browser: Browser) -> Page:
    """A page without cache."""
    return browser.new_context(viewport={"width": 1440, "height": 900}, reduced_motion="reduce").new_page()


def switch(page: Page, name: str) -> None:
    """Go to a page by the navigation until its chart is drawn."""
    page.get_by_role("link", name=name, exact=True).first.click()
    page.wait_for_selector(DRAWN.format(PAGES[name]), state="attached")
    wait_idle(page)


def redraw(page: Page, key: str, act: Callable[[], object]) -> float:
    """Seconds from an action until the figure of a chart is another one."""
    page.wait_for_timeout(400)
    before = page.evaluate(FIGURE, key)
    changed = f"([key, before]) => ({FIGURE})(key) !== before"
    return timed(lambda: (act(), page.wait_for_function(changed, arg=[key, before])))


def choice(page: Page, card: str, name: str) -> Locator:
    """One choice of the segmented control of a card."""
    return page.locator(f".st-key-card-{card}").get_by_role("radio", name=name, exact=True)


def widgets(page: Page, url: str) -> dict[str, list[float]]:
    """Seconds of each kind of widget change."""
    found: dict[str, list[float]] = {}
    page.goto(f"{url}/budgets?model=fraud-scorer&slo=latency")
    page.wait_for_selector(DRAWN.format("burndown"), state="attached")
    wait_idle(page)
    for name, place in (("objective slider", 0), ("threshold slider", 1)):
        page.get_by_role("slider").nth(place).focus()
        found[name] = [redraw(page, "burndown", lambda: page.keyboard.press("ArrowLeft")) for _ in range(ROUNDS)]
    views = ("Rolling", "Fixed window")
    found["burndown, other view"] = [
        redraw(page, "burndown", lambda i=i: choice(page, "burndown", views[i % 2]).click()) for i in range(ROUNDS)
    ]
    return found


def main() -> None:
    """Serve, measure, print."""
    workspace = Path(sys.argv[1])
    chromium = subprocess.check_output([sys.executable, ROOT / "scripts" / "browser.py"], text=True).strip()
    with (
        tempfile.TemporaryDirectory() as scratch,
        sync_playwright() as playwright,
        serving(workspace, Path(scratch, "log")) as url,
    ):
        url = url.rstrip("/")
        browser = playwright.chromium.launch(executable_path=chromium)
        first = first_visit(browser, url)
        bare_page = fresh(browser)
        bare = statistics.median(timed(lambda: bare_page.goto(f"{url}/_stcore/health")) for _ in range(ROUNDS))
        report("bare document", [bare], bare)
        report("first load after the start", [first], bare)
        report("later loads, nothing cached", [first_visit(browser, url) for _ in range(ROUNDS)], bare)
        page = fresh(browser)
        load(page, url)
        for name in PAGES:
            switch(page, name)
        switches = [timed(lambda name=name: switch(page, name)) for _ in range(ROUNDS) for name in PAGES]
        report("page switch", switches, bare)
        changes = widgets(page, url)
        for name, seconds in changes.items():
            report(name, seconds, bare)
        report("widget change, all", [s for seconds in changes.values() for s in seconds], bare)


if __name__ == "__main__":
    main()
