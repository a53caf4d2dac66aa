"""Files of a results folder that are damaged: it is noticed, said, and mended by the same command."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path

from seqbench.store.checkpoints import checkpoint_path, save_checkpoint
from tests.damage import HOW, damage
from tests.faults.replay import STATE
from tests.faults.scene import FACTS, TINY, Scene, Share, numbers, shares, sizes, whole
from tests.faults.tally import Tally


def prepare(scene: Scene, finished: Path) -> None:
    shutil.rmtree(scene.results, ignore_errors=True)
    (scene.results / "outside").unlink(missing_ok=True)
    shutil.copytree(finished, scene.folder)


@sizes(Share(0, 8), *shares(5, 50))
def test_damaged_trial_files(size: Share, scene: Scene, finished: Path, tally: Callable[..., Tally]) -> None:
    counts, chance = tally("F12", f"trials-{size.part}"), random.Random(12 + size.part)
    for place in range(size.count):
        prepare(scene, finished)
        path, how = chance.choice(sorted((scene.folder / "trials").iterdir())), HOW[place % len(HOW)]
        damage(path, how, chance)
        counts.inject(how)
        left = set(whole(scene.folder))
        done = scene.run(report=False)
        what = f"{how} {path.name}: {done.code} {done.said[-1500:]}"
        # A flip may leave the content as it was, such as one in white space: then there is nothing to say.
        counts.require(set(done.trained) == scene.trials - left, "doubled", what)
        counts.require(path.stem in left or how == "deleted" or f"{path.stem}." in done.said, "silent", what)
        scene.judge(done, counts, what)


@sizes(Share(0, 8), *shares(5, 50))
def test_damaged_checkpoints(size: Share, scene: Scene, finished: Path, tally: Callable[..., Tally]) -> None:
    counts, chance = tally("F13", f"refused-{size.part}"), random.Random(13 + size.part)
    for place in range(size.count):
        prepare(scene, finished)
        trials = sorted((scene.folder / "trials").iterdir())
        gone = chance.sample(trials, 2)
        for path in gone:
            path.unlink()
            save_checkpoint(checkpoint_path(scene.folder, path.stem), STATE, FACTS, owner=path.stem)
        path, how = checkpoint_path(scene.folder, gone[0].stem), HOW[place % len(HOW)]
        damage(path, how, chance)
        counts.inject(how)
        done = scene.run(report=False)
        what = f"checkpoint {how}: {done.code} {done.said[-1500:]}"
        counts.require(set(done.trained) == {trial.stem for trial in gone}, "lost", what)
        counts.require(how == "deleted" or f"Checkpoint {path.name}" in done.said, "silent", what)
        counts.require(gone[1].stem not in done.said.replace(f"trained: {gone[1].stem}", ""), "silent", what)
        scene.judge(done, counts, what)


OTHERS = ("plan.json", "manifest.json", "results.parquet", "curves.parquet", "probes.parquet", ".lock")


@sizes(Share(0, 8), *shares(5, 50))
def test_other_damaged_files(size: Share, scene: Scene, finished: Path, tally: Callable[..., Tally]) -> None:
    """Whatever becomes of a file that is made from trial files, the same command makes it again."""
    counts, chance = tally("F12", f"others-{size.part}"), random.Random(120 + size.part)
    for place in range(size.count):
        prepare(scene, finished)
        path, how = scene.folder / OTHERS[place % len(OTHERS)], HOW[chance.randrange(len(HOW))]
        if path.name == ".lock" and how in ("flipped", "cut", "swapped"):
            how = "deleted"  # it is empty
        damage(path, how, chance)
        counts.inject(f"{path.name} {how}")
        odd = how in ("link", "pipe", "folder")
        done = scene.run(report=False)
        what = f"{path.name} {how}: {done.code} {done.said[-1500:]}"
        counts.require(not done.trained, "doubled", what)
        counts.require(done.code == 0 or (odd and done.code == 4 and path.name in done.said), "silent", what)
        counts.require(not done.raised, "tracebacks", what)
        if odd and done.code == 4:  # what is no plain file is refused until it has been moved away
            path.rmdir() if how == "folder" else path.unlink()
        scene.judge(done, counts, what, allowed=(0, 4) if done.code else (0,))


@sizes(Share(0, 6), *shares(5, 50))
def test_tables_alone(size: Share, scene: Scene, finished: Path, tally: Callable[..., Tally]) -> None:
    """Of a folder with its tables alone, as in a clone, damage is refused by every command, or changes nothing."""
    counts, chance = tally("F12", f"tables-{size.part}"), random.Random(121 + size.part)
    names = ("plan.json", "manifest.json", "results.parquet", "curves.parquet", "probes.parquet")
    for place in range(size.count):
        prepare(scene, finished)
        for folder in ("trials", "parameters", "figures", "tables"):
            shutil.rmtree(scene.folder / folder)
        path, how = scene.folder / names[place % len(names)], HOW[chance.randrange(len(HOW))]
        damage(path, how, chance)
        counts.inject(f"{path.name} {how}")
        done = scene.commands.run("report", TINY, "--results", scene.results)
        what = f"{path.name} {how}: {done.code} {done.said[-1500:]}"
        counts.require(not done.raised, "tracebacks", what)
        refused = done.code in (2, 4) and path.name.partition(".")[0] in done.said
        if not refused:
            counts.require(done.code == 0 and _as_before(scene), "silent", what)


def _as_before(scene: Scene) -> bool:
    try:
        return numbers(scene.folder) == scene.expected
    except Exception:  # noqa: BLE001 - whatever is wrong, it was not said
        return False
