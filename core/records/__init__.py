"""What people put on record, and the definitions that were in force: an append-only journal."""

from burnline.records.actions import (
    acknowledge,
    delete_note,
    mark,
    note,
    override,
    set_incident_status,
    silence,
    unsilence,
)
from burnline.records.laws import boundaries, changes, in_force, record_laws
from burnline.records.records import Records, Silence, read

__all__ = [
    "Records",
    "Silence",
    "acknowledge",
    "boundaries",
    "changes",
    "delete_note",
    "in_force",
    "mark",
    "note",
    "override",
    "read",
    "record_laws",
    "set_incident_status",
    "silence",
    "unsilence",
]
