"""The fleet page in a browser: clicks that lead somewhere, filters, download, narrow and dark."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from browser.helpers import click_cell, wait_idle
from browser.visits import click_row, visit
from playwright.sync_api import Page, expect

HEADING = "h1"
WIDTHS = "() => (m => [m.scrollWidth, m.clientWidth])(document.querySelector('[data-testid=stMain]'))"
CUSTOM = """([key, row, column]) => {
  const plot = document.querySelector('.st-key-' + key + ' .js-plotly-plot');
  const width = plot._fullLayout.xaxis._categories.length;
  return plot._fullData[plot._fullData.length - 1].customdata[row * width + column];
}"""


def test_a_cell_leads_to_its_model_on_its_day_and_back(page: Page, dashboard: str) -> None:
    visit(page, dashboard)
    for row, column in ((0, 29), (2, 20)):
        model, day = page.evaluate(CUSTOM, ["pulse", row, column])
        click_cell(page, "pulse", row, column)
        page.wait_for_url(f"**/model?model={model}&day={day}")
        expect(page.locator(HEADING)).to_have_text(model)
        wait_idle(page)
        expect(page.locator(".st-key-card-day")).to_be_visible()
        page.go_back()
        expect(page.locator(HEADING)).to_contain_text("human")
        wait_idle(page)


def test_the_name_in_a_row_leads_to_its_model(page: Page, dashboard: str) -> None:
    # One row, so that it is not under the bar at the top of the page.
    visit(page, dashboard, "?q=fraud-scorer")
    click_row(page, page.locator(".st-key-card-models"), 0)
    page.wait_for_url("**/model?model=fraud-scorer")
    expect(page.locator(HEADING)).to_have_text("fraud-scorer")


def test_the_list_leads_to_the_model_without_a_day_seen_before(page: Page, dashboard: str) -> None:
    visit(page, dashboard, "model?day=2026-11-10")
    page.get_by_role("link", name="Fleet").first.click()
    link = page.locator(".st-key-card-attention").get_by_role("link").first
    link.click()
    page.wait_for_url("**/model?model=*")
    wait_idle(page)
    assert "day=" not in page.url


def test_filters_move_the_address_and_the_address_the_filters(page: Page, dashboard: str) -> None:
    visit(page, dashboard)
    title = page.get_by_text("Models · ")
    everyone = title.inner_text()
    page.get_by_role("button", name="Breached", exact=True).click()
    page.wait_for_url("**/?state=Breached")
    expect(title).not_to_have_text(everyone)
    breached = title.inner_text()
    page.reload()
    expect(title).to_have_text(breached)


def test_the_table_downloads_as_csv(page: Page, dashboard: str, tmp_path: Path) -> None:
    visit(page, dashboard)
    with page.expect_download() as download:
        page.get_by_test_id("stDownloadButton").get_by_role("button").click()
    download.value.save_as(tmp_path / "fleet.csv")
    table = pl.read_csv(tmp_path / "fleet.csv")
    assert {"model", "infrastructure_left", "model_left", "gate"} <= set(table.columns)
    assert table.height > 20


@pytest.mark.parametrize("path", ["", "model", "budgets"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_telephone_scrolls_down_only(open_page: Callable[..., Page], dashboard: str, path: str, scheme: str) -> None:
    page = open_page(viewport={"width": 390, "height": 844}, color_scheme=scheme)
    visit(page, dashboard, path)
    content, window = page.evaluate(WIDTHS)
    assert content <= window


@pytest.mark.parametrize(("scheme", "card"), [("light", "rgb(255, 255, 255)"), ("dark", "rgb(17, 23, 35)")])
def test_cards_follow_the_system(open_page: Callable[..., Page], dashboard: str, scheme: str, card: str) -> None:
    page = open_page(color_scheme=scheme)
    visit(page, dashboard)
    color = page.locator(".st-key-card-map").evaluate("e => getComputedStyle(e).backgroundColor")
    assert color == card
    fonts = page.evaluate("() => [...document.fonts].filter(f => f.status === 'loaded').map(f => f.family)")
    assert any("Inter" in family for family in fonts)
