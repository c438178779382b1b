"""Progress for a person who waits: on standard error, so that standard output stays an answer."""

from __future__ import annotations

import time
from types import TracebackType
from typing import TextIO


class Progress:
    """Calls of (done, total, what) become one moving line on a terminal, a line now and then elsewhere."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._moving = stream.isatty()
        self._pause = 0.1 if self._moving else 10.0
        # A task that ends before the first pause says nothing.
        self._last = time.monotonic()
        self._shown = False

    def __call__(self, done: int, total: int, what: str) -> None:
        now = time.monotonic()
        if now - self._last < self._pause:
            return
        self._last = now
        line = f"{done:,} / {total:,}  {what}" if total else what
        self._shown = True
        self._stream.write(f"\r\x1b[K{line[:100]}" if self._moving else f"{line}\n")
        self._stream.flush()

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._moving and self._shown:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
