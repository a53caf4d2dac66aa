"""`seqbench check`: run a family's contract on one component, shipped or a user's own."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import Any, NamedTuple

from seqbench.commands.console import out
from seqbench.components import catalogue
from seqbench.contracts.base import Check, DoesNotApply
from seqbench.contracts.cells import check_cell
from seqbench.contracts.mitigations import check_mitigation
from seqbench.contracts.models import check_model
from seqbench.contracts.optimizers import check_optimizer
from seqbench.contracts.probes import check_probe
from seqbench.contracts.schedules import check_schedule
from seqbench.contracts.tasks import check_task
from seqbench.errors import ContractBroken

CONTRACTS: dict[str, Callable[[Callable[..., Any]], list[Check]]] = {
    "tasks": check_task,
    "cells": check_cell,
    "models": check_model,
    "mitigations": check_mitigation,
    "optimizers": check_optimizer,
    "schedules": check_schedule,
    "probes": check_probe,
}


class Verdict(NamedTuple):
    """The result of a check: whether it is met, and an explanation."""

    met: bool
    text: str


def check(name: str, *, family: str | None = None) -> None:
    """Print a line for each check.

    Raises:
        ContractBroken: some checks failed. ComponentError: there is no such component.
    """
    console, found = out(), family or catalogue.family_of(name)
    function = catalogue.component(found, name)
    catalogue.settings(found, name)  # refuses settings without annotations, as a grid would
    console.print(f"{name}, {catalogue.ONE[found]}")
    failed = 0
    for each in CONTRACTS[found](function):
        verdict = judge(each)
        failed += not verdict.met
        console.print(f"  {'ok   ' if verdict.met else 'WRONG'}  {each.name}{verdict.text}")
    if failed:
        raise ContractBroken(f"{name} breaks {failed} {'check' if failed == 1 else 'checks'} of its contract.")


def judge(each: Check) -> Verdict:
    """Run one check. Whatever the component raises is a verdict, and the next check goes on."""
    try:
        each.run()
    except DoesNotApply as reason:
        return Verdict(True, f" (nothing to check: {reason})")
    except AssertionError as error:
        return Verdict(False, f": {error}")
    except Exception as error:  # noqa: BLE001 - the component of a user may raise anything
        place = traceback.extract_tb(error.__traceback__)[-1]
        return Verdict(False, f": {type(error).__name__} in {place.filename}, line {place.lineno}: {error}")
    return Verdict(True, "")
