"""Opening a page of the dashboard and waiting until it is all there."""

from __future__ import annotations

from browser.helpers import wait_idle
from playwright.sync_api import Locator, Page

ROW = 38
DRAWN = """() => [...document.querySelectorAll('[data-testid=stPlotlyChart]')]
  .every(chart => chart.querySelector('.main-svg'))"""


def visit(page: Page, dashboard: str, path: str = "") -> None:
    """Open a path of the dashboard; returns when its script has run and its charts are drawn."""
    page.goto(f"{dashboard.rstrip('/')}/{path}")
    page.wait_for_selector("h1")
    wait_idle(page)
    page.wait_for_function(DRAWN)
    wait_idle(page)


def click_row(page: Page, card: Locator, row: int) -> None:
    """Click the name at the left of a row of the table in a card; the cell must have seen the mouse before."""
    table = card.get_by_test_id("stDataFrame")
    table.scroll_into_view_if_needed()
    wait_idle(page)
    box = table.bounding_box()
    assert box is not None
    x, y = box["x"] + 40, box["y"] + ROW * (row + 1) + ROW / 2
    page.mouse.move(x - 4, y - 4)
    page.mouse.move(x, y)
    page.mouse.click(x, y)
