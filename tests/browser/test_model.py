"""The model page in a browser: deep links, pickers, the way to a budget."""

from __future__ import annotations

from browser.helpers import wait_idle
from browser.visits import click_row, visit
from playwright.sync_api import Page, expect


def test_a_deep_link_restores_model_and_day(page: Page, dashboard: str) -> None:
    visit(page, dashboard, "model?model=fraud-scorer&day=2026-11-18")
    expect(page.locator("h1")).to_have_text("fraud-scorer")
    expect(page.locator(".st-key-card-day")).to_contain_text("18 Nov 2026")
    assert page.url.endswith("/model?model=fraud-scorer&day=2026-11-18")


def test_both_budgets_are_drawn_one_above_the_other(page: Page, dashboard: str) -> None:
    visit(page, dashboard, "model?model=fraud-scorer")
    titles = page.locator(".st-key-dual .annotation-text").all_text_contents()
    assert any(text.startswith("Infrastructure") for text in titles)
    assert any(text.startswith("Model") for text in titles)


def test_the_keyboard_picks_another_model(page: Page, dashboard: str) -> None:
    visit(page, dashboard, "model?model=fraud-scorer")
    page.get_by_role("combobox", name="Model").first.fill("flight-delay")
    page.keyboard.press("Enter")
    page.wait_for_url("**/model?model=flight-delay")
    expect(page.locator("h1")).to_have_text("flight-delay")


def test_the_name_of_an_slo_leads_to_its_budget(page: Page, dashboard: str) -> None:
    visit(page, dashboard, "model?model=fraud-scorer")
    click_row(page, page.locator(".st-key-card-slos"), 0)
    page.wait_for_url("**/budgets?model=fraud-scorer&slo=availability")
    expect(page.locator("h1")).to_contain_text("availability")
    page.go_back()
    expect(page.locator("h1")).to_have_text("fraud-scorer")
    wait_idle(page)


def test_a_model_without_slos_is_shown_as_such(page: Page, dashboard: str) -> None:
    visit(page, dashboard, "model?model=login-anomaly")
    expect(page.locator(".st-key-card-empty")).to_contain_text("No SLO is defined")
