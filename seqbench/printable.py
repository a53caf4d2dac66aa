"""Text that a terminal or a browser shows as it is: without characters that move the cursor or turn the reading order.

Grids, results folders and the tracebacks of a user's own code may come from untrusted sources.

Source: Boucher & Anderson 2021, Trojan Source: invisible vulnerabilities, arXiv:2111.00169, for the characters that
reverse text.
"""

from __future__ import annotations

import re

ACTING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
"""Control characters other than tab and line feed, and marks that change the direction of text or break lines."""

JAX_NOTE = "\n--------------------\nFor simplicity, JAX has removed its internal frames"
"""How the note begins that JAX adds to errors that pass through it."""


def last_line(traceback: str) -> str:
    """What a traceback ends with: the error and its message, without the note that JAX adds."""
    own = traceback.partition(JAX_NOTE)[0]
    return printable(own.strip() or "no traceback was kept").splitlines()[-1]


def printable(text: str) -> str:
    """The text with acting characters spelled out, as Python's `repr` spells them."""
    return ACTING.sub(lambda found: found[0].encode("unicode_escape").decode(), text.replace("\r\n", "\n"))
