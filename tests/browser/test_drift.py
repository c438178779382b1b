"""The drift page in a browser: a cell that opens its distributions, keys instead of a mouse, tabs, downloads."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from browser.helpers import click_cell, wait_idle
from browser.visits import click_row, visit
from playwright.sync_api import Page, expect

KEY = "drift-map"
WIDTHS = "() => (m => [m.scrollWidth, m.clientWidth])(document.querySelector('[data-testid=stMain]'))"
# The column and day of the cell in that row and column.
CELL = """([key, row, column]) => {
  const plot = document.querySelector('.st-key-' + key + ' .js-plotly-plot');
  const targets = plot._fullData.filter(t => t.hovertemplate === '%{text}<extra></extra>' && t.yaxis === 'y').pop();
  return targets.customdata[[...targets.x].findIndex((x, i) => x === column && targets.y[i] === row)];
}"""


def test_a_cell_opens_its_distributions_and_the_address_keeps_them(page: Page, dashboard: str) -> None:
    visit(page, dashboard, "drift?model=fraud-scorer")
    feature, bucket = page.evaluate(CELL, [KEY, 1, 20])
    click_cell(page, KEY, 1, 20)
    page.wait_for_url(f"**feature={feature}&day={bucket[:10]}*")
    card = page.locator(".st-key-card-drift-detail")
    expect(card.get_by_role("heading", name=feature)).to_be_visible()
    wait_idle(page)
    page.reload()
    expect(card.get_by_role("heading", name=feature)).to_be_visible()
    expect(card).to_contain_text("(UTC)")


def test_the_keyboard_looks_at_another_column(page: Page, dashboard: str) -> None:
    visit(page, dashboard, "drift?model=fraud-scorer")
    column = page.get_by_role("combobox", name="Column")
    column.focus()
    wait_idle(page)
    page.keyboard.type("region")
    expect(page.get_by_role("option", name="region")).to_be_visible()
    page.keyboard.press("Enter")
    page.wait_for_url("**feature=region*")
    expect(page.locator(".st-key-card-drift-detail").get_by_role("heading", name="region")).to_be_visible()


def test_a_row_of_the_table_looks_at_its_column(page: Page, dashboard: str) -> None:
    visit(page, dashboard, "drift?model=fraud-scorer")
    click_row(page, page.locator(".st-key-card-drift-table"), 2)
    page.wait_for_url("**feature=*")


def test_tabs_and_controls_stand_in_the_address(page: Page, dashboard: str) -> None:
    visit(page, dashboard, "drift?model=fraud-scorer")
    page.get_by_role("radio", name="30d").click()
    page.wait_for_url("**window=30d*")
    wait_idle(page)
    page.get_by_role("tab", name="Concept drift").click()
    page.wait_for_url("**tab=Concept**")
    expect(page.locator(".st-key-card-concept")).to_be_visible()
    page.reload()
    expect(page.locator(".st-key-card-concept")).to_be_visible()
    assert "window=30d" in page.url


def test_data_quality_and_drift_are_downloaded(page: Page, dashboard: str, tmp_path: Path) -> None:
    visit(page, dashboard, "drift?model=fraud-scorer")
    for name, file in (("JSON", "drift.json"), ("CSV", "drift.csv")):
        with page.expect_download() as download:
            page.get_by_role("button", name=name, exact=True).click()
        download.value.save_as(tmp_path / file)
        wait_idle(page)
    assert json.loads((tmp_path / "drift.json").read_text(encoding="utf-8"))["model"] == "fraud-scorer"
    assert {"feature", "psi", "drifted", "harmful"} <= set(pl.read_csv(tmp_path / "drift.csv").columns)
    page.get_by_role("tab", name="Data quality").click()
    expect(page.locator(".st-key-card-stage-features")).to_be_visible()
    wait_idle(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="JSON", exact=True).click()
    download.value.save_as(tmp_path / "validation.json")
    stages = json.loads((tmp_path / "validation.json").read_text(encoding="utf-8"))["stages"]
    assert [s["stage"] for s in stages] == ["ingestion", "transformation", "features", "serving", "training"]


def test_a_model_leads_to_its_inputs(page: Page, dashboard: str) -> None:
    visit(page, dashboard, "model?model=fraud-scorer")
    page.locator(".st-key-card-inputs").get_by_role("link", name="What changed").click()
    page.wait_for_url("**/drift?model=fraud-scorer")
    expect(page.locator("h1")).to_contain_text("fraud-scorer")
    wait_idle(page)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("tab", ["", "&tab=Concept+drift", "&tab=Data+quality"])
def test_a_telephone_scrolls_down_only(open_page: Callable[..., Page], dashboard: str, scheme: str, tab: str) -> None:
    page = open_page(viewport={"width": 390, "height": 844}, color_scheme=scheme)
    visit(page, dashboard, f"drift?model=fraud-scorer{tab}")
    content, window = page.evaluate(WIDTHS)
    assert content <= window
