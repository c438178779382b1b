"""Alerts: which burns deserve a human, when they start and end, and who is told."""
