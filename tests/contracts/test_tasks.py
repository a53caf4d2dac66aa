"""Every task, with its defaults and with other settings, keeps the contract of `seqbench.contracts.tasks`."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from seqbench.components import catalogue
from seqbench.contracts.tasks import CHECKS, Subject

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
CASES = {
    " ".join([name, *(f"{key}={value}" for key, value in settings.items())]): (name, settings)
    for name in catalogue.names("tasks")
    for settings in ({}, *SETTINGS.get(name, []))
}


@cache
def subject(case: str) -> Subject:
    name, settings = CASES[case]
    return Subject(catalogue.component("tasks", name), settings)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("case", CASES)
def test_task(case, check, hold):
    hold(check, subject(case))
