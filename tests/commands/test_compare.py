"""Two runs of a grid, of which one is not finished."""

from __future__ import annotations

import json
import re

from seqbench.commands.compare import compare
from seqbench.store.trials import TrialStore
from tests.tracking.frames import grid, plan_of, record_of


def test_what_was_planned_is_counted_beside_what_has_finished(tmp_path, capsys):
    trials = [one | {"trial": f"t{place}"} for place, one in enumerate(grid({"lstm": {10: [0.5, 1.0, 1.0]}}))]
    for name, done in (("a", 3), ("b", 2)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "plan.json").write_text(json.dumps(plan_of(trials)))
        for one in trials[:done]:
            TrialStore(tmp_path / name).write(record_of(one))
    compare(tmp_path / "a", tmp_path / "b", as_json=False)
    said = dict(re.findall(r"(planned in .|finished in \w+)\W+(\d+)", capsys.readouterr().out))
    assert said == {
        "planned in A": "3", "planned in B": "3", "finished in A": "3", "finished in B": "2", "finished in both": "2",
    }  # fmt: skip
