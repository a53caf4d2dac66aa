"""`plan.json`: what a grid planned, as the tables, the report and MLflow need to know it besides the trials."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from seqbench.errors import LaterFormat, StoreError, UsageError
from seqbench.printable import ACTING
from seqbench.store import atomic
from seqbench.store.json_content import checksum, fields_of
from seqbench.store.plain_file import read_bytes
from seqbench.store.trial_label import Place, TrialGroup, TrialLabel, grouped, ungrouped
from seqbench.traces import Remedy

FORMAT = 3
"""Version of the file. 0 had no version, and the levels of a trial's factors stood among its other labels; up to 1 the
seeds were among what was declared, and there was no checksum; up to 2 every trial had a whole label to itself."""


LARGEST = 2**63
"""Lengths and seeds are smaller: tables hold them in 64 bits."""


@dataclass(frozen=True)
class LeftOut:
    """A method that makes no sense on a task, why, and at which lengths that was found."""

    method: str
    task: str
    reason: str
    lengths: tuple[int, ...] = ()


@dataclass(frozen=True)
class Chosen:
    """What tuning chose for a method on a task: the learning rate, and knobs by `component.setting`."""

    method: str
    task: str
    learning_rate: float
    knobs: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Overridden:
    """A setting that is not as the grid's file says, both values as YAML; `before` is empty where the file has none."""

    setting: str
    before: str
    after: str


