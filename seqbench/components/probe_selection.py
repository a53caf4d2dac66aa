"""From the `probes` of a grid to the probes behind them."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from seqbench.components import catalogue
from seqbench.components.catalogue import Component
from seqbench.components.own_source import own_source

if TYPE_CHECKING:  # JAX is imported only where models are built
    from seqbench.probes.base import Probe

PROBE_SETS = ("default", "none", "all")
"""What a grid may say instead of names: those of `seqbench probe` and the report, none, and every shipped one."""

SOURCE = 12
"""Hexadecimal digits of a program's hash in a label."""

Asked = str | Sequence[str | Mapping[str, Mapping[str, Any]]]
"""One of `PROBE_SETS`, a name, or a list of names, each alone or as `{name: {setting: value}}`."""


def selected(asked: Asked) -> dict[str, Component]:
    """The probes that a grid asks for, by label: the name, and what else tells one measurement from another.

    That is the settings where they are not the defaults, the version where it is not the first, and of a probe of the
    user's own the hash of its program. Results remember the label, so that a probe that has changed is read again.

    Raises:
        ComponentError: there is no probe or setting of that name, or a value does not fit.
    """
    if asked == "none":
        return {}
    names: list[str | Mapping[str, Mapping[str, Any]]]
    if isinstance(asked, str) and asked in PROBE_SETS:
        names = [name for name in catalogue.names("probes") if asked == "all" or _by_default(name)]
    else:
        names = [asked] if isinstance(asked, str) else list(asked)
    labelled = (_labelled(part) for part in names)
    return dict(sorted(labelled))


def assemble_probes(asked: Asked) -> dict[str, Probe]:
    """The values behind `selected`, by the same labels."""
    return assembled(selected(asked))


def assembled(chosen: Mapping[str, Component]) -> dict[str, Probe]:
    """The values behind probes that were selected before, by the same labels."""
    # Resolved once more, for a message between processes makes lists of tuples.
    complete = {label: catalogue.resolve("probes", *part) for label, part in chosen.items()}
    return {label: catalogue.component("probes", part.name)(**part.settings) for label, part in complete.items()}


def _labelled(part: str | Mapping[str, Mapping[str, Any]]) -> tuple[str, Component]:
    """A probe under the label by which results remember that it was read."""
    [(name, given)] = [(part, {})] if isinstance(part, str) else part.items()
    component = catalogue.resolve("probes", name, given or {})
    special = {
        key: value
        for key, value in component.settings.items()
        if value != catalogue.settings("probes", name)[key].default
    }
    version, own = catalogue.version("probes", name), own_source(name)
    parts = [name, *([str(special)] if special else []), *([f"version {version}"] if version != 1 else [])]
    return " ".join([*parts, *([f"source {own[:SOURCE]}"] if own else [])]), component


def _by_default(name: str) -> bool:
    """Whether a probe is read unless a grid asks otherwise."""
    return bool(getattr(inspect.getmodule(catalogue.component("probes", name)), "DEFAULT", False))
