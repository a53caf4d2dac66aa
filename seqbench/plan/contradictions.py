"""Levels of different factors that contradict each other: none may silently undo what another one sets.

A level may change what the grid itself sets: that is what factors are for. Two levels of one method may set the same
component, or the same setting of it, only if they set it to the same value. Settings of one component combine.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from seqbench.components import catalogue
from seqbench.components.catalogue import ComponentError
from seqbench.errors import GridError
from seqbench.grid.document import Document, Place, spell
from seqbench.grid.reference import Reference
from seqbench.grid.spec import Fragment
from seqbench.grid.training import TRAINING_FAMILIES
from seqbench.grid.written import inline

OUT = "leave the combination out (see `exclude`)"


class Claim(NamedTuple):
    """What a fragment sets.

    thing: such as ("model",), ("model", "width") or ("training", "steps")
    place: where in the file the value stands
    """

    thing: Place
    value: Any
    place: Place


def claims(fragment: Fragment, place: Place) -> Iterator[Claim]:
    """Everything that a fragment, which stands at `place`, sets; mitigations are added and so set nothing."""
    said = fragment.training.model_fields_set
    for key in said - set(TRAINING_FAMILIES):
        yield Claim(("training", key), getattr(fragment.training, key), (*place, "training", key))
    if fragment.cell and fragment.cell.layers:
        cells = [{layer.name: layer.settings} if layer.settings else layer.name for layer in fragment.cell.layers]
        yield Claim(("cell",), inline(cells), (*place, "cell"))
    for own, _, reference in fragment.references(place):
        thing = own[len(place) :]
        if isinstance(thing[-1], int):  # one of several: a mitigation is added, and the cells of layers are one claim
            continue
        inner = (*own, reference.name) if reference.name else own
        if reference.name:
            yield Claim(thing, reference.name, inner if reference.settings is not None else own)
        for setting, value in (reference.settings or {}).items():
            yield Claim((*thing, setting), value, (*inner, setting))


def require_agreement(document: Document, levels: Sequence[Sequence[Claim]]) -> None:
    """Refuse a combination of levels, each with what it claims, of which one undoes another.

    Raises:
        GridError: two levels set the same thing to different values, or one sets the cell of a model, set by another,
            that reads through no cell.
    """
    first: dict[Place, Claim] = {}
    for level in levels:
        for claim in level:
            before = first.setdefault(claim.thing, claim)
            if before.value != claim.value:
                raise _contradiction(document, before, claim)
    model = first.get(("model",))
    if model is None or catalogue.is_recurrent(model.value):
        return
    for level in levels:
        for claim in level:
            if claim.thing[0] == "cell" and claim.place[:3] != model.place[:3]:
                problem = f"{model.value}, which {_where(document, model)} sets, reads through no cell; {OUT}"
                raise document.error(claim.place, problem, key=_is_key(claim))


def require_cell_read(document: Document, fragment: Fragment, place: Place, model: Reference) -> None:
    """Refuse a listed method that sets a cell and whose model reads through none. What the grid sets does not count.

    Raises:
        GridError: with the place of the cell.
    """
    if fragment.cell is not None and not catalogue.is_recurrent(model.name):
        problem = f"the model of this method, {model.name}, reads through no cell; leave the cell out"
        raise document.error((*place, "cell"), problem)


def _contradiction(document: Document, before: Claim, claim: Claim) -> GridError:
    """Both places, and what to do."""
    problem = (
        f"two levels contradict each other: {claim.value} here, {before.value} at {_where(document, before)}; {OUT}"
    )
    if claim.thing in (("cell",), ("model",), *(("training", key) for key in TRAINING_FAMILIES)):
        problem += f", or give settings alone, `{claim.thing[-1]}: {{setting: value}}`, for whichever is there"
    return document.error(claim.place, problem, key=_is_key(claim))


def _is_key(claim: Claim) -> bool:
    """Whether a component's name is the key of its settings."""
    return bool(claim.place[-1] == claim.value)


def _where(document: Document, claim: Claim) -> str:
    mark = document.mark(claim.place, key=_is_key(claim))
    return f"{document.file}:{mark.line}:{mark.column} {spell(claim.place)}"


def require_fit(document: Document, fragment: Fragment, place: Place, found: Mapping[str, Reference]) -> None:
    """Refuse settings that stand alone in a fragment and that the component found there, by family, does not have.

    Raises:
        GridError: with the place of the setting.
    """
    for own, family, reference in fragment.references(place):
        if reference.name:
            continue
        for there in found[family].each:
            try:
                catalogue.resolve(family, there.name, there.settings or {})
            except ComponentError as error:
                if error.setting in (reference.settings or {}):
                    unknown = error.setting not in catalogue.settings(family, there.name)
                    raise document.error((*own, error.setting), error.problem, key=unknown) from None
                raise
