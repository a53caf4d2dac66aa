"""The files of the report run: the report with its figures and tables, the grid, and the full tables."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import pandas as pd

from seqbench.store.plan_file import PlanFile

ARTIFACTS = ("report.html", "report.md", "figures", "tables")


def stage(place: Path, folder: Path, plan: PlanFile, results: pd.DataFrame, curves: pd.DataFrame) -> Path:
    """Gather under `place` what the report run is to hold, from the results folder and its tables; return `place`."""
    for name in ARTIFACTS:
        if (folder / name).is_dir():
            shutil.copytree(folder / name, place / name)
        elif (folder / name).is_file():
            shutil.copyfile(folder / name, place / name)
    (place / "grid.yaml").write_text(plan.grid_text, encoding="utf-8")
    about = {name: getattr(plan, name) for name in ("grid", "question", "methods", "versions", "revision")}
    (place / "plan.json").write_text(json.dumps(about, indent=2, default=str), encoding="utf-8")
    results.to_parquet(place / "results.parquet", index=False)
    curves.to_parquet(place / "curves.parquet", index=False)
    return place


def digest_files(folder: Path) -> str:
    """Hash of the name and the content of every file below a folder."""
    digest = hashlib.sha256()
    for path in list_files(folder):
        digest.update(f"{path.relative_to(folder)}\0{path.stat().st_size}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def list_files(folder: Path) -> list[Path]:
    """Every file below a folder, in order."""
    return sorted(path for path in folder.rglob("*") if path.is_file())
