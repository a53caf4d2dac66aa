"""Ctrl-C and termination signals: the run stops cleanly, and the exit code says why."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from types import FrameType


class Interrupted(BaseException):
    """A signal asked the process to end. Not an Exception, so that it is never taken for a crash of a trial."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.exit_code = 128 + number


@contextlib.contextmanager
def on_termination() -> Iterator[None]:
    """Inside, SIGINT, SIGTERM and SIGHUP raise Interrupted (exit codes 130, 143, 129); a second one ends at once."""
    # Signals that were ignored from the start stay ignored, as `nohup` requires.
    known = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    watched = [number for number in known if signal.getsignal(number) is not signal.SIG_IGN]

    def interrupt(number: int, frame: FrameType | None) -> None:
        for again in watched:
            signal.signal(again, signal.SIG_DFL)
        raise Interrupted(number)

    before = {number: signal.signal(number, interrupt) for number in watched}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
