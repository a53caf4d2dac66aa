"""Every model keeps the contract of `seqbench.contracts.models`."""

from __future__ import annotations

from functools import cache

import pytest

from seqbench.components import catalogue
from seqbench.contracts.models import CHECKS, Subject
from tests.contracts.demands import demands

NAMES = catalogue.names("models")
DECODE = {"encoder_decoder"}
REFUSE_LAYERS = {"bag_linear", "tcn", "transformer", "window_linear"}


@cache
def subject(name: str) -> Subject:
    return Subject(catalogue.component("models", name))


@pytest.mark.parametrize("check", demands(CHECKS))
@pytest.mark.parametrize("name", NAMES)
def test_model(name, check, hold):
    hold(check, subject(name))


@pytest.mark.parametrize("name", NAMES)
def test_models_refuse_what_they_are_known_to_refuse_and_nothing_else(name):
    assert subject(name).readouts == (("decode",) if name in DECODE else ("last", "every"))
    assert subject(name).refuses_layers == (name in REFUSE_LAYERS)
