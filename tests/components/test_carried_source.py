"""What a function of a notebook needs elsewhere, and what it cannot take along."""

from __future__ import annotations

import linecache
from collections.abc import Callable
from typing import Any

import pytest

from seqbench.components.carried_source import NotCarried, carried_source

FIRST = """
from functools import partial as part
import math, numpy as np
from seqbench.setting_types import Fraction

SIZES = (3, 4)
FAR = float("inf")
table = np.zeros(3)
Share = Fraction
"""
SECOND = """
def helper(x):
    return part(math.floor, x)() + SIZES[0]

class Shape:
    count = SIZES[1]

def wanted(x: Fraction = 0.5) -> "Shape":
    # a comment
    inner = [helper(table) for table in (x, FAR)]
    return Shape(), inner, np.pi
"""


@pytest.fixture
def ran() -> Callable[..., dict[str, Any]]:
    """What stands in a namespace after programs have run there, as the cells of a notebook."""

    def run(*programs: str) -> dict[str, Any]:
        namespace: dict[str, Any] = {"__name__": "a_notebook"}
        for program in programs:
            exec(program, namespace)
        return namespace

    return run


def carried(ran: Callable[..., dict[str, Any]], *programs: str, name: str = "wanted") -> str:
    return carried_source(ran(*programs)[name], programs)


def test_all_that_a_function_uses_stands_before_it(ran) -> None:
    assert carried(ran, FIRST, SECOND) == (
        "from functools import partial as part\n"
        "from seqbench.setting_types import Fraction\n"
        "import math\n"
        "import numpy as np\n"
        "FAR = float('inf')\n"
        "SIZES = (3, 4)\n"
        "class Shape:\n    count = SIZES[1]\n"
        "def helper(x):\n    return part(math.floor, x)() + SIZES[0]\n"
        "def wanted(x: Fraction=0.5) -> 'Shape':\n"
        "    inner = [helper(table) for table in (x, FAR)]\n"
        "    return (Shape(), inner, np.pi)\n"
    )


def test_what_was_carried_runs_by_itself(ran) -> None:
    before, after = ran(FIRST, SECOND), ran(carried(ran, FIRST, SECOND))
    assert after["helper"](2.5) == before["helper"](2.5) == 5
    assert after["Shape"].count == 4


def test_comments_and_layout_do_not_count_and_the_last_definition_does(ran) -> None:
    once = carried(ran, FIRST, SECOND)
    assert carried(ran, FIRST, SECOND.replace("    # a comment\n", "\n\n")) == once
    changed = carried(ran, FIRST, SECOND, "SIZES = (5, 4)", "def helper(x):\n    return SIZES[0]")
    assert "SIZES = (5, 4)" in changed
    assert "part(" not in changed


def test_the_order_in_which_cells_were_run_does_not_count(ran) -> None:
    split = SECOND.split("def wanted")
    assert carried(ran, FIRST, split[0], "def wanted" + split[1]) == carried(ran, FIRST, SECOND)


def test_later_evaluation_of_annotations_is_kept(ran) -> None:
    text = carried(ran, "from __future__ import annotations\ndef wanted(x: int) -> int:\n    return x")
    assert text.startswith("from __future__ import annotations\n")


def test_another_name_of_a_function_and_a_type_of_ones_own_are_carried(ran) -> None:
    program = (
        "from typing import Annotated\nfrom annotated_types import Gt\nSmall = Annotated[float, Gt(0)]\n"
        "from collections import namedtuple\nPair = namedtuple('Pair', 'a b')\n"
        "def first(x):\n    return x\nsecond = first\ndef wanted(x: Small):\n    return Pair(second(x), 0)\n"
    )
    text = carried(ran, program)
    assert "Small = Annotated[float, Gt(0)]\n" in text
    assert text.index("def first") < text.index("second = first") < text.index("def wanted")
    assert ran(text)["wanted"](3) == (3, 0)


@pytest.mark.parametrize(
    ("program", "problem"),
    [
        (
            "import numpy as np\ndata = np.zeros(3)\ndef wanted():\n    return data",
            "it uses 'data', which is of type nda",
        ),
        ("def wanted():\n    return missing", "it uses 'missing', which is not defined"),
        ("wanted = lambda: 3", "it has no name; define it with `def`"),
        (
            "def outer():\n    def wanted():\n        pass\n    return wanted\nwanted = outer()",
            "defined within another",
        ),
        ("wanted = 3", "expected a function, got int"),
        ("class wanted:\n    pass", "expected a function, got type"),
        ("values = [object()]\ndef wanted():\n    return values", "it uses 'values', which is of type list"),
    ],
)
def test_what_cannot_be_carried_is_refused_with_the_reason(ran, program: str, problem: str) -> None:
    with pytest.raises(NotCarried, match=f"cannot be taken along to the workers: .*{problem}"):
        carried(ran, program)


def test_a_name_that_stands_for_something_else_by_now_is_refused(ran) -> None:
    program = "def wanted():\n    return 1"
    old = ran(program)["wanted"]
    old.__globals__["wanted"] = 3
    with pytest.raises(NotCarried, match="define it again"):
        carried_source(old, [program])


def test_a_definition_that_is_nowhere_to_be_read_is_refused(ran) -> None:
    with pytest.raises(NotCarried, match="'helper', the program of which cannot be found"):
        carried_source(ran(FIRST, SECOND)["wanted"], [FIRST, SECOND.replace("def helper", "def other")])


def test_a_script_is_read_from_its_file(tmp_path) -> None:
    path = tmp_path / "script.py"
    path.write_text("def wanted():\n    return 3\n")
    namespace: dict[str, Any] = {"__name__": "a_script"}
    exec(compile(path.read_text(), str(path), "exec"), namespace)
    linecache.checkcache(str(path))
    assert carried_source(namespace["wanted"]) == "def wanted():\n    return 3\n"
