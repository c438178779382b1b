"""The few rules of style that the theme file cannot express."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

STATIC = Path(__file__).resolve().parent / "static"

# `light-dark()` follows the switch in the menu at once; asking Python would lag one run behind.
_CSS = """
<style>
[data-testid="stApp"],[data-testid="stHeader"]{background:light-dark(#F4F6F9,#0A0E15)}
[class*="st-key-card"],[data-testid="stMetric"]{background:light-dark(#fff,#111723);
  box-shadow:0 1px 2px light-dark(rgba(16,24,40,.06),rgba(0,0,0,.4))}
[data-testid^="stBaseButton-primary"],[data-testid^="stBaseButton-primary"] p{color:light-dark(#fff,#0A0E15)}
[data-testid="stMetric"],[data-testid="stMarkdownContainer"]{font-variant-numeric:tabular-nums}
</style>
"""


def apply() -> None:
    """Names the tab and dresses the page."""
    # An icon of the icon font would be fetched from the network.
    st.set_page_config(page_title="Burnline", page_icon=str(STATIC / "favicon.svg"), layout="wide")
    st.logo(str(STATIC / "logo.svg"), size="large")
    st.html(_CSS)
