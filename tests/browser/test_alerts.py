"""The alerts page in a browser: a bar opens its alert, people speak, rules are tried."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl
import pytest
from browser.helpers import serving, wait_idle
from browser.visits import visit
from playwright.sync_api import Page, expect

WIDTHS = "() => (m => [m.scrollWidth, m.clientWidth])(document.querySelector('[data-testid=stMain]'))"
# The middle of the bar that began last, and the alert behind it.
NEWEST = """() => {
  const plot = document.querySelector('.st-key-alert-lanes .js-plotly-plot'), layout = plot._fullLayout;
  const trace = plot._fullData.find(t => t.type === 'bar' && t.customdata.length), i = trace.customdata.length - 1;
  const box = plot.getBoundingClientRect(), start = layout.xaxis.d2c(trace.base[i]);
  const end = start + trace.x[i];
  return [box.left + layout.xaxis._offset + layout.xaxis.c2p((start + end) / 2),
          box.top + layout.yaxis._offset + layout.yaxis.c2p(trace.y[i]), trace.customdata[i][0]];
}"""


@pytest.fixture(scope="module")
def recorded(demo_workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a copy of the demo workspace on which people may speak."""
    copy = tmp_path_factory.mktemp("recorded") / "demo"
    for folder in ("models", ".burnline"):
        shutil.copytree(demo_workspace / folder, copy / folder)
    shutil.copy(demo_workspace / "burnline.yaml", copy)
    with serving(copy, copy.parent / "log") as url:
        yield url


def test_a_bar_opens_its_alert_and_the_address_keeps_it(page: Page, dashboard: str) -> None:
    visit(page, dashboard, "alerts?severity=Page")
    page.locator(".st-key-alert-lanes").scroll_into_view_if_needed()
    wait_idle(page)
    x, y, alert = page.evaluate(NEWEST)
    page.mouse.move(x - 1, y - 1)
    page.mouse.move(x, y)
    page.mouse.click(x, y)
    page.wait_for_url(f"**alert={alert}**")
    card = page.locator(".st-key-card-alert")
    expect(card).to_contain_text("by chance")
    page.reload()
    expect(card).to_contain_text("by chance")
    card.get_by_role("button", name="Close").click()
    expect(card).to_have_count(0)
    assert "alert=" not in page.url


def test_the_history_downloads_as_csv(page: Page, dashboard: str, tmp_path: Path) -> None:
    visit(page, dashboard, "alerts")
    with page.expect_download() as download:
        page.get_by_test_id("stDownloadButton").get_by_role("button").click()
    download.value.save_as(tmp_path / "alerts.csv")
    assert {"model", "severity", "on_true_burn", "mark"} <= set(pl.read_csv(tmp_path / "alerts.csv").columns)


def test_people_acknowledge_and_mark_in_their_name(page: Page, recorded: str) -> None:
    visit(page, recorded, "alerts")
    page.get_by_role("button", name="Acknowledge", exact=True).first.click()
    expect(page.get_by_text("Write your name first")).to_be_visible()
    page.get_by_role("textbox", name="Your name").fill("Ada")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Write your name first")).to_have_count(0)
    wait_idle(page)
    page.get_by_role("button", name="Acknowledge", exact=True).first.click()
    expect(page.get_by_text("acknowledged by Ada").first).to_be_visible()
    wait_idle(page)
    # What somebody works on makes room for what nobody does.
    page.get_by_role("button", name="Acknowledged", exact=True).first.click()
    expect(page.get_by_text("acknowledged by Ada")).to_have_count(0)
    wait_idle(page)
    page.get_by_role("button", name="Noise", exact=True).first.click()
    expect(page.get_by_test_id("stMetric").filter(has_text="Marked as noise")).to_contain_text("100")


def test_a_silence_has_a_reason_and_an_end(page: Page, recorded: str) -> None:
    visit(page, recorded, "alerts")
    page.get_by_role("button", name="Silence", exact=True).first.click()
    form = page.get_by_role("dialog")
    form.get_by_role("textbox", name="Your name").fill("Ada")
    form.get_by_role("button", name="Silence", exact=True).click()
    expect(form.get_by_text("Give a reason")).to_be_visible()
    form.get_by_role("textbox", name="Reason").fill("load test")
    form.get_by_role("button", name="Silence", exact=True).click()
    expect(page.locator(".st-key-card-silences")).to_contain_text("load test")
    expect(form).to_have_count(0)
    # The name is remembered: the next action needs no other.
    page.get_by_role("button", name="End now").click()
    expect(page.locator(".st-key-card-silences")).to_contain_text("Nothing is silenced")


def test_other_rules_stand_in_the_address(page: Page, dashboard: str) -> None:
    visit(page, dashboard, "alerts?replay=fraud-scorer/accuracy")
    editor = page.get_by_role("textbox", name="Rules")
    editor.fill("page 2 1h/5m")
    page.keyboard.press("Enter")
    page.wait_for_url("**rules=page**")
    wait_idle(page)
    page.reload()
    expect(editor).to_have_value("page 2 1h/5m")
    editor.fill("page often")
    page.keyboard.press("Enter")
    expect(page.locator(".st-key-card-replay").get_by_text("is not a rule")).to_be_visible()
    page.get_by_role("button", name="Reset").click()
    expect(editor).not_to_have_value("page often")
    wait_idle(page)
    assert "rules=" not in page.url


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_telephone_scrolls_down_only(open_page: Callable[..., Page], dashboard: str, scheme: str) -> None:
    page = open_page(viewport={"width": 390, "height": 844}, color_scheme=scheme)
    visit(page, dashboard, "alerts")
    content, window = page.evaluate(WIDTHS)
    assert content <= window
