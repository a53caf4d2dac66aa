"""How what trains is examined."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True, scope="module")
def _hasty(hastily_compiled: None) -> None:
    """What is examined runs a few times."""
