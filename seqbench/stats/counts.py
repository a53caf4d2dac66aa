"""What was planned, what finished, and how it ended: nothing is lost silently."""

from __future__ import annotations

import pandas as pd

from seqbench.schema import OUTCOMES, is_finished

COLUMNS = ["method", "task", "purpose", "planned", "finished", "missing", *OUTCOMES]


def counts(results: pd.DataFrame) -> pd.DataFrame:
    """One row a method, task and purpose; `missing` trials were planned and have not finished."""
    if results.empty:
        return pd.DataFrame(columns=COLUMNS)
    ended = pd.DataFrame({outcome: (results["outcome"] == outcome).astype(int) for outcome in OUTCOMES})
    table = pd.concat([results[["method", "task", "purpose"]], ended], axis=1)
    table["planned"], table["finished"] = 1, is_finished(results).astype(int)
    table = table.groupby(["method", "task", "purpose"], sort=True).sum().reset_index()
    table["missing"] = table["planned"] - table["finished"]
    return table[COLUMNS]
