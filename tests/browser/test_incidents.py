"""The incidents page in a browser: bars and rows that open an incident, its report, a telephone."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from browser.helpers import wait_idle
from browser.visits import click_row, visit
from playwright.sync_api import Page, expect

TITLE = "h1"
WIDTHS = "() => (m => [m.scrollWidth, m.clientWidth])(document.querySelector('[data-testid=stMain]'))"
# The middle of the first bar of the first panel, and the incident it stands for.
BAR = """() => {
  const plot = document.querySelector('.st-key-incident-times .js-plotly-plot');
  const box = plot.querySelector('.trace.bars .point path').getBoundingClientRect();
  return [plot._fullData[0].customdata[0][0], box.left + box.width * 0.8, box.top + box.height / 2];
}"""


def test_a_bar_opens_its_incident_and_back_leads_to_all(page: Page, dashboard: str) -> None:
    visit(page, dashboard, "incidents")
    expect(page.locator(TITLE)).to_contain_text("open")
    page.locator(".st-key-incident-times").scroll_into_view_if_needed()
    wait_idle(page)
    name, x, y = page.evaluate(BAR)
    page.mouse.move(x - 1, y)
    page.mouse.move(x, y)
    page.mouse.click(x, y)
    page.wait_for_url(f"**/incidents?*incident={name}*")
    expect(page.locator(TITLE)).to_have_text(re.compile(".* · (infrastructure|model)"))
    page.get_by_role("button", name="All incidents").click()
    expect(page.locator(TITLE)).to_contain_text("open")
    assert "incident=" not in page.url


def test_a_row_opens_its_incident(page: Page, dashboard: str) -> None:
    visit(page, dashboard, "incidents?model=payment-router")
    click_row(page, page.locator(".st-key-card-incidents"), 0)
    page.wait_for_url("**incident=**")
    expect(page.locator(TITLE)).to_have_text("payment-router · infrastructure")
    wait_idle(page)
    # The chart shows what was on record for it.
    texts = page.locator(".st-key-incident-course text").all_text_contents()
    assert {"onset", "detected", "end"} <= set(texts)
    # Its alerts lead to the alert.
    click_row(page, page.locator(".st-key-card-incident-alerts"), 0)
    page.wait_for_url("**/alerts?alert=*")


def test_report_and_table_are_downloaded(page: Page, dashboard: str, tmp_path: Path) -> None:
    visit(page, dashboard, "incidents")
    for name, file in (("Markdown", "one.md"), ("CSV", "all.csv")):
        with page.expect_download() as download:
            page.get_by_role("button", name=name).first.click()
        download.value.save_as(tmp_path / file)
        wait_idle(page)
    text = (tmp_path / "one.md").read_text(encoding="utf-8")
    assert text.startswith("# Incident ")
    assert "## Timeline" in text
    table = pl.read_csv(tmp_path / "all.csv")
    assert {"id", "started_at", "minutes_to_detect", "budget_spent", "postmortem_required"} <= set(table.columns)
    assert table.height > 5


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_telephone_scrolls_down_only(open_page: Callable[..., Page], dashboard: str, scheme: str) -> None:
    page = open_page(viewport={"width": 390, "height": 844}, color_scheme=scheme)
    visit(page, dashboard, "incidents")
    content, window = page.evaluate(WIDTHS)
    assert content <= window
