"""What names a compiled program, from settings alone: before anything is built or traced.

A name says all that its program depends on and nothing else, so that trials share what they can: settings that are
arrays in a program are no part of it, nor is a mitigation that does not act in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from seqbench.canonical import canonical
from seqbench.compilation import Name
from seqbench.components.own_source import own_source
from seqbench.mitigations.base import Chain, Mitigation
from seqbench.tasks.base import Interface


class ProgramNames(NamedTuple):
    """The parts of a trial's settings that make its programs.

    task: the task at its length
    model: the model with its cell and the mitigations that act within the loss, whatever the task
    transformations: the mitigations that act on the gradient, or whose share of the loss is counted
    optimizer: the optimizer
    """

    task: Name
    model: Name
    transformations: Name
    optimizer: Name

    def structure(self, interface: Interface) -> Name:
        """The model for a task of this interface."""
        if (named := interface.named) is not None:
            return self.model.of(canonical(named))
        # A loss without a name can be distinguished from others by its task only.
        sizes = {key: value for key, value in interface._asdict().items() if key not in ("loss", "correct")}
        return self.model.of(canonical(sizes)).and_of(self.task)


def name_programs(settings: Mapping[str, Any], chain: Chain) -> ProgramNames:
    """The names of the programs of a trial with these settings, of which `chain` are the mitigations."""
    pairs = list(zip(settings["mitigations"], chain.links, strict=True))
    inner = [_without_arrays(setting, link) for setting, link in pairs if link.acts_within]
    outer = [
        _without_arrays(setting, link) | {"penalty": link.penalty is not None}
        for setting, link in pairs
        if link.acts_after
    ]
    return ProgramNames(
        task=task_name(settings),
        model=name_of(settings["model"], settings["cell"], *settings.get("upper_cells", ()), *inner),
        transformations=name_of(*outer),
        optimizer=name_of(settings["training"]["optimizer"]),
    )


def task_name(settings: Mapping[str, Any]) -> Name:
    """The name of a trial's task and, where it reads a file, of what that holds."""
    name, read = name_of(settings["task"]), settings.get("versions", {}).get("content")
    return name.of(read) if read else name


def _without_arrays(setting: Mapping[str, Any], link: Mitigation) -> dict[str, Any]:
    constant = {key: value for key, value in setting["settings"].items() if key not in link.arrays}
    return {"name": setting["name"], "settings": constant}


def name_of(*components: Mapping[str, Any]) -> Name:
    """The name of components; of a user's own also the hash of its program, and it does not last."""
    own = [program for component in components if (program := own_source(component["name"]))]
    return Name(" ".join([canonical(components), *own]), lasting=not own)
