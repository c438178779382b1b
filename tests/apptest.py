"""What a page says, as a test reads it."""

from __future__ import annotations

from collections.abc import Callable

from streamlit.testing.v1 import AppTest

OpenPage = Callable[..., AppTest]


def words(app: AppTest) -> str:
    """Everything a page says in text."""
    return "\n".join(str(block.value) for block in (*app.title, *app.subheader, *app.markdown, *app.caption))


def address(app: AppTest) -> dict[str, str]:
    """The query of the address, one value per key."""
    return {key: value if isinstance(value, str) else value[0] for key, value in app.query_params.items()}
