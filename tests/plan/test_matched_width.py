from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqbench.errors import Incompatible
from seqbench.plan.matched_width import match_width


def lstm(width: int) -> int:
    """Parameters of an LSTM of 3 inputs with a linear read-out of 2."""
    return 4 * width * (3 + width + 1) + 2 * (width + 1)


@given(st.integers(8, 400))
def test_a_width_is_found_again_from_its_count(width: int) -> None:
    assert match_width(lstm(width), lstm) == width


def test_few_models_are_built() -> None:
    built: list[int] = []
    assert match_width(lstm(181), lambda width: built.append(width) or lstm(width)) == 181
    assert len(built) <= 8


@given(st.integers(1, 60_000))
def test_a_count_that_grows_evenly_is_no_trap(width: int) -> None:
    assert match_width(10 * width, lambda w: 10 * w) == width


@given(st.integers(20_000, 500_000))
def test_the_nearest_width_is_taken(target: int) -> None:
    width = match_width(target, lstm)
    assert abs(lstm(width) - target) <= min(abs(lstm(width + step) - target) for step in (-1, 1))
    assert abs(lstm(width) - target) <= 0.02 * target


def test_the_smallest_widths_are_possible() -> None:
    assert match_width(10, lambda width: 10 * width) == 1
    assert match_width(20, lambda width: 10 * width) == 2


def test_a_count_that_no_width_gives_is_refused() -> None:
    with pytest.raises(Incompatible, match=r"no width comes within 2% of 15 parameters: 1 gives 10 and 2 gives 20"):
        match_width(15, lambda width: 10 * width)
    with pytest.raises(Incompatible, match=r"no width up to 65,536 gives 1,000,000 parameters"):
        match_width(10**6, lambda width: 7)
    with pytest.raises(Incompatible, match=r"no width comes within 2% of 5 parameters: 1 gives 10"):
        match_width(5, lambda width: 10 * width)
