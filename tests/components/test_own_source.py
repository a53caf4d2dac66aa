"""An edited function of the user's own is another function."""

import importlib
import sys

import pytest

import seqbench
from seqbench.components.own_source import own_files, own_source, root

REMEDY = """
from helping import FACTOR
def gentle(): return FACTOR
"""


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Write a module beside the others, as if the process had just begun."""
    monkeypatch.syspath_prepend(tmp_path)

    def write(name, text):
        path = tmp_path / f"{name}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        own_source.cache_clear()
        importlib.invalidate_caches()

    yield write
    for name in [name for name in sys.modules if name.partition(".")[0] in ("gentle", "helping", "remedies")]:
        del sys.modules[name]
    own_source.cache_clear()


def test_a_shipped_component_has_a_version_instead():
    assert own_source("gru") == ""


def test_another_program_is_another_source_and_a_comment_is_none(write):
    write("helping", "FACTOR = 2\n")
    write("gentle", REMEDY)
    before = own_source("gentle:gentle")
    write("gentle", "# why\n" + REMEDY.replace("return FACTOR", "return (FACTOR)"))
    assert own_source("gentle:gentle") == before
    write("gentle", REMEDY.replace("return FACTOR", "return 2 * FACTOR"))
    assert own_source("gentle:gentle") != before


def test_a_module_beside_it_counts_and_a_library_does_not(write):
    write("helping", "import numpy\nFACTOR = 2\n")
    write("gentle", REMEDY)
    before = own_source("gentle:gentle")
    write("helping", "import numpy\nFACTOR = 3\n")
    assert own_source("gentle:gentle") != before
    write("helping", "import scipy\nFACTOR = 2\n")
    assert own_source("gentle:gentle") != before  # the import itself is a part of the program
    write("numpyish", "X = 1\n")
    write("helping", "import numpy\nFACTOR = 2\n")
    assert own_source("gentle:gentle") == before


@pytest.mark.parametrize("initial", [True, False], ids=["package", "folder"])
def test_relative_imports_inside_a_package(write, initial):
    if initial:
        write("remedies/__init__", "")
    write("remedies/gentle", "from .strength import FACTOR\nfrom . import more\ndef gentle(): return FACTOR\n")
    write("remedies/strength", "FACTOR = 2\n")
    write("remedies/more", "")
    before = own_source("remedies.gentle:gentle")
    for name in ("strength", "more"):
        write(f"remedies/{name}", "FACTOR = 2\nOTHER = 1\n")
        after = own_source("remedies.gentle:gentle")
        assert after != before
        before = after


def test_seqbench_itself_is_no_part_of_a_module_that_stands_beside_it_as_in_a_clone(write, tmp_path):
    (tmp_path / "seqbench").mkdir()
    shipped = tmp_path / "seqbench" / "shipped_for_a_test.py"
    shipped.write_text("FACTOR = 2\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(seqbench.__spec__, "submodule_search_locations", [str(tmp_path / "seqbench")])
        write("gentle", "from seqbench.shipped_for_a_test import FACTOR\ndef gentle(): return FACTOR\n")
        assert root("seqbench.shipped_for_a_test") == root("gentle") == tmp_path
        before = own_source("gentle:gentle")
        shipped.write_text("FACTOR = 3\n")
        own_source.cache_clear()
        assert own_source("gentle:gentle") == before
        assert tmp_path / "gentle.py" in own_files()
        assert tmp_path / "seqbench" not in own_files()