@dataclass(frozen=True)
class PlanFile:
    """A plan as it is kept.

    grid, question, grid_text: the grid's name, its question and the text of its file, with what is overridden
    overrides: what is overridden
    declared: the settings of `seqbench.stats.preregistration.Declared`
    training: the grid's complete training settings
    methods: names in the order of the grid
    remedies: the mitigations of each method that is trained, in order, and what each leaves to be measured
    factors: names of the grid's factors
    trials: label of every planned trial by its identity, in the order of the plan
    incompatible: what was left out while planning
    waiting: how many reporting trials wait for tuning
    chosen: what tuning has chosen so far
    versions, revision: of the code that wrote the plan; the revision is None outside of a Git checkout
    environments: every environment that a finished trial ran in, by its fingerprint
    code: a hash of the program behind each `module:function` that the grid names
    """

    grid: str = ""
    question: str = ""
    grid_text: str = ""
    overrides: tuple[Overridden, ...] = ()
    declared: Mapping[str, Any] = field(default_factory=dict)
    training: Mapping[str, Any] = field(default_factory=dict)
    methods: tuple[str, ...] = ()
    remedies: Mapping[str, tuple[Remedy, ...]] = field(default_factory=dict)
    factors: tuple[str, ...] = ()
    trials: Mapping[str, TrialLabel] = field(default_factory=dict)
    incompatible: tuple[LeftOut, ...] = ()
    waiting: int = 0
    chosen: tuple[Chosen, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    revision: str | None = None
    environments: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    code: Mapping[str, str] = field(default_factory=dict)


def write_plan(folder: Path, plan: PlanFile) -> None:
    """Write `plan.json`, atomically. Raises StoreError if the disk refuses."""
    content = vars(plan) | {"trials": list(grouped(plan.trials))}
    head = {"format": FORMAT, "checksum": checksum(content)}
    atomic.write_pieces(folder / "plan.json", (piece.encode() for piece in _text(head | content)))


def _text(content: Mapping[str, Any]) -> Iterator[str]:
    """The text of a plan in pieces: indented, but for the trials, of which each has a line."""
    encode = json.JSONEncoder(default=fields_of).encode
    for entry, (name, value) in enumerate(content.items()):
        yield f"{',' if entry else '{'}\n {encode(name)}: "
        if name != "trials":
            yield json.dumps(value, indent=1, default=fields_of).replace("\n", "\n ")
            continue
        yield "["
        for number, group in enumerate(value):
            shared = encode(fields_of(group) | {"trials": None}).removesuffix("null}")
            trials = ",".join(f"\n   {encode(trial)}: {encode(place)}" for trial, place in group.trials.items())
            yield f"{',' if number else ''}\n  {shared}{{{trials}}}}}"
        yield "\n ]"
    yield "\n}"


def without_plan(folder: Path) -> bool:
    """Whether a folder holds results and lacks the plan that says what they are."""
    held = any((folder / name).exists() for name in ("trials", "manifest.json", "results.parquet"))
    return held and not (folder / "plan.json").exists()


def planned_lengths(*plans: PlanFile) -> dict[str, set[int]]:
    """Lengths of the trials that plans have, by task."""
    found: dict[str, set[int]] = {}
    for plan in plans:
        for label in plan.trials.values():
            found.setdefault(label.task, set()).add(label.length)
    return found


def lengths_planned_in(folder: Path) -> dict[str, set[int]]:
    """Lengths of the trials that a folder's plan has, by task; none without a plan, or if it is damaged.

    Raises LaterFormat.
    """
    try:
        return planned_lengths(load_plan(folder))
    except (UsageError, StoreError):  # there is none, or it is damaged and will be written again
        return {}


def load_plan(path: str | Path) -> PlanFile:
    """What a grid planned.

    Args:
        path: a results folder, such as `results/quickstart`.

    Raises:
        UsageError: there is no such folder. StoreError: its `plan.json` is damaged or missing.
        LaterFormat: a later version of seqbench wrote it.
    """
    file = Path(path) / "plan.json"
    if without_plan(file.parent):
        raise StoreError(
            f"{path} has results, but no plan.json, which says what they are: put it back, or run it again"
        )
    if not file.exists():
        raise UsageError(f"{path} holds no results (no plan.json). Run the grid first: seqbench run GRID")
    try:
        return decode_plan(json.loads(read_bytes(file)))
    except OSError as error:
        raise StoreError(
            f"{file} cannot be read ({error.strerror}). Move it away; running the grid writes it again"
        ) from error
    except (ValueError, RecursionError) as error:
        raise StoreError(f"{file} is damaged ({error}); running the grid writes it again") from error


def decode_plan(content: Any) -> PlanFile:
    """The plan that the content of a `plan.json` describes.

    Raises:
        ValueError: it does not have the shape of a plan.
        StoreError: it was written by a later version of seqbench.
    """
    if not isinstance(content, dict):
        raise ValueError("expected an object")
    version = content.get("format", 0)
    rest = {name: value for name, value in content.items() if name not in ("format", "checksum")}
    if version not in range(FORMAT + 1):
        raise LaterFormat("the plan", version, FORMAT)
    if (version >= 2 or "checksum" in content) and (version < 2 or content.get("checksum") != checksum(rest)):
        raise ValueError("it failed its checksum")
    if found := ACTING.search("".join(_texts(rest))):
        raise ValueError(f"it holds the control character {found[0]!a}")
    try:
        for upgrade in (_from_0, _from_1, _from_2)[version:]:
            rest = upgrade(rest)
    except (TypeError, AttributeError, LookupError) as error:
        raise ValueError(f"it does not have the shape of format {version}") from error
    groups = _adapter(list[TrialGroup]).validate_python(rest.get("trials", []))
    labels = ungrouped(groups)
    if len(labels) != sum(len(group.trials) for group in groups):
        raise ValueError("it names a trial twice")
    if not all(0 <= number < LARGEST for label in labels.values() for number in (label.length, label.seed)):
        raise ValueError("it holds a length or seed that no trial can have")
    plan: PlanFile = _adapter(PlanFile).validate_python(rest | {"trials": labels})
    return plan


def _texts(value: Any) -> Iterator[str]:
    """Every text in a JSON value, keys included, but for the grid's, which is shown as a file is."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield name
            yield from _texts(inner if name != "grid_text" else None)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)


def _from_0(content: dict[str, Any]) -> dict[str, Any]:
    """Content of version 0 as version 1 has it."""
    factors, trials, remedies = (content.get(name, {}) for name in ("factors", "trials", "remedies"))
    if not isinstance(trials, dict) or not isinstance(remedies, dict):
        raise ValueError("expected trials and remedies as objects")
    return content | {
        # The first plans had the names of remedies alone, and did not say what each leaves to be measured.
        "remedies": {
            method: [{"name": each, "traces": ()} if isinstance(each, str) else each for each in own]
            for method, own in remedies.items()
        },
        "trials": {
            trial: label | {"factors": {name: label.get(name) for name in factors}} for trial, label in trials.items()
        },
    }


def _from_1(content: dict[str, Any]) -> dict[str, Any]:
    """Content of version 1 as version 2 has it."""
    declared = content.get("declared", {})
    if not isinstance(declared, dict):
        raise ValueError("expected an object at declared")
    kept = {name: value for name, value in declared.items() if name not in ("tuning_seeds", "reporting_seeds")}
    return content | {"declared": kept}


def _from_2(content: dict[str, Any]) -> dict[str, Any]:
    """Content of version 2 as version 3 has it: every trial is a group of its own."""
    trials = content.get("trials", {})
    return content | {
        "trials": [
            {"tuned": None, "factors": {}}
            | {name: value for name, value in label.items() if name not in Place._fields}
            | {"trials": {trial: [label["length"], label["seed"]]}}
            for trial, label in trials.items()
        ]
    }


@cache
def _adapter(shape: Any) -> Any:
    from pydantic import TypeAdapter

    return TypeAdapter(shape)
