"""The files of the report run: the report with its figures and tables, the grid, and the full tables."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from seqbench.errors import StoreError
from seqbench.store.plain_file import list_names, read_bytes
from seqbench.store.plan_file import PlanFile

PAGES = ("report.html", "report.md")
FOLDERS = ("figures", "tables")


def report_files(folder: Path, plan: PlanFile, results: pd.DataFrame, curves: pd.DataFrame) -> dict[str, bytes]:
    """Content by name of what the report run is to hold, from the results folder and its tables.

    Raises:
        StoreError: a file of the report cannot be read, or is a link, pipe or device.
    """
    here = set(list_names(folder))
    files = {name: _bytes(folder / name) for name in PAGES if name in here}
    for name in FOLDERS:
        paths = [folder / name / inner for inner in list_names(folder / name)]
        files |= {f"{name}/{path.name}": _bytes(path) for path in paths if path.is_symlink() or not path.is_dir()}
    about = {name: getattr(plan, name) for name in ("grid", "question", "methods", "versions", "revision")}
    return files | {
        "grid.yaml": plan.grid_text.encode(),
        "plan.json": json.dumps(about, indent=2, default=str).encode(),
        "results.parquet": _parquet(results),
        "curves.parquet": _parquet(curves),
    }


def digest_files(files: Mapping[str, bytes]) -> str:
    """Hash of the name and the content of every file."""
    digest = hashlib.sha256()
    for name, content in sorted(files.items()):
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()[:16]


def _bytes(path: Path) -> bytes:
    try:
        return read_bytes(path)
    except OSError as error:
        raise StoreError(
            f"{path} cannot be uploaded: {error.strerror}. Write the report again, or remove it"
        ) from error


def _parquet(table: pd.DataFrame) -> bytes:
    file = io.BytesIO()
    table.to_parquet(file, index=False)
    return file.getvalue()
