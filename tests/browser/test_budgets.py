"""The budgets page in a browser: what-if by keyboard, its address, the two views."""

from __future__ import annotations

from browser.helpers import wait_idle
from browser.visits import visit
from playwright.sync_api import Page, expect

PLACE = "budgets?model=fraud-scorer&slo=latency"
LINES = "() => document.querySelector('.st-key-burndown .js-plotly-plot').data.map(t => t.line.dash || 'solid')"
LAST = "() => document.querySelector('.st-key-burndown .js-plotly-plot').data.map(t => t.y[t.y.length - 1]).pop()"
# The last moment of the line of what is left, and of all that is drawn.
NOW = """() => document.querySelector('.st-key-burndown .js-plotly-plot').data
  .filter(t => (t.fill || '') === 'tozeroy').map(t => String(t.x[t.x.length - 1])).sort().pop()"""
END = """() => document.querySelector('.st-key-burndown .js-plotly-plot').data
  .map(t => String(t.x[t.x.length - 1])).sort().pop()"""


def metric(page: Page, label: str) -> str:
    return page.get_by_test_id("stMetric").filter(has_text=label).inner_text()


def test_the_objective_slider_changes_numbers_and_figure(page: Page, dashboard: str) -> None:
    visit(page, dashboard, PLACE)
    assert page.evaluate(LINES).count("dash") == 0
    page.get_by_role("slider").first.focus()
    page.keyboard.press("ArrowLeft")
    page.wait_for_url("**objective=98.5**")
    expect(page.get_by_test_id("stMetric").filter(has_text="Budget left")).to_contain_text("what if")
    wait_idle(page)
    assert page.evaluate(LINES).count("dash") == 1
    before = page.evaluate(LAST)
    page.keyboard.press("ArrowLeft")
    page.wait_for_function(f"before => ({LAST})() !== before", arg=before)
    # A looser objective leaves more of the budget.
    assert page.evaluate(LAST) > before


def test_the_threshold_slider_recounts_the_bad_events(page: Page, dashboard: str) -> None:
    visit(page, dashboard, PLACE)
    page.get_by_role("slider").nth(1).focus()
    page.keyboard.press("ArrowLeft")
    page.wait_for_url("**threshold=*")
    expect(page.get_by_test_id("stMetric").filter(has_text="Bad events")).to_contain_text("what if")


def test_a_deep_link_restores_the_other_promise_and_reset_forgets_it(page: Page, dashboard: str) -> None:
    visit(page, dashboard, f"{PLACE}&objective=95")
    assert "what if" in metric(page, "Budget left")
    page.get_by_role("button", name="Reset").click()
    expect(page.get_by_test_id("stMetric").filter(has_text="Budget left")).not_to_contain_text("what if")
    wait_idle(page)
    assert "objective" not in page.url


def test_the_view_is_in_the_address_and_only_the_rolling_one_looks_ahead(page: Page, dashboard: str) -> None:
    visit(page, dashboard, PLACE)
    known, end = page.evaluate(NOW), page.evaluate(END)
    assert end > known
    page.get_by_text("Fixed window", exact=True).click()
    page.wait_for_url("**view=Fixed**")
    wait_idle(page)
    expect(page.get_by_test_id("stException")).to_have_count(0)
    # What is known ends at the same moment in both views, and the fixed one ends there.
    page.wait_for_function(f"known => ({NOW})() === known && ({END})() === known", arg=known)


def test_slices_can_be_cut_another_way(page: Page, dashboard: str) -> None:
    visit(page, dashboard, PLACE)
    card = page.locator(".st-key-card-spend")
    card.get_by_text("version", exact=True).click()
    page.wait_for_url("**slice=version**")
    expect(card.locator(".ytick").first).to_be_visible()
