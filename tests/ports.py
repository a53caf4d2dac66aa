"""Ports for servers of tests, which may run in several processes at once."""

import secrets

from seqbench.tracking.ui import free_port

FIRST, LAST = 24_000, 32_000
"""Above those at which Ray's workers listen, below those that Linux gives to whoever names none."""


def own_port() -> int:
    """A port of loopback that is free and that no other test picks, even while the server at it is down."""
    return free_port("127.0.0.1", FIRST + secrets.randbelow(LAST - FIRST))
