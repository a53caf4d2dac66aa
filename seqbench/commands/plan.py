"""`seqbench plan`: what a grid would run."""

from __future__ import annotations

from rich.table import Table

from seqbench.commands.asked import Asked
from seqbench.commands.console import out, print_json
from seqbench.commands.counted import counted
from seqbench.commands.overrides import describe_overrides
from seqbench.commands.progress import duration
from seqbench.grid.lengths import LengthRange
from seqbench.grid.training import spell_steps
from seqbench.plan.estimate import Estimate, machine_bytes
from seqbench.plan.feasibility import reasons_in_words
from seqbench.plan.plan import Plan
from seqbench.plan.plan import plan as make_plan


def plan(asked: Asked, *, workers: int, max_trials: int, as_json: bool) -> None:
    """Print the plan of a grid.

    Raises:
        GridError: the grid cannot be read, or this machine's memory does not hold a trial.
        UsageError: no combination makes sense.
    """
    current = make_plan(asked.read(), max_trials=max_trials)
    current.require_trials()
    if as_json:
        print_json(current.describe(workers))
    else:
        _show(current, workers)


def _steps(current: Plan) -> str:
    """The budget of training steps as the grid states it, and where it depends on the length what that comes to."""
    rules = "; or ".join(dict.fromkeys(spell_steps(method.training["steps"]) for method in current.methods))
    least, most = current.steps
    return f"{rules} a trial" + (f": {least:,} to {most:,} in these" if least != most else "")


def _range(current: Plan) -> str:
    """Between which lengths a grid searches; empty where only tasks say it."""
    asked = current.grid.lengths
    return f" between lengths {asked.shortest:,} and {asked.longest:,}" if isinstance(asked, LengthRange) else ""


def _memory(estimate: Estimate) -> str:
    """Memory of a worker, and how many workers the machine holds where it does not hold those asked for."""
    needed, there = estimate.bytes_per_worker, machine_bytes()
    text = f"about {needed / 2**20:,.0f} MiB a worker at the largest trial"
    if estimate.workers * needed <= there:
        return text
    return f"{text}: this machine has {there / 2**20:,.0f}, enough for --workers {max(there // needed, 1)}"


def _show(current: Plan, workers: int) -> None:
    console, estimate = out(), current.estimate(workers)
    console.print(current.grid.question)
    if current.grid.overrides:
        console.print(describe_overrides(current.grid))
    facts = Table.grid(padding=(0, 2))
    tasks = {(trial.task_label, trial.length) for trial in current.trials}
    lengths = ", ".join(
        f"{task} ({' '.join(str(length) for name, length in sorted(tasks) if name == task)})"
        for task in dict.fromkeys(trial.task_label for trial in current.trials)
    )
    facts.add_row("methods", f"{len(current.methods)}")
    facts.add_row("tasks (lengths)", lengths)
    facts.add_row(
        "trials", f"{len(current.trials):,}" + (f", {current.waiting:,} wait for tuning" if current.waiting else "")
    )
    facts.add_row("training steps", _steps(current))
    if current.training_lengths:
        facts.add_row("training lengths", current.training_lengths)
    if current.searches:
        come, own = current.to_come, len(current.trials)
        facts.add_row("searches", f"{len(current.searches):,}{_range(current)}; of trials there will be")
        facts.add_row("", f"about {own + come.trials:,.0f} in all, {own + come.most_trials:,.0f} at most")
    if current.budget:
        facts.add_row("tuning", f"{current.budget:,} settings tried for each method and task, on seeds of their own")
    facts.add_row("groups", f"{len(current.groups):,}, each compiled once")
    most = f", {duration(estimate.most_seconds)} at most" if current.searches else ""
    facts.add_row(
        "time", f"about {duration(estimate.seconds)} on {counted(workers, 'worker')}{most}; idle machines take less"
    )
    facts.add_row("memory", _memory(estimate))
    console.print(facts)
    if current.untested:
        console.print(f"\nThey read one length alone and are not tested at others: {', '.join(current.untested)}")
    if reasons := reasons_in_words(current.incompatible):
        console.print(f"\n{len(reasons)} combinations are incompatible and are left out:")
    for reason in reasons:
        console.print(f"  {reason}")
