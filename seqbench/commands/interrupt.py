"""Ctrl-C and termination signals: the command stops cleanly, and the exit code says why."""

from __future__ import annotations

import contextlib
import signal
import sys
from collections.abc import Iterator
from types import FrameType
from typing import Any

SOON = 0.01
"""Seconds after which an interruption that could not be raised, or that Python has discarded, is raised again."""

IMPORTING = "<frozen importlib._bootstrap>"
"""The file that Python names in the frames of its import system."""


class Interrupted(BaseException):
    """A signal asked the process to end. Not an Exception, so that it is never taken for a crash of a trial.

    exit_code: as shells have it, 128 and the number of the signal
    announced: whether a command has said what was kept and how to go on
    """

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.exit_code = 128 + number
        self.announced = False


@contextlib.contextmanager
def on_termination() -> Iterator[None]:
    """Inside, SIGINT, SIGTERM and SIGHUP raise Interrupted (exit codes 130, 143, 129); a second one ends at once.

    Python discards what is raised in a callback of its garbage collector (JAX has one); such an interruption is raised
    again until it arrives. While a module is imported it waits: compiled modules, JAX's among them, end the process
    with a segmentation fault if an error is raised while they begin.
    """
    # Signals that were ignored from the start stay ignored, as `nohup` requires.
    known = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    watched = [number for number in known if signal.getsignal(number) is not signal.SIG_IGN]
    received: list[int] = []

    def interrupt(number: int, frame: FrameType | None) -> None:
        received.append(number)
        for again in watched:
            signal.signal(again, signal.SIG_DFL)
        arrive(number, frame)

    def arrive(number: int, frame: FrameType | None) -> None:
        if _importing(frame):
            signal.setitimer(signal.ITIMER_REAL, SOON)
        else:
            raise Interrupted(received[0])

    def discarded(unraisable: Any) -> None:
        if issubclass(unraisable.exc_type, Interrupted):
            signal.setitimer(signal.ITIMER_REAL, SOON)
        else:
            hook(unraisable)

    hook, sys.unraisablehook = sys.unraisablehook, discarded
    before = {number: signal.signal(number, interrupt) for number in watched}
    before[signal.SIGALRM] = signal.signal(signal.SIGALRM, arrive)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in before.items():
            signal.signal(number, handler)
        sys.unraisablehook = hook


def _importing(frame: FrameType | None) -> bool:
    """Whether a module is being imported, by this frame or by one that called it."""
    while frame is not None:
        if frame.f_code.co_filename == IMPORTING:
            return True
        frame = frame.f_back
    return False
