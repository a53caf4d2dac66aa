"""`seqbench sample`: text from a trained language model of a grid."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from seqbench.commands.asked import Asked
from seqbench.commands.console import out
from seqbench.commands.own_code import announce_code
from seqbench.components.own_functions import look_beside
from seqbench.errors import Incompatible, UsageError
from seqbench.execution.trial_names import full_name
from seqbench.plan.settings_difference import flat
from seqbench.store.parameters import load_parameters, parameters_path
from seqbench.store.plan_file import load_plan
from seqbench.store.records import Record
from seqbench.store.trial_label import TrialLabel
from seqbench.store.trials import TrialStore


def sample(asked: Asked, *, trial: str | None, length: int, temperature: float, top_k: int, seed: int) -> None:
    """Print the first symbol of a held-out sequence and `length` symbols that the model generates.

    Without a trial, of the best one of each method on each language model, under a line that says which it is.

    Raises:
        UsageError: there is no such trial, or no parameters were kept.
        Incompatible: it is not a language model. StoreError: its parameters are damaged.
    """
    folder, console = asked.folder(), out()
    look_beside(asked.beside)
    records, plan = TrialStore(folder).read()[0], load_plan(folder)
    if trial is not None:
        record = _record(folder, records, trial, asked)
        console.print(_text(folder, record, length=length, temperature=temperature, top_k=top_k, seed=seed))
        return
    chosen = best_of_each(records, plan.trials)
    if not chosen:
        keeping = replace(asked, overrides=(*asked.overrides, "keep_parameters=true"), name=folder.name)
        raise UsageError(
            f"No finished trial in {folder} has kept its parameters. Write `keep_parameters: true` into the grid, or "
            f"train it so, to the same numbers: {keeping.command('run')}"
        )
    _print_best(
        chosen, lambda record: _text(folder, record, length=length, temperature=temperature, top_k=top_k, seed=seed)
    )


class Best(NamedTuple):
    """The best trial of a method on a task: `heading` says which it is and of how many."""

    heading: str
    record: Record


def _print_best(chosen: Sequence[Best], text_of: Callable[[Record], str]) -> None:
    """Print the text of each language model below its heading; a grid may have other tasks beside them.

    Raises:
        Incompatible: there is no language model.
    """
    console, texts, refusals = out(), list[str](), list[Incompatible]()
    for best in chosen:
        try:
            texts.append(text_of(best.record))
        except Incompatible as error:
            refusals.append(error)
            continue
        console.print(("\n" if len(texts) > 1 else "") + best.heading, style="bold")
        console.print(texts[-1])
    if refusals and not texts:
        raise refusals[0]


def best_of_each(records: Iterable[Record], labels: Mapping[str, TrialLabel]) -> list[Best]:
    """Of each method on each task the reporting trial of the smallest test loss whose parameters were kept."""
    kept: dict[tuple[str, str], list[Record]] = {}
    for record in records:
        label = labels.get(record.trial)
        if label and label.purpose == "reporting" and record.parameters and record.row["loss"] is not None:
            kept.setdefault((label.method, label.task), []).append(record)
    order = list(dict.fromkeys((label.method, label.task) for label in labels.values()))
    found = []
    for method, task in sorted(kept, key=order.index):
        own = kept[method, task]
        best = min(own, key=lambda record: record.row["loss"])
        label = labels[best.trial]
        found.append(
            Best(
                f"{method} on {task}, length {label.length}, seed {label.seed}: test loss {best.row['loss']:.3f}, "
                f"the smallest of {len(own)} (--trial {best.trial})",
                best,
            )
        )
    return found


def _record(folder: Path, records: Iterable[Record], trial: str, asked: Asked) -> Record:
    """The record of a finished trial that kept its parameters; the first letters of its name will do."""
    by_trial = {record.trial: record for record in records}
    full = full_name(trial, by_trial, of=f"what has finished in {folder}")
    if not by_trial[full].parameters:
        raise UsageError(
            f"The parameters of trial {full} were not kept. Write `keep_parameters: true` into the grid, then "
            f"train it again: {asked.command('run', '--trial', full)}"
        )
    return by_trial[full]


def _text(folder: Path, record: Record, *, length: int, temperature: float, top_k: int, seed: int) -> str:
    """The first symbol of a held-out sequence, continued by the model."""
    named = [value for value in flat(record.settings).values() if isinstance(value, str)]
    announce_code(named, f"trial {record.trial}", folder)
    import jax
    from flax import nnx

    from seqbench.components.assemble import assemble
    from seqbench.training.generation import generate, require_language_model
    from seqbench.training.program import Program

    assert record.parameters is not None
    assembly = assemble(record.settings)
    task, program = assembly.task, Program(assembly)
    path = parameters_path(folder, record.trial)
    parameters = load_parameters(path, program.shapes, sha256=record.parameters)
    model = nnx.merge(program.graph, parameters)
    require_language_model(model)
    if task.outputs != task.inputs or len(task.symbols) != task.inputs:
        raise Incompatible("generation needs a task that predicts the next symbol, such as language_model")
    start_key, key = jax.random.split(jax.random.key(seed))
    start = (task.test or task.sample)(start_key, 1).inputs[0, :1]
    added = generate(model, start, key, symbols=length, temperature=temperature, top_k=top_k)
    return written(task.symbols, [*start.tolist(), *added.tolist()])


def written(symbols: tuple[str, ...], text: list[int]) -> str:
    """Symbols as text: words with spaces between them, characters without."""
    characters = all(len(symbol) == 1 for symbol in symbols)
    return ("" if characters else " ").join(symbols[number] for number in text)
