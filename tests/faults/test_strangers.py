"""Results folders that somebody has prepared: nothing is executed, followed or unpacked without bound."""

from __future__ import annotations

import hashlib
import io
import json
import os
import pickle
import random
import shutil
import sqlite3
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from seqbench.store.checkpoints import FORMAT, checkpoint_path
from tests.commands.test_results_folder import OF_REPORTS, OF_RUNS
from tests.faults.scene import FACTS, TINY, Scene, sizes
from tests.faults.tally import Tally
from tests.tracking.frames import active_runs


class Run:
    """Runs a command where it is unpickled."""

    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (self.command,)


def archive(facts: object, members: dict[str, bytes]) -> bytes:
    """A checkpoint with a right checksum around members of one's own."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members.items():
            file.writestr(name, content)
        file.writestr("/text.npy", json.dumps({"format": FORMAT, "owner": "x", "facts": facts}))
    return hashlib.sha256(data.getvalue()).digest() + data.getvalue()


@sizes(None, 1)
def test_prepared_folders(size: int, scene: Scene, finished: Path, tally: Callable[..., Tally]) -> None:
    counts, mark = tally("F20"), scene.results.parent / "executed"
    command = f"touch {mark}"
    prepared = {
        "pickle as a checkpoint": pickle.dumps(Run(command)),
        "pickle in a checkpoint": archive(vars(FACTS), {"weights.npy": pickle.dumps(Run(command))}),
        "zip bomb as a checkpoint": archive(vars(FACTS), {"weights.npy": bytes(512 * 2**20)}),
        "facts: null": archive(None, {"weights.npy": b""}),
    }
    for name, data in prepared.items():
        shutil.rmtree(scene.results, ignore_errors=True)
        shutil.copytree(finished, scene.folder)
        gone = sorted((scene.folder / "trials").iterdir())[0]
        gone.unlink()
        path = checkpoint_path(scene.folder, gone.stem)
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
        counts.inject(name)
        done = scene.run(report=False)
        counts.require(f"Checkpoint {gone.stem}" in done.said, "silent", f"{name}: {done.said[-800:]}")
        counts.require(not mark.exists(), "silent", f"{name} was executed")
        scene.judge(done, counts, name)
    for name in (*OF_RUNS, *OF_REPORTS):
        for how in ("link", "pipe") if "." in name else ("link",):
            _stand_in(scene, finished, name, how, counts)


def _stand_in(scene: Scene, finished: Path, name: str, how: str, counts: Tally) -> None:
    """A link out of the folder, or a pipe, in the place of a file or folder that is written."""
    outside = scene.results.parent / "outside"
    for folder in (scene.results, outside):
        shutil.rmtree(folder, ignore_errors=True)
    outside.unlink(missing_ok=True)
    shutil.copytree(finished, scene.folder)
    own = scene.folder / name
    shutil.rmtree(own, ignore_errors=True)
    own.unlink(missing_ok=True)
    outside.write_text("mine") if "." in name else outside.mkdir()
    own.symlink_to(outside) if how == "link" else os.mkfifo(own)
    counts.inject(f"{how} as {name}")
    done = scene.run(seconds=60)
    what = f"{how} as {name}: {done.code} {done.said[-800:]}"
    counts.require(done.code == 4 and str(own) in done.said and not done.raised, "silent", what)
    kept = outside.read_text() == "mine" if "." in name else not list(outside.iterdir())
    counts.require(kept, "silent", f"written through: {what}")


PAGE = 4096
MLFLOW = (
    "seqbench.commands.track", "seqbench.tracking.database", "seqbench.tracking.writer", "mlflow.tracking.client",
    "mlflow.store.db.utils", "mlflow.store.tracking.sqlalchemy_store",
)  # fmt: skip
HOW = ("bit flipped", "page zeroed", "pages swapped", "cut", "emptied", "deleted", "no database", "text in its place",
       "table dropped", "newer schema")  # fmt: skip


def damage(path: Path, how: str, chance: random.Random) -> None:
    """Damage MLflow's database."""
    data = bytearray(path.read_bytes())
    pages = len(data) // PAGE
    one, other = (chance.randrange(1, pages) * PAGE for _ in range(2))
    match how:
        case "bit flipped":
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        case "page zeroed":
            data[one : one + PAGE] = bytes(PAGE)
        case "pages swapped":
            data[one : one + PAGE], data[other : other + PAGE] = data[other : other + PAGE], data[one : one + PAGE]
        case "cut":
            data = data[: chance.randrange(len(data))]
        case "emptied":
            data = bytearray()
        case "no database":
            data = bytearray(chance.randbytes(len(data)))
        case "text in its place":
            data = bytearray(b"not a database\n" * 400)
    if how == "deleted":
        path.unlink()
    elif how in ("table dropped", "newer schema"):
        with sqlite3.connect(path) as database:
            database.execute(
                "UPDATE alembic_version SET version_num = 'f00'" if how == "newer schema" else "DROP TABLE metrics"
            )
        database.close()
    else:
        path.write_bytes(data)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@sizes(None, 100)
def test_damaged_database(size: int, scene: Scene, finished: Path, tally: Callable[..., Tally]) -> None:
    """MLflow's database is a mirror: `track` completes it, or names it and says what to do; nothing else reads it."""
    counts, chance, database = tally("F14"), random.Random(14), scene.results / "mlflow.db"
    shutil.copytree(finished, scene.folder)
    scene.commands.preload(*MLFLOW)
    track = ("track", TINY, "--results", scene.results)
    done = scene.commands.run(*track)
    assert done.code == 0, done.said
    sound = database.read_bytes()
    for place in range(size):
        database.write_bytes(sound)
        how = HOW[place % len(HOW)]
        damage(database, how, chance)
        counts.inject(how)
        done = scene.commands.run(*track, seconds=180)
        what = f"{how}: {done.code} {done.said[-1500:]}"
        counts.require(not done.raised, "tracebacks", what)
        if done.code == 0:
            counts.require(_complete(database, scene), "silent", what)
        else:
            counts.require(done.code == 4 and "mlflow.db" in done.said, "silent", what)
            counts.measured["refused by name"] = counts.measured.get("refused by name", 0) + 1
    database.unlink(missing_ok=True)
    done = scene.commands.run(*track)
    counts.require(done.code == 0 and _complete(database, scene), "lost", done.said[-800:])


def _complete(database: Path, scene: Scene) -> bool:
    """Whether there is one run for every trial."""
    try:
        return sorted(active_runs(database, f"{TINY.stem}: trials")) == sorted(scene.trials)
    except sqlite3.DatabaseError:
        return False
