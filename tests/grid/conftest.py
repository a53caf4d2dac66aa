from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from seqbench.errors import GridError
from seqbench.grid.plan import plan
from seqbench.grid.read import read_grid
from seqbench.grid.spec import Grid

Reader = Callable[[str], Grid]


@pytest.fixture
def read(tmp_path: Path) -> Reader:
    """Read a grid from its text."""

    def read_text(text: str) -> Grid:
        path = tmp_path / "example.yaml"
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
        return read_grid(path)

    return read_text


@pytest.fixture
def error_of(read: Reader) -> Callable[[str], str]:
    """The message a grid's text is refused with, from `line:column` on."""

    def message(text: str) -> str:
        with pytest.raises(GridError) as caught:
            plan(read(text))
        file, _, rest = str(caught.value).partition("example.yaml:")
        assert Path(file).is_absolute()
        return rest

    return message
