"""Where we are: the address bar holds the whole state of a view.

Widgets that are part of a view bind themselves to the URL by their key. One key means one thing
on every page, because browser history carries the keys of one page to the next.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import streamlit as st

PAGES = Path(__file__).resolve().parents[1] / "pages"
WORKSPACE = "BURNLINE_WORKSPACE"


def workspace_folder() -> str:
    """The folder of the workspace that is shown."""
    return os.environ.get(WORKSPACE, ".")


def page(name: str) -> Path:
    """The file of a page."""
    return PAGES / f"{name}.py"


def go(name: str, **where: str | None) -> NoReturn:
    """Opens a page at a place: `go("model", model="fraud", day="2026-11-14")`."""
    st.switch_page(page(name), query_params={key: value for key, value in where.items() if value})


def remember(key: str, options: Sequence[str], fallback: str) -> str | None:
    """Makes the address name the entity a page shows, before its picker is drawn.

    Returns what the address asked for if it is not among `options`: a stale link must not pass
    for the page of another model.
    """
    asked = st.query_params.get(key)
    if st.session_state.get(key) not in options:
        st.session_state[key] = asked if asked in options else fallback
    return asked if asked and asked not in options else None
