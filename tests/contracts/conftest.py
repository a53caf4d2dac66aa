"""How a component is held to its contract."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from seqbench.contracts.base import DoesNotApply


@pytest.fixture(autouse=True, scope="module")
def _hasty(hastily_compiled: None) -> None:
    """What is examined runs a few times."""


@pytest.fixture
def hold() -> Callable[[Callable[[Any], None], Any], None]:
    """`hold(check, subject)`: run one demand; where it does not apply the test is skipped and says why."""

    def run(check: Callable[[Any], None], subject: Any) -> None:
        try:
            check(subject)
        except DoesNotApply as reason:
            pytest.skip(str(reason))

    return run
