"""Every cell, with its defaults and with other settings, keeps the contract of `seqbench.contracts.cells`."""

from __future__ import annotations

from functools import cache

import pytest

from seqbench.components import catalogue
from seqbench.contracts.cells import CHECKS, Subject

VARIANTS = {
    "indrnn_bounded": ("indrnn", {"bound": 0.5}),
    "lstm_peepholes": ("lstm", {"peepholes": True}),
    "lru_linear": ("lru", {"activation": "none"}),
    "slstm_exponential": ("slstm", {"forget_gate": "exponential"}),
    "vanilla_relu": ("vanilla", {"activation": "relu"}),
}
"""What is tried beside the defaults."""
CASES = {name: (name, {}) for name in catalogue.names("cells")} | VARIANTS


@cache
def subject(case: str) -> Subject:
    name, settings = CASES[case]
    return Subject(catalogue.component("cells", name), settings)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("case", CASES)
def test_cell(case, check, hold):
    hold(check, subject(case))
