"""How long the test suite takes, where there is one: in a clone of the repository."""

from __future__ import annotations

import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from seqbench.bench.process import measure

GOAL_SECONDS = 480


def time_suite(*, say: Callable[[str], None]) -> list[dict[str, Any]]:
    """What `pytest` takes in the working folder, and of that the tests of each folder; nothing without `tests`.

    Raises:
        StoreError: a test fails.
    """
    if not Path("tests").is_dir():
        say("left out: there is no folder `tests`")
        return []
    say("pytest")
    with tempfile.TemporaryDirectory() as place:
        results = Path(place) / "results.xml"
        used = measure([sys.executable, "-m", "pytest", f"--junitxml={results}"], folder=Path.cwd())
        folders = seconds_by_folder(results)
    whole = {
        "command": "pytest",
        "tests": sum(row["tests"] for row in folders),
        "seconds_of_tests": sum(row["seconds_of_tests"] for row in folders),
        "seconds": used.seconds,
        "cpu_seconds": used.cpu_seconds,
        "goal_seconds": GOAL_SECONDS,
    }
    return [whole, *folders]


def seconds_by_folder(results: Path) -> list[dict[str, Any]]:
    """One row for each folder of tests, longest first, from what `pytest --junitxml` wrote.

    `seconds_of_tests` is the sum over its tests, with their fixtures. Tests run at the same time in several processes,
    so that all folders together take longer than the command.
    """
    seconds: dict[str, list[float]] = defaultdict(list)
    for case in ElementTree.parse(results).iter("testcase"):
        folder, *inner = case.attrib["classname"].split(".")  # tests.cells.test_equations
        if len(inner) > 1:
            folder += f"/{inner[0]}"
        seconds[folder].append(float(case.attrib["time"]))
    return [
        {"command": f"pytest {folder}", "tests": len(times), "seconds_of_tests": sum(times)}
        for folder, times in sorted(seconds.items(), key=lambda entry: -sum(entry[1]))
    ]
