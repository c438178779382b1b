"""Alert rules of SLOs that are judged by the day."""

from datetime import timedelta

from burnline.budgets.burn_rules import rules, ticket_rules


def test_an_slo_judged_by_the_day_files_tickets_over_the_long_window_and_never_pages() -> None:
    month = timedelta(days=30)
    assert {r.severity for r in rules(month)} == {"page", "ticket"}
    found = ticket_rules(month)
    assert [(r.severity, r.long, r.short) for r in found] == [("ticket", "3d", "3d")]
    assert [r.threshold for r in found] == [r.threshold for r in rules(month) if r.severity == "ticket"]
