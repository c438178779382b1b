"""Fleet: what needs a human this morning?"""

import streamlit as st

from burnline.dashboard import reads, sentences, wording
from burnline.dashboard.binding import bound, bound_days
from burnline.dashboard.charts import trends
from burnline.dashboard.parts.attention import needs_a_human, ranked
from burnline.dashboard.parts.burn_map import burn_map
from burnline.dashboard.parts.filters import filters
from burnline.dashboard.parts.fleet_table import table
from burnline.dashboard.parts.header import counts, head
from burnline.dashboard.parts.kpis import kpis
from burnline.dashboard.parts.two_tracks import two_tracks

DAYS = 30

at, zone = reads.as_of()
status = reads.status()
models = ranked([bound(m) for m in status.models])
history = bound_days(reads.history(DAYS), models)
trail = trends.trailing(history, models)

head(
    sentences.fleet(models),
    f"{status.workspace} · as of {wording.moment(at, zone)} · {sentences.outcomes_known(models)}",
)
counts([wording.shown_state(m) for m in models])
kpis(status, trail)
left, right = st.columns([3, 2])
with left:
    two_tracks(models)
with right:
    needs_a_human(models, zone)


@st.fragment
def explore() -> None:
    """Map and table under the same filters; only they rerun when a filter moves."""
    chosen = filters(models)
    shown = [m for m in models if chosen.admits(m)]
    burn_map(trends.newest(history, DAYS), [m.model for m in shown])
    table(shown, trends.worst_by_day(trail, DAYS), zone)


explore()
