"""Colour is state: one set for light, dark and print, distinct under colour blindness."""

from __future__ import annotations

from burnline.results import State

OK = "#149E8E"
WARN = "#EAA221"
BAD = "#D1382C"
INFO = "#5B7CFA"
MUTE = "#7C8798"
WHAT_IF = "#9B6BE3"

STATE: dict[State, str] = {"healthy": OK, "at_risk": WARN, "burning": WARN, "breached": BAD, "no_data": MUTE}

# The same as text: amber is too light to be read on white.
INK: dict[State, str] = STATE | {"at_risk": "#B0741A", "burning": "#B0741A", "healthy": MUTE}


def alpha(color: str, opacity: float) -> str:
    """A palette colour, see-through."""
    red, green, blue = (int(color[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity})"
