"""Pages over a workspace made of arithmetic."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace

import pytest
import streamlit as st
from apptest import OpenPage
from fakes import FakeWorkspace
from streamlit.testing.v1 import AppTest

from burnline.dashboard import reads, state

APP = state.PAGES.parent / "dashboard" / "app.py"


@pytest.fixture
def open_page(monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenPage]:
    """Opens a page at an address: `open_page("model", model="fraud")`."""

    def make(name: str = "fleet", *, workspace: object | None = None, **address: str) -> AppTest:
        shown = workspace or FakeWorkspace()
        monkeypatch.setattr(reads, "Workspace", SimpleNamespace(open=lambda folder: shown))
        app = AppTest.from_file(APP, default_timeout=60)
        for key, value in address.items():
            app.query_params[key] = value
        app.run()
        if name != "fleet":
            app.switch_page(str(state.page(name)))
            for key, value in address.items():
                app.query_params[key] = value
            app.run()
        assert not app.exception
        return app

    st.cache_resource.clear()
    yield make
    st.cache_resource.clear()
