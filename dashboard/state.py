"""Where we are: the address bar holds the whole state of a view.

What a page is about (model, SLO, day) stands in the address first and in its picker second, so
that any link leads there. How it is shown (filters, views, sliders) is left to the widgets, which
bind themselves to the address by their key. One key means one thing on every page.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any, NoReturn

import streamlit as st

PAGES = Path(__file__).resolve().parents[1] / "pages"
WORKSPACE = "BURNLINE_WORKSPACE"


def workspace_folder() -> str:
    """The folder of the workspace that is shown."""
    return os.environ.get(WORKSPACE, ".")


def page(name: str) -> Path:
    """The file of a page."""
    return PAGES / f"{name}.py"


def go(name: str, *, model: str, slo: str | None = None, day: date | None = None) -> NoReturn:
    """Opens a page at a place."""
    place = {"model": model, "slo": slo, "day": day.isoformat() if day else None}
    st.switch_page(page(name), query_params={key: value for key, value in place.items() if value})


def entity(key: str, options: Sequence[str], fallback: str) -> tuple[dict[str, Any], str | None]:
    """What a picker of `key` needs to follow the address, and what the address asks for in vain.

    Without a word in the address the one seen last is shown, else `fallback`; either way the
    address names it, since tomorrow's fallback is another one.
    """
    asked = st.query_params.get(key)
    seen = st.session_state.get(_seen(key))
    shown = next((str(name) for name in (asked, seen) if name in options), fallback)
    if shown != asked:
        st.query_params[key] = shown
    st.session_state[_seen(key)] = shown
    missing = asked if asked and asked != shown else None
    return _follow(key, shown), missing


def choice(key: str, options: Sequence[str]) -> tuple[dict[str, Any], str | None]:
    """As ``entity``, for a picker that may stay empty: without a word in the address nothing is picked."""
    asked = st.query_params.get(key)
    shown = asked if asked in options else None
    if shown is not None:
        st.session_state[_seen(key)] = shown
    return _follow(key, shown), asked if asked and shown is None else None


def day(first: date, last: date) -> dict[str, Any]:
    """What a date picker needs to follow the address; none = no day is picked."""
    try:
        asked = date.fromisoformat(st.query_params.get("day", ""))
    except ValueError:
        asked = None
    return _follow("day", asked if asked and first <= asked <= last else None)


def _follow(key: str, value: object) -> dict[str, Any]:
    picker = f"pick-{key}"
    st.session_state[picker] = value
    return {"key": picker, "on_change": _write, "args": (key, picker)}


def _write(key: str, picker: str) -> None:
    value = st.session_state[picker]
    if value is None:
        st.query_params.pop(key, None)
    else:
        st.query_params[key] = str(value)


def _seen(key: str) -> str:
    return f"seen-{key}"
