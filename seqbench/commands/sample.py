"""`seqbench sample`: text from a trained language model of a grid."""

from __future__ import annotations

from pathlib import Path

from seqbench.commands.console import out
from seqbench.commands.folders import results_folder
from seqbench.commands.own_code import announce_code
from seqbench.errors import Incompatible, UsageError
from seqbench.plan.settings_difference import flat
from seqbench.store.parameters import load_parameters, parameters_path
from seqbench.store.records import Record
from seqbench.store.trials import TrialStore


def sample(name: str, results: Path, *, trial: str, length: int, temperature: float, top_k: int, seed: int) -> None:
    """Print the first symbol of a held-out sequence and `length` symbols that the model generates.

    Raises:
        UsageError: there is no such trial, or its parameters were not kept.
        Incompatible: it is not a language model. StoreError: its parameters are damaged.
    """
    folder = results_folder(name, results)
    console = out()
    record = _record(folder, trial, name)
    named = [value for value in flat(record.settings).values() if isinstance(value, str)]
    announce_code(named, f"trial {trial}", folder)
    console.print(_text(folder, record, length=length, temperature=temperature, top_k=top_k, seed=seed))


def _record(folder: Path, trial: str, name: str) -> Record:
    """The record of a finished trial that kept its parameters."""
    records = {record.trial: record for record in TrialStore(folder).read()[0]}
    if trial not in records:
        raise UsageError(f"{folder} has no finished trial {trial}. Those it has are in {folder / 'trials'}.")
    if not records[trial].parameters:
        raise UsageError(
            f"The parameters of trial {trial} were not kept. Write `keep_parameters: true` into the grid, then "
            f"train it again: seqbench run {name} --trial {trial}"
        )
    return records[trial]


def _text(folder: Path, record: Record, *, length: int, temperature: float, top_k: int, seed: int) -> str:
    """The first symbol of a held-out sequence, continued by the model."""
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
