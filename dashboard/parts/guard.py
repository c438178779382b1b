"""What is shown while there is nothing to show: each dead end says the way out."""

from __future__ import annotations

import streamlit as st

from burnline.dashboard import reads, state, wording
from burnline.errors import BurnlineError
from burnline.results import ModelStatus


def ready() -> bool:
    """Whether pages have something to show; if not, says what to do."""
    try:
        status = reads.status()
    except BurnlineError as error:
        _say(
            ":material/folder_off:",
            "This workspace cannot be opened",
            str(error),
            f"burnline init {state.workspace_folder()} --logs 'path/to/logs/**/*.parquet'",
        )
        return False
    if status.at is None:
        _say(
            ":material/inbox:",
            "Nothing ingested yet",
            f"The workspace **{status.workspace or state.workspace_folder()}** defines {len(status.models)} models; "
            "its logs have not been read.",
            f"burnline ingest -w {state.workspace_folder()}",
        )
        return False
    return True


def no_such(what: str) -> None:
    """Says that a link names something that is not here (any more)."""
    st.warning(f"This workspace has no {what}; shown instead is what needs attention most.", icon=":material/link_off:")


def no_slos(model: ModelStatus) -> None:
    """Says how a model that is in the logs only gets its budgets."""
    _say(
        ":material/help:",
        "No SLO is defined",
        f"The logs hold {wording.count(model.requests)} requests of **{model.model}**, and nothing is promised "
        f"for them. Write `models/{model.model}.yaml`, then:",
        f"burnline ingest -w {state.workspace_folder()}",
    )


def _say(icon: str, title: str, text: str, command: str) -> None:
    with st.container(border=True, key="card-empty", horizontal_alignment="center"):
        st.space("medium")
        st.markdown(f"## {icon}", text_alignment="center")
        st.subheader(title, anchor=False, text_alignment="center")
        st.markdown(text, text_alignment="center")
        st.code(command, language="sh", width="content")
        st.space("medium")
