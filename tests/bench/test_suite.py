"""What the tests take is told folder by folder."""

import os
import subprocess
import sys

import pytest

from seqbench.bench import suite
from seqbench.bench.goals import goals
from seqbench.bench.limits import missed_by_suite
from seqbench.bench.process import Usage


def test_the_tests_of_each_folder_are_summed_from_what_pytest_wrote(tmp_path):
    tests = {"test_top.py": 1, "slow/test_one.py": 2, "slow/test_two.py": 1, "fast/test_three.py": 3}
    for name, number in tests.items():
        path = tmp_path / "tests" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(f"def test_{place}():\n    pass\n" for place in range(number)))
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--junitxml=results.xml"]
    alone = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    subprocess.run(command, cwd=tmp_path, env=alone, check=True, capture_output=True)
    found = suite.seconds_by_folder(tmp_path / "results.xml")
    assert {row["command"]: row["tests"] for row in found} == {
        "pytest tests": 1,
        "pytest tests/slow": 3,
        "pytest tests/fast": 3,
    }
    assert all(0 <= row["seconds_of_tests"] < 60 for row in found)


CASE = '<testcase classname="tests.{}" name="test" time="{}"/>'


@pytest.fixture
def rows(tmp_path, monkeypatch):
    """Those of a suite that took 500 seconds."""
    cases = ("cells.test_equations", 1.5), ("stats.test_area", 200.25), ("cells.test_derivatives.TestTwo", 300.0)

    def measured(command, *, folder):
        [option] = (word for word in command if word.startswith("--junitxml="))
        text = "".join(CASE.format(*case) for case in cases)
        with open(option.partition("=")[2], "w") as file:
            file.write(f"<testsuites><testsuite>{text}</testsuite></testsuites>")
        return Usage(500.0, 900.0, 1.0)

    (tmp_path / "tests").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(suite, "measure", measured)
    return suite.time_suite(say=lambda text: None)


def test_the_whole_stands_first_and_then_its_folders_the_longest_first(rows):
    whole, *folders = rows
    assert (whole["seconds"], whole["cpu_seconds"]) == (500.0, 900.0)
    assert (whole["tests"], whole["seconds_of_tests"]) == (3, 501.75)
    assert folders == [
        {"command": "pytest tests/cells", "tests": 2, "seconds_of_tests": 301.5},
        {"command": "pytest tests/stats", "tests": 1, "seconds_of_tests": 200.25},
    ]


def test_a_missed_goal_is_said_with_its_parts_and_one_that_holds_is_not(rows):
    [said] = missed_by_suite(rows)
    assert said.startswith("pytest, 500 s, goal 480: it takes 900 seconds of the processors.")
    assert said.endswith("The 3 tests take 502 s, one after the other: tests/cells 302, tests/stats 200.")
    [goal] = goals({"suite": rows})
    assert (goal["what"], goal["holds"]) == ("pytest, seconds", "no")
    assert missed_by_suite([rows[0] | {"seconds": 470.0}, *rows[1:]]) == []
    assert missed_by_suite([]) == []
