"""Which results folder a person means."""

from __future__ import annotations

from pathlib import Path

from seqbench.errors import UsageError


def results_folder(name: str, results: Path) -> Path:
    """The results folder of a grid given by its file, its name, or the folder itself.

    Raises:
        UsageError: there are no results of that name.
    """
    candidates = (Path(name), results / Path(name).stem)
    for folder in candidates:
        if (folder / "plan.json").exists():
            return folder
    raise UsageError(f"There are no results in {candidates[1]}. Run the grid first: seqbench run {name}")
