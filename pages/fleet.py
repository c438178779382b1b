"""Fleet: what needs a human this morning?"""

from zoneinfo import ZoneInfo

import streamlit as st

from burnline.dashboard import reads, wording
from burnline.dashboard.charts import trends
from burnline.dashboard.parts.attention import needs_a_human, ranked
from burnline.dashboard.parts.burn_map import burn_map
from burnline.dashboard.parts.filters import filters
from burnline.dashboard.parts.fleet_table import table
from burnline.dashboard.parts.header import counts, head
from burnline.dashboard.parts.kpis import kpis
from burnline.dashboard.parts.two_tracks import two_tracks

DAYS = 30

status = reads.status()
history = reads.history()
daily = trends.newest(history, DAYS)
trail = trends.trailing(history, status.models)
zone = ZoneInfo(status.timezone)
assert status.at is not None

head(wording.fleet(status.models), f"{status.workspace} · as of {wording.moment(status.at, zone)}")
counts([wording.shown_state(m) for m in status.models])

kpis(status, trail)

left, right = st.columns([3, 2])
with left:
    two_tracks(ranked(status.models))
with right:
    needs_a_human(status.models)


@st.fragment
def explore() -> None:
    """Map and table under the same filters; only they rerun when a filter moves."""
    chosen = filters(status.models)
    models = [m for m in ranked(status.models) if chosen.admits(m)]
    burn_map(daily, [m.model for m in models])
    table(models, trends.worst_by_day(trail, DAYS))


explore()
