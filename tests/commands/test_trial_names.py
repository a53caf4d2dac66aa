"""Trials by the beginning of their names."""

from __future__ import annotations

import pytest

from seqbench.commands.trial_names import full_name
from seqbench.errors import UsageError

KNOWN = ["aa01", "aa02", "ab", "abc"]


@pytest.mark.parametrize(("typed", "meant"), [("aa01", "aa01"), ("aa02", "aa02"), ("ab", "ab"), ("abc", "abc")])
def test_a_unique_beginning_or_a_whole_name_is_enough(typed, meant):
    assert full_name(typed, KNOWN, of="grid") == meant


@pytest.mark.parametrize(("typed", "said"), [("a", "aa01, aa02, ab, abc"), ("b", "grid has no trial 'b'"), ("", "''")])
def test_what_is_none_or_several_is_refused_with_what_it_may_be(typed, said):
    with pytest.raises(UsageError, match=said):
        full_name(typed, KNOWN, of="grid")
