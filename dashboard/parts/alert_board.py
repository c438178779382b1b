"""What the alerts page speaks of: the alerts it shows, and everything that belongs to one of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from burnline.alerting import Alerting
from burnline.records.records import Records
from burnline.results import Alert, AlertGroup, FleetStatus, Incident, SloStatus


@dataclass(frozen=True)
class Board:
    """Alerts, oldest first, with their groups; ``incidents`` are by the id of an alert, ``statuses`` by SLO.

    ``on_burns`` are the ids of alerts on a true burn.
    """

    alerts: tuple[Alert, ...]
    groups: tuple[AlertGroup, ...]
    on_burns: frozenset[str]
    incidents: Mapping[str, Incident]
    statuses: Mapping[tuple[str, str], SloStatus]
    records: Records
    at: datetime
    zone: ZoneInfo

    def slo(self, alert: Alert) -> SloStatus | None:
        """The status of the SLO of an alert, if it is still promised."""
        return self.statuses.get((alert.model, alert.slo))

    def alert(self, id_: str) -> Alert | None:
        """The alert of that id, if it is shown."""
        return next((a for a in self.alerts if a.id == id_), None)


def board(
    alerting: Alerting, status: FleetStatus, at: datetime, zone: ZoneInfo, *, model: str | None, slo: str | None
) -> Board:
    """Everything, or what concerns a model or an SLO."""
    return Board(
        alerts=tuple(a for a in alerting.alerts if model in (None, a.model) and slo in (None, a.slo)),
        groups=alerting.groups,
        on_burns=alerting.on_burns,
        incidents={name: incident for incident in alerting.incidents for name in incident.alerts},
        statuses={(m.model, s.slo): s for m in status.models for s in m.slos},
        records=alerting.records,
        at=at,
        zone=zone,
    )
