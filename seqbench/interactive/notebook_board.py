"""The board of a running grid in a notebook: one output that is drawn again in its place."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Mapping
from html import escape
from typing import Any

from rich.console import Console

from seqbench.commands.progress import Board, plain_line
from seqbench.execution.events import Event
from seqbench.plan.plan import Plan, Trial

EVERY = 0.5
"""Seconds between two drawings."""

COLUMNS = 100

LINES = 12
"""Lines that were said of which the last so many are shown."""

FRAME = "margin:0;line-height:1.25;white-space:pre;font-family:ui-monospace,Menlo,Consolas,monospace"


class NotebookBoard(Board):
    """The same counts and table as on a terminal, as HTML that any frontend of Jupyter replaces in its place."""

    def __init__(self) -> None:
        super().__init__(Console(file=io.StringIO()), quiet=True)
        self._said: list[str] = []
        self._handle: Any = None
        self._drawn = 0.0
        self._drawing = threading.Lock()

    def __enter__(self) -> NotebookBoard:
        from IPython.display import HTML, display  # only a notebook gets here

        self._handle = display(HTML(self.html()), display_id=True)
        return self

    def __exit__(self, *_: object) -> None:
        self.draw()

    def start(self, current: Plan, *, finished: int, outcomes: Mapping[str, str] | None = None, only: int = 0) -> None:
        """A plan begins, see `Board.start`."""
        super().start(current, finished=finished, outcomes=outcomes, only=only)
        self.draw()

    def say(self, line: str) -> None:
        """Show one line above the board; any thread may call it."""
        if shown := plain_line(line):
            self._said.append(shown)
            self.draw()

    def observe(self, trial: Trial, event: Event) -> None:
        """Take in one event, and draw if the last drawing is old enough."""
        super().observe(trial, event)
        if time.monotonic() - self._drawn > EVERY:
            self.draw()

    def draw(self) -> None:
        """Replace the output by what is known now."""
        from IPython.display import HTML

        if self._handle is not None:
            with self._drawing:
                self._drawn = time.monotonic()
                self._handle.update(HTML(self.html()))

    def html(self) -> str:
        """The lines that were said, and the board below them."""
        page = Console(
            file=io.StringIO(), record=True, width=COLUMNS, force_terminal=True, force_jupyter=False, highlight=False
        )
        page.print(self._picture())
        board = page.export_html(inline_styles=True, code_format=f'<pre style="{FRAME}">{{code}}</pre>')
        said = "\n".join(map(escape, self._said[-LINES:]))
        return f'<pre style="{FRAME};white-space:pre-wrap">{said}</pre>{board}'
