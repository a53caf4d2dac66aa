"""Which grid a command is about, as a person typed it: what it reads, which folder it means, how to type it again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from seqbench.commands.arguments import require_unused
from seqbench.errors import GridError, StoreError, UsageError
from seqbench.invocation import command, kept_in

if TYPE_CHECKING:  # commands that only read results start without pydantic
    from seqbench.grid.document import Document
    from seqbench.grid.spec import Grid


def asked_if_given(grid: str | None, results: Path, overrides: Sequence[str] | None, name: str) -> Asked | None:
    """The grid, where a command has one; None where it does without.

    Raises:
        UsageError: there is none to replace values of, or to name the results of.
    """
    if grid is None:
        require_unused({"--set": overrides, "--name": name}, "Without a grid there is nothing to replace or to name")
        return None
    return Asked(grid, results, tuple(overrides or ()), name)


@dataclass(frozen=True)
class Asked:
    """A grid and where its results are.

    grid: its file, the name of a shipped grid, or the name of a results folder
    overrides: values that replace those of the file
    name: of its results folder, if it was chosen
    """

    grid: str
    results: Path
    overrides: tuple[str, ...] = ()
    name: str = ""

    def read(self) -> Grid:
        """The grid, after saying which code of its own it imports. That of a results folder is the last run into it.

        Raises:
            GridError: there is none, or it cannot be read. CodeRefused: it names code, and none may be imported.
        """
        from seqbench.commands.own_code import announce_code
        from seqbench.grid.named import own_names
        from seqbench.grid.read import grid_of, prepared

        document = prepared(self._document(), overrides=self.overrides, name=self.name)
        announce_code(own_names(document.data), document.file, self.results / document.name)
        return grid_of(document)

    def _document(self) -> Document:
        """What the grid says, as it stands in its file or in its results folder."""
        from seqbench.grid.document import read_document
        from seqbench.grid.read import find_grid

        try:
            return read_document(find_grid(self.grid))
        except GridError:
            places = (self.results / self.grid, Path(self.grid), self.results / Path(self.grid).stem)
            stored = next((folder for folder in places if (folder / "plan.json").exists()), None)
            if stored is None or Path(self.grid).is_file():
                raise
        return _stored(stored)

    def folder(self) -> Path:
        """The folder that holds results of the grid, which may also be given by its path.

        Raises:
            UsageError: there are no results of it.
            StoreError: there are results, without the plan that says what they are.
        """
        from seqbench.store.plan_file import without_plan

        itself = [] if self.name or self.overrides else [Path(self.grid)]
        for folder in (*itself, own := self.results / self.folder_name):
            if (folder / "plan.json").exists():
                return folder
        if without_plan(own):
            raise StoreError(
                f"{own} has results, but no plan.json, which says what they are: put it back, or run the grid again: "
                f"{self.command('run')}"
            )
        raise UsageError(f"There are no results in {own}. Run the grid first: {self.command('run')}")

    @property
    def beside(self) -> Path | None:
        """The folder of the grid's file, if it is given by one: modules of the user's own may stand there."""
        return Path(self.grid).absolute().parent if Path(self.grid).is_file() else None

    @property
    def folder_name(self) -> str:
        """What the folder of its results is called, whether or not there are any."""
        if self.name or self.overrides:
            return self.name or self.read().name
        whole = Path(self.grid).name  # of a results folder, whose name may have dots
        return whole if (self.results / whole / "plan.json").exists() else Path(self.grid).stem

    def folder_of(self, grid: Grid) -> Path:
        """Where the results of the grid, which was read, are or will be."""
        itself = Path(self.grid)
        given = not (self.name or self.overrides) and (itself / "plan.json").exists()
        return itself if given else self.results / grid.name

    def command(self, verb: str, *options: str) -> str:
        """A command about the same grid, as this person must type it."""
        overrides = [word for text in self.overrides for word in ("--set", text)]
        name = ["--name", self.name] if self.name else []
        return command(verb, self.grid, *overrides, *name, *kept_in(self.results), *options)


def _stored(folder: Path) -> Document:
    """The grid that was last run into a folder, as a document."""
    from seqbench.grid.document import Override, document_of
    from seqbench.store.plan_file import load_plan

    plan = load_plan(folder)
    document = document_of(plan.grid_text, file=str(folder / "plan.json"))
    overrides = tuple(Override((), one.setting, one.before, one.after) for one in plan.overrides)
    return replace(document, chosen_name=folder.name, overrides=overrides)
