"""Every task, with its defaults and with other settings, keeps the contract of `seqbench.contracts.tasks`."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from seqbench.components import catalogue
from seqbench.contracts.tasks import CHECKS, Subject
from tests.contracts.demands import cases, demands

SETTINGS: dict[str, list[dict[str, Any]]] = {
    "adding": [{"marks": "anywhere"}],
    "associative_recall": [{"keys": 30, "values": 12}],
    "copy_memory": [{"marker": "repeated", "inputs": "scalar"}, {"gap": "drawn"}],
    "entity_tagging": [{"cue": "either"}],
    "language_model": [{"units": "characters"}, {"text": "english", "units": "characters"}],
    "multi_query_recall": [{"distractors": False}],
    "number_words": [{"to": "words"}],
    "parity": [{"running": True, "shortest": 2}],
    "temporal_order": [{"relevant": 3}],
}
"""What is tried beside the defaults."""
VARIANTS = {
    " ".join([name, *(f"{key}={value}" for key, value in settings.items())]): (name, settings)
    for name, tried in SETTINGS.items()
    for settings in tried
}


@cache
def subject(case: str) -> Subject:
    name, settings = VARIANTS.get(case, (case, {}))
    return Subject(catalogue.component("tasks", name), settings)


@pytest.mark.parametrize("check", demands(CHECKS))
@pytest.mark.parametrize("case", cases(catalogue.names("tasks"), VARIANTS))
def test_task(case, check, hold):
    hold(check, subject(case))
