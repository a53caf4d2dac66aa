"""Two methods share a letter if and only if no test tells them apart."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from seqbench.stats.compact_letters import compact_letters


def test_by_hand():
    assert compact_letters("xyz", []) == {"x": "a", "y": "a", "z": "a"}
    assert compact_letters("xyz", [("x", "z")]) == {"x": "a", "y": "ab", "z": "b"}
    assert compact_letters("xyz", [("z", "x"), ("z", "y")]) == {"x": "a", "y": "a", "z": "b"}
    assert compact_letters("wxyz", [("w", "y"), ("w", "z"), ("x", "z")]) == {"w": "a", "x": "ab", "y": "bc", "z": "c"}


@pytest.mark.parametrize("seed", range(20))
def test_letters_say_exactly_which_pairs_differ(seed):
    random = np.random.default_rng(seed)
    names = [f"m{place}" for place in range(8)]
    pairs = list(combinations(names, 2))
    differing = {pair for pair in pairs if random.random() < 0.4}
    letters = compact_letters(names, differing)
    assert {pair for pair in pairs if not set(letters[pair[0]]) & set(letters[pair[1]])} == differing
    assert letters["m0"].startswith("a")
