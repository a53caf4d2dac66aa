"""Every cell, with its defaults and with other settings, keeps the contract of `seqbench.contracts.cells`."""

from __future__ import annotations

from functools import cache

import pytest

from seqbench.cells.base import CellBuilder
from seqbench.cells.vanilla import Vanilla
from seqbench.components import catalogue
from seqbench.contracts.cells import (
    CHECKS,
    Subject,
    own_derivative_is_that_of_the_plain_loop,
    padding_changes_nothing_and_rows_do_not_touch,
)
from tests.contracts.demands import cases, demands

VARIANTS = {
    "indrnn_bounded": ("indrnn", {"bound": 0.5}),
    "lstm_peepholes": ("lstm", {"peepholes": True}),
    "lru_linear": ("lru", {"activation": "none"}),
    "slstm_exponential": ("slstm", {"forget_gate": "exponential"}),
    "vanilla_relu": ("vanilla", {"activation": "relu"}),
}
"""What is tried beside the defaults."""
NAMES = catalogue.names("cells")


@cache
def subject(case: str) -> Subject:
    name, settings = VARIANTS.get(case, (case, {}))
    return Subject(catalogue.component("cells", name), settings)


@pytest.mark.parametrize("check", demands(CHECKS))
@pytest.mark.parametrize("case", cases(NAMES, VARIANTS))
def test_cell(case, check, hold):
    hold(check, subject(case))


def test_one_derivative_is_that_of_the_plain_loop_where_those_of_all_cells_are_slow():
    own_derivative_is_that_of_the_plain_loop(subject("lstm"))


class Leaking(Vanilla):
    """Forgets to hold its state on padding."""

    def hold(self, valid, old, new):
        return new


def leaking() -> CellBuilder:
    """No settings."""
    return Leaking


def test_a_cell_whose_padding_leaks_is_found():
    with pytest.raises(AssertionError, match="Padding reached the final state"):
        padding_changes_nothing_and_rows_do_not_touch(Subject(leaking))
