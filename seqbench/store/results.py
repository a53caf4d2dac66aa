"""A grid's results as pandas tables.

    results/<grid>/plan.json         what was to be run: question, methods, labels of every trial, versions
    results/<grid>/results.parquet   one row a trial       } gathered from the trial files; read when those are absent,
    results/<grid>/curves.parquet    one row an evaluation } as in a clone that holds committed results
    results/<grid>/probes.parquet    one row a measurement }

The columns are those of `seqbench.schema`, and one more for each factor of the grid.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as parquet

from seqbench.errors import StoreError, UsageError
from seqbench.schema import CURVE_COLUMNS, PROBE_COLUMNS, RESULT_COLUMNS
from seqbench.store import atomic
from seqbench.store.trials import Record, TrialStore

TEXT = {
    "trial", "method", "task", "tuned", "purpose", "outcome", "solved_metric", "diverged_kind", "optimizer",
    "environment",
}  # fmt: skip
COUNTS = {
    "length", "seed", "solved_at", "diverged_at", "steps", "budget", "evaluate_every", "parameters", "batch_size",
    "segment", "test_sequences", "step", "distance", "remedy",
}  # fmt: skip


def load_results(path: str | Path, *, missing: bool = False) -> pd.DataFrame:
    """One row a trial.

    Args:
        path: a results folder, such as `results/quickstart`.
        missing: also the planned trials that have not finished, with an empty outcome.

    Returns:
        The columns of `RESULT_COLUMNS` (accuracy as a share from 0 to 1, time in seconds, lengths in steps), then one
        column for each factor of the grid. Whole numbers that may be missing are nullable integers.

    Raises:
        UsageError: no such folder. StoreError: the tables are damaged.
    """
    return load_tables(path, missing=missing)["results"]


def load_curves(path: str | Path) -> pd.DataFrame:
    """One row an evaluation, with the columns of `CURVE_COLUMNS`, by trial and step. Raises as `load_results`."""
    return load_tables(path)["curves"]


def load_probes(path: str | Path) -> pd.DataFrame:
    """One row a measurement: the columns of `PROBE_COLUMNS`, accuracy by distance too. Raises as `load_results`."""
    return load_tables(path)["probes"]


def load_tables(path: str | Path, *, missing: bool = False) -> dict[str, pd.DataFrame]:
    """All three tables by name, `results`, `curves` and `probes`: who needs more than one reads each file once.

    missing, errors: as for `load_results`
    """
    folder = Path(path)
    plan = load_plan(folder)
    store = TrialStore(folder)
    if store.trials.exists() or not (folder / "results.parquet").exists():
        return tables_of(store.read()[0], plan, missing=missing)
    stored = {name: _read(folder / f"{name}.parquet") for name in ("results", "curves", "probes")}
    if missing:
        planned = tables_of([], plan, missing=True)["results"]
        absent = planned[~planned["trial"].isin(stored["results"]["trial"])]
        parts = [part for part in (stored["results"], absent) if len(part)]
        stored["results"] = pd.concat(parts, ignore_index=True) if parts else planned
    return stored


def load_plan(path: str | Path) -> dict[str, Any]:
    """What was to be run, as `plan.json` has it.

    Keys: grid, question, declared, methods (names in order), remedies (`seqbench.traces.Remedy`, of each
    method), factors, incompatible, trials (labels by identity), grid_text, revision, environments. Raises as
    load_results.
    """
    folder = Path(path)
    if not (folder / "plan.json").exists():
        raise UsageError(f"{folder} holds no results (no plan.json). Run the grid first: seqbench run GRID")
    try:
        return json.loads((folder / "plan.json").read_text())
    except ValueError as error:
        raise StoreError(f"{folder / 'plan.json'} is damaged ({error}); running the grid writes it anew") from error


def gather(folder: Path) -> None:
    """Write the three tables from the trial files."""
    write_tables(folder, load_tables(folder))


def write_tables(folder: Path, tables: dict[str, pd.DataFrame]) -> None:
    """Write tables by their names, atomically, with checksums on every page. Raises StoreError if the disk refuses."""
    for name, table in tables.items():
        arrow = pa.Table.from_pandas(table, preserve_index=False)

        def write(temporary: Path, arrow: pa.Table = arrow) -> None:
            parquet.write_table(arrow, temporary, compression="zstd", write_page_checksum=True)

        atomic.replace(folder / f"{name}.parquet", write)


def tables_of(records: list[Record], plan: dict[str, Any], *, missing: bool = False) -> dict[str, pd.DataFrame]:
    """The three tables from trial records and the plan that labels them; trials the plan does not know are left out."""
    labels, known = plan["trials"], {record["trial"]: record for record in records}
    rows = [
        {"trial": trial} | label | (known[trial]["row"] if trial in known else {})
        for trial, label in labels.items()
        if missing or trial in known
    ]
    found = [known[trial] for trial in labels if trial in known]
    curves = [{"trial": record["trial"]} | row for record in found for row in record["curve"]]
    probes = [{"trial": record["trial"]} | row for record in found for row in _probe_rows(record)]
    return {
        "results": _typed(rows, [*RESULT_COLUMNS, *plan["factors"]]),
        "curves": _typed(curves, list(CURVE_COLUMNS)),
        "probes": _typed(probes, list(PROBE_COLUMNS)),
    }


def _read(path: Path) -> pd.DataFrame:
    try:
        return parquet.read_table(path, page_checksum_verification=True).to_pandas()
    except FileNotFoundError as error:
        raise UsageError(f"{path.parent} holds no results yet. Run the grid first: seqbench run GRID") from error
    except (pa.ArrowException, OSError) as error:
        raise StoreError(f"{path} is damaged ({error}). Restore it, or run the grid again.") from error


def _probe_rows(record: Record) -> list[dict[str, Any]]:
    """A trial's probes, with its accuracy by distance on validation data and, at the end, on test data among them."""
    by_distance = [
        {"step": row["step"], "probe": "accuracy", "distance": int(distance), "value": value}
        for row in record["curve"]
        for distance, value in row.get("accuracy_by_distance", {}).items()
    ]
    test = [
        {"step": record["row"]["steps"], "probe": "test_accuracy", "distance": int(distance), "value": value}
        for distance, value in record["row"].get("accuracy_by_distance", {}).items()
    ]
    return by_distance + test + record["probes"]


def _typed(rows: list[dict[str, Any]], columns: list[str]) -> pd.DataFrame:
    """A frame with exactly these columns, of the same types whatever the rows hold."""
    frame = pd.DataFrame(rows, columns=columns)
    known = [name for name in columns if name in (RESULT_COLUMNS | CURVE_COLUMNS | PROBE_COLUMNS)]
    for name in columns:
        if name in COUNTS:
            frame[name] = frame[name].astype("Int64")
        elif name in TEXT or name == "probe" or name not in known:
            frame[name] = frame[name].astype("str").where(frame[name].notna(), None)
        else:
            frame[name] = frame[name].astype("float64")
    return frame
