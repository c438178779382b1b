"""Sends what is due through Apprise, one target at a time, and logs every attempt.

URLs come from the environment and go nowhere else: not into an error, a log or the journal. A
target that fails never stops the others. One process sends at a time, and looks again at what was
sent once it has the lock, so no state is told twice. A process that is killed between a target's
answer and the line in the journal may repeat that one message: losing a page would be worse.
"""

from __future__ import annotations

import fcntl
import logging
import re
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from burnline.alerts.message import Message
from burnline.errors import BurnlineError
from burnline.records import Records, read
from burnline.records.entries import Notifying, Sent
from burnline.records.journal import append
from burnline.results import Result, Severity
from burnline.spec.workspace import Notifications

_WRITER = "burnline notify"
_TALKATIVE = ("apprise", "urllib3", "requests")
_HTTP_ERROR = re.compile(r"error=(\d{3})\b")

Send = Callable[[str, Message], str | None]
"""Sends a message to a URL; returns why it failed in a sentence without secrets, None when it did not."""


class Delivery(Result):
    """What became of one message. ``ok`` is None when it was not tried: a dry run, a missing variable."""

    group: str
    model: str
    state: str
    target: str
    severity: Severity
    attempt: int
    title: str
    body: str
    ok: bool | None = None
    error: str | None = None


def preview(messages: Sequence[Message]) -> tuple[Delivery, ...]:
    """The messages as they would be sent."""
    return tuple(_delivery(message) for message in messages)


def deliver(
    messages: Sequence[Message],
    settings: Notifications,
    root: Path,
    *,
    at: datetime,
    environ: Mapping[str, str],
    send: Send | None = None,
) -> tuple[Delivery, ...]:
    """Send messages and put every attempt on record below ``root``.

    ``at`` is the log time of the run: the first one records that notifications began then. What
    another process has sent or tried in the meantime is left out of the answer.

    Raises:
        BurnlineError: the records cannot be read or written.
    """
    with _alone(root):
        records = read(root)
        if records.notifying_since is None:
            append(root, Notifying(by=_WRITER, since=at))
        wanted = (message for message in messages if not _done(message, records))
        return tuple(_deliver(message, settings, root, at, environ, send or through_apprise) for message in wanted)


def _done(message: Message, records: Records) -> bool:
    """Whether another process has sent this message, or made this attempt."""
    before = [s for s in records.sent(message.group) if (s.state, s.target) == (message.state, message.target)]
    return len(before) >= message.attempt or any(s.ok for s in before)


def _deliver(
    message: Message, settings: Notifications, root: Path, at: datetime, environ: Mapping[str, str], send: Send
) -> Delivery:
    variable = settings.targets[message.target].variable
    url = environ.get(variable, "").strip()
    if not url:
        return _delivery(message, error=f"{variable} is not set")
    try:
        error = send(url, message)
    except Exception as failure:
        # Its text may hold the URL.
        error = f"sending failed ({type(failure).__name__})"
    append(
        root,
        Sent(
            by=_WRITER,
            as_of=at,
            group=message.group,
            model=message.model,
            state=message.state,
            target=message.target,
            severity=message.severity,
            attempt=message.attempt,
            ok=error is None,
            error=error,
        ),
    )
    return _delivery(message, ok=error is None, error=error)


def _delivery(message: Message, *, ok: bool | None = None, error: str | None = None) -> Delivery:
    return Delivery(
        group=message.group,
        model=message.model,
        state=message.state,
        target=message.target,
        severity=message.severity,
        attempt=message.attempt,
        title=message.title,
        body=message.body,
        ok=ok,
        error=error,
    )


def through_apprise(url: str, message: Message) -> str | None:
    """Send one message to the one target of an Apprise URL; as ``Send``."""
    with _quiet() as heard:
        from apprise import Apprise, AppriseAsset, NotifyFormat, NotifyType

        asset = AppriseAsset(app_id="Burnline", app_desc="Burnline", app_url="", async_mode=False)
        target = Apprise(asset=asset)
        if not target.add(url) or len(target) != 1:
            return "its variable does not hold one URL that can be sent to; docs/notifications.md has examples"
        kinds = {"resolved": NotifyType.SUCCESS, "page": NotifyType.FAILURE, "ticket": NotifyType.WARNING}
        kind = kinds["resolved" if message.state.startswith("resolved") else message.severity]
        if target.notify(title=message.title, body=message.body, notify_type=kind, body_format=NotifyFormat.TEXT):
            return None
    return _reason(heard)


def _reason(heard: Sequence[str]) -> str:
    """Why a target failed. Only the HTTP status is taken from what was logged: the rest may hold secrets."""
    for line in heard:
        found = _HTTP_ERROR.search(line)
        if found:
            return f"the target answered with HTTP {found[1]}"
    if any("onnection" in line or "Socket" in line for line in heard):
        return "the target could not be reached"
    return "the target did not take the message"


class _Listener(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.heard: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the text."""
        self.heard.append(record.getMessage())


@contextmanager
def _quiet() -> Iterator[list[str]]:
    """Nothing that is logged or warned while sending is shown: it may hold URLs. Yields what Apprise says."""
    loggers = [logging.getLogger(name) for name in _TALKATIVE]
    before = [(each.propagate, each.handlers, each.level) for each in loggers]
    listener = _Listener()
    for each in loggers:
        each.propagate, each.handlers = False, [listener if each.name == "apprise" else logging.NullHandler()]
        each.setLevel(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield listener.heard
    finally:
        for each, (propagate, handlers, level) in zip(loggers, before, strict=True):
            each.propagate, each.handlers = propagate, handlers
            each.setLevel(level)


@contextmanager
def _alone(root: Path) -> Iterator[None]:
    """Hold the lock of those who send, waiting for another to end."""
    path = root / "notify.lock"
    try:
        root.mkdir(parents=True, exist_ok=True)
        lock = path.open("w")
    except OSError as error:
        raise BurnlineError(
            f"{path}: notifications cannot be sent, since records cannot be written ({error.strerror}); "
            "check the permissions or name another folder in spec.store"
        ) from None
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
