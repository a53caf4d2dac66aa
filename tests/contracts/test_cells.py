"""Every cell, with its defaults and with other settings, keeps the contract of `seqbench.contracts.cells`."""

from __future__ import annotations

from functools import cache

import pytest

from seqbench.components import catalogue
from seqbench.contracts.cells import CHECKS, Subject
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
