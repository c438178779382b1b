"""What people (and the notifier) put on record: one frozen shape per kind of entry.

Every entry says when it was written (``at``, wall clock, UTC) and ``by`` whom. Moments that an
entry is *about* (a silence, a definition) are in the time of the logs. Nothing is ever changed:
to take something back is another entry.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, model_validator

from burnline.errors import BurnlineError
from burnline.results import Decision, Severity

NAME_LIMIT = 200
TEXT_LIMIT = 4_000

Mark = Literal["useful", "noise"]
IncidentStatus = Literal["new", "investigating", "mitigated", "closed"]


def checked(text: object, what: str, limit: int = TEXT_LIMIT) -> str:
    """A text that may go on record: trimmed, not empty, not too long, no control characters.

    Line breaks and tabs are kept in long texts (a ``limit`` above that of a name).

    Raises:
        BurnlineError: one sentence that names ``what``.
    """
    if not isinstance(text, str) or not text.strip():
        raise BurnlineError(f"{what} is empty; say it in a few words")
    said = text.strip().replace("\r\n", "\n")
    if len(said) > limit:
        raise BurnlineError(f"{what} has {len(said):,} characters; keep it below {limit:,}")
    allowed = "\n\t" if limit > NAME_LIMIT else ""
    if any(not c.isprintable() and c not in allowed for c in said):
        raise BurnlineError(f"{what} holds control characters; write plain text")
    return said


def _checked(what: str, limit: int) -> BeforeValidator:
    return BeforeValidator(lambda value: checked(value, what, limit))


By = Annotated[str, _checked("the name of who says it", NAME_LIMIT)]
Name = Annotated[str, _checked("a name", NAME_LIMIT)]
Id = Annotated[str, _checked("the id", NAME_LIMIT)]
Reason = Annotated[str, _checked("the reason", TEXT_LIMIT)]
Text = Annotated[str, _checked("the note", TEXT_LIMIT)]


def utc_now() -> datetime:
    """The wall clock."""
    return datetime.now(UTC)


class Entry(BaseModel):
    """Base of every entry."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)
    at: AwareDatetime = Field(default_factory=utc_now)
    by: By


class Acknowledged(Entry):
    """Somebody works on an alert."""

    kind: Literal["acknowledged"] = "acknowledged"
    alert: Id


class Unacknowledged(Entry):
    """Nobody works on it after all."""

    kind: Literal["unacknowledged"] = "unacknowledged"
    alert: Id


class Marked(Entry):
    """An alert was useful or noise; ``None`` takes the mark back."""

    kind: Literal["marked"] = "marked"
    alert: Id
    mark: Mark | None


class Silenced(Entry):
    """Nothing is sent about a model (None: any), or one of its SLOs, in [from, until) of log time."""

    kind: Literal["silenced"] = "silenced"
    id: Id
    model: Name | None = None
    slo: Name | None = None
    from_: AwareDatetime = Field(alias="from")
    until: AwareDatetime
    reason: Reason

    @model_validator(mode="after")
    def _ends(self) -> Silenced:
        if self.until <= self.from_:
            raise BurnlineError(
                f"the silence would end at {self.until:%Y-%m-%d %H:%M}, before it begins at "
                f"{self.from_:%Y-%m-%d %H:%M}; give a later end"
            )
        return self


class Unsilenced(Entry):
    """A silence ends earlier, at ``ended`` of log time; ``None``: it never was."""

    kind: Literal["unsilenced"] = "unsilenced"
    id: Id
    ended: AwareDatetime | None = None


class Noted(Entry):
    """A note on an incident."""

    kind: Literal["noted"] = "noted"
    id: Id
    incident: Id
    text: Text


class NoteDeleted(Entry):
    """A note is taken back."""

    kind: Literal["note_deleted"] = "note_deleted"
    id: Id


class IncidentMoved(Entry):
    """Where an incident stands."""

    kind: Literal["incident_status"] = "incident_status"
    incident: Id
    status: IncidentStatus


class Overridden(Entry):
    """A change that the gate let through for a reason, and what it says of features at that time."""

    kind: Literal["overridden"] = "overridden"
    model: Name
    change: Name
    reason: Reason
    decision: Decision


class Notifying(Entry):
    """Notifications began; what was over by ``since`` (log time) is not told."""

    kind: Literal["notifying"] = "notifying"
    since: AwareDatetime


class Sent(Entry):
    """One attempt to tell a target about a state of an alert group, as of a moment of log time.

    ``error`` is a sentence without addresses or secrets, ``None`` when the target took the message.
    """

    kind: Literal["sent"] = "sent"
    as_of: AwareDatetime
    group: Id
    model: Name
    state: Name
    target: Name
    severity: Severity
    attempt: int
    ok: bool
    error: str | None = None


class Validated(Entry):
    """The newest data of a model were validated, up to ``as_of`` of log time.

    ``failed`` names checks of severity error as ``stage/check/column``; ``first_failed`` is the time of the first
    failing row and ``told`` when a validation could first have told (log time), both ``None`` when all passed.
    """

    kind: Literal["validated"] = "validated"
    model: Name
    as_of: AwareDatetime
    passed: bool
    failed: tuple[str, ...] = ()
    first_failed: AwareDatetime | None = None
    told: AwareDatetime | None = None

    @property
    def time_to_detection(self) -> float | None:
        """Seconds from the first failing row to the end of the data in which this validation found it."""
        return None if self.first_failed is None else max(0.0, (self.as_of - self.first_failed).total_seconds())


class Definition(Entry):
    """The SLOs of a model as they were defined from ``since_us`` (microseconds, log time) on.

    ``None`` is the beginning of time. ``slos`` holds them as ``burnline.records.laws.law`` writes them.
    """

    kind: Literal["definition"] = "definition"
    model: str
    since_us: int | None
    slos: tuple[dict[str, Any], ...]


AnyEntry = Annotated[
    Acknowledged
    | Unacknowledged
    | Marked
    | Silenced
    | Unsilenced
    | Noted
    | NoteDeleted
    | IncidentMoved
    | Overridden
    | Notifying
    | Sent
    | Validated
    | Definition,
    Field(discriminator="kind"),
]
ENTRY: TypeAdapter[AnyEntry] = TypeAdapter(AnyEntry)
