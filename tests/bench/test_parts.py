"""Which parts `seqbench bench` measures, and what becomes of a part that cannot be measured here."""

import json

import pytest

from seqbench.bench.goals import goals
from seqbench.bench.page import TITLES, write_page
from seqbench.commands.bench import _parts, bench
from seqbench.errors import UsageError

PROGRAMS = {"programs": [{"cell": "gru", "all": 1.0}]}


@pytest.mark.parametrize("name", TITLES)
def test_a_table_without_rows_is_not_kept_and_replaces_none(name, tmp_path):
    data = tmp_path / "bench.json"
    assert goals({name: []}) == []
    assert f"## {TITLES[name][0]}\n" not in write_page(tmp_path, {name: []}).read_text()
    assert json.loads(data.read_text()) == {"tables": {}}
    data.write_text(json.dumps({"tables": {name: {"machine": "one", "rows": []}}}))  # as earlier versions kept it
    write_page(tmp_path, PROGRAMS)
    assert json.loads(data.read_text())["tables"].keys() == {"programs"}
    assert "| gru |" in write_page(tmp_path, {"programs": []}).read_text()


@pytest.mark.parametrize("name", ["stacked", "stacked_profile", "stepz"])
def test_a_part_that_this_command_does_not_measure_is_refused(name, tmp_path):
    with pytest.raises(UsageError, match=f"there is no part '{name}' of the benchmark"):
        bench([name], pytorch=None, rounds=1, workers=1, core=0, folder=tmp_path)
    assert not list(tmp_path.iterdir())


def test_every_part_has_a_title():
    assert _parts(None, rounds=1, workers=1, core=0, say=print).keys() <= TITLES.keys()
