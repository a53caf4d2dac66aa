"""The protocol of a grid in words, as the methods section of a paper states it, with what it cites.

Nothing here is written for one grid: every number is read from the plan and the results.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import pandas as pd

from seqbench.components import catalogue
from seqbench.components.member_files import source_of
from seqbench.errors import GridError
from seqbench.grid.document import document_of
from seqbench.grid.named import used_components
from seqbench.plan.search import widest_step
from seqbench.references import Reference, cited
from seqbench.report.citations import Cited, known, mark
from seqbench.report.citations import cited as citing
from seqbench.report.definitions import DIVERGED, criteria, duration, outcomes, seed_span, seeds_of
from seqbench.report.evidence import Evidence
from seqbench.report.table import number
from seqbench.stats.costs import hours
from seqbench.stats.interval import SEEDS_FOR_INTERVAL, SEEDS_FOR_RANKING
from seqbench.stats.preregistration import OUTCOME_UNITS

SOFTWARE = {"jax": "bradbury2018jax", "flax": "heek2020flax", "optax": "babuschkin2020deepmind"}
"""The libraries that are cited, and their entries."""
STATISTICS = (
    "turnbull1976empirical",
    "fisher1935design",
    "holm1979simple",
    "clopper1934use",
    "sivaprasad2020optimizer",
)


PARTS = {"cells": ("cell", "cells"), "models": ("model", "models"), "mitigations": ("remedy", "remedies")}
"""The families of which a method is made, in words: one and several."""


class Paragraph(NamedTuple):
    """A paragraph under a heading."""

    title: str
    cited: Cited


def methods_text(evidence: Evidence) -> tuple[Paragraph, ...]:
    """The paragraphs, in the order in which they are read."""
    sources = components(evidence)
    pool = [work for works in sources.values() for work in works] + known(*STATISTICS, *SOFTWARE.values())
    texts = {
        "Tasks and methods": _subject(evidence, sources),
        "Training and selection": _training(evidence, sources),
        "Statistics": _statistics(evidence),
        "Software and hardware": _machine(evidence),
    }
    return tuple(Paragraph(title, citing(" ".join(filter(None, text)), pool)) for title, text in texts.items())


def works(paragraphs: Iterable[Paragraph], evidence: Evidence) -> dict[str, Reference]:
    """Every work behind the paragraphs and the components of the grid, by key, in the order of their keys."""
    found = {key: work for paragraph in paragraphs for key, work in paragraph.cited.works.items()}
    found |= {work.key: work for own in components(evidence).values() for work in own}
    return dict(sorted(found.items()))


def components(evidence: Evidence) -> dict[tuple[str, str], tuple[Reference, ...]]:
    """The works that each component of the grid cites, by family and name; of a user's own component none are known."""
    try:
        named = used_components(document_of(evidence.plan.grid_text, file=evidence.plan.grid or "grid").data)
    except GridError:  # a text that no version of seqbench writes: the report shows it as it is
        named = []
    found = {}
    for family, name in named:
        present = catalogue.formerly(family).get(name, name)
        shipped = present in catalogue.names(family)
        found[family, present] = cited(source_of(family, present)) if shipped else ()
    return found


def _subject(evidence: Evidence, sources: dict[tuple[str, str], tuple[Reference, ...]]) -> Iterator[str]:
    """What is trained on what."""
    tasks = [f"{name}{mark(own)}" for (family, name), own in sources.items() if family == "tasks"]
    yield f"Networks are trained on {joined(tasks or evidence.tasks)}."
    yield "The dependency length is the number of steps between a piece of information and the answer that needs it,"
    yield "the largest that a task draws where it differs from sequence to sequence; where no single step decides an"
    yield "answer, as in running text, it is the number of steps that a network reads."
    yield from (_lengths(evidence, task) for task in evidence.tasks)
    count = len(evidence.methods)
    yield f"{count} {'method is' if count == 1 else 'methods are'} compared: {joined(evidence.methods)}."
    for family, (one, many) in PARTS.items():
        named = [f"{name}{mark(own)}" for (of, name), own in sources.items() if of == family]
        if named:
            yield f"The {one} in use is {named[0]}." if len(named) == 1 else f"The {many} in use are {joined(named)}."
    sizes = evidence.reporting["parameters"].dropna()
    if len(sizes):
        ends = f"{sizes.min():,.0f}" if sizes.nunique() == 1 else f"{sizes.min():,.0f} to {sizes.max():,.0f}"
        yield f"A network has {ends} parameters."
    named = [f"{name}{mark(own)}" for (of, name), own in sources.items() if of == "probes"]
    if named and evidence.measured:
        yield f"Gradients and states are measured by {joined(named)}."


def _lengths(evidence: Evidence, task: str) -> str:
    """At which lengths a task is trained, in a sentence."""
    where = f"On {task} " if len(evidence.tasks) > 1 else "Here "
    if task in evidence.declared.searched:
        sought = evidence.sought(task)
        return (
            f"{where}the longest length that each seed learns is searched from {sought[0]:,} to {sought[-1]:,} steps, "
            f"between neighbouring lengths at most {widest_step(sought):.3g} times apart."
        )
    return f"{where}it is {joined([f'{length:,}' for length in evidence.lengths(task)])} steps."


def _training(evidence: Evidence, sources: dict[tuple[str, str], tuple[Reference, ...]]) -> Iterator[str]:
    """How a trial is trained, when it counts as solved, and how its settings were chosen."""
    rows, declared, training = evidence.reporting, evidence.declared, evidence.plan.training
    by = [f"{name}{mark(own)}" for (of, name), own in sources.items() if of == "optimizers"]
    falls = [f"{name}{mark(own)}" for (of, name), own in sources.items() if of == "schedules" and name != "constant"]
    yield (
        "A trial trains one method on one task at one length, with one learning rate and one seed, for at most "
        f"{_steps(rows)} on batches of {_whole(rows['batch_size'])} sequences that are drawn anew"
        + (f", by {joined(by)}" if by else "")
        + (f" under the learning-rate schedule {joined(falls)}" if falls else "")
        + "."
    )
    if "validation_sequences" in training:
        ends = ", and ends early once the task is solved" if training.get("stop_when_solved") else ""
        yield (
            f"It is evaluated every {_whole(rows['evaluate_every'])} steps on {training['validation_sequences']:,} "
            f"validation sequences{ends}."
        )
    yield f"Accuracies are measured on {_whole(rows['test_sequences'])} fresh sequences."
    yield f"A trial has solved its task with {criteria(evidence)}."
    yield f"Training lengths: {declared.training_lengths}." if declared.training_lengths else ""
    yield (
        f"The reported seeds are {seed_span(seeds_of(evidence, 'reporting'))}: a seed names the data and the start of "
        "a trial, the same for every method."
    )
    yield declared.tuning
    if len(evidence.tuning):
        yield f"Every method has the same budget of tuning{mark(known('sivaprasad2020optimizer'))}."
    yield f"A trial has diverged if its {DIVERGED}."


def _statistics(evidence: Evidence) -> Iterator[str]:
    """What is computed from the trials."""
    declared, found = evidence.declared, outcomes(evidence)
    for name, tasks in found.items():
        where = f"On {joined(tasks)} the" if len(found) > 1 else "The"
        yield _outcome(name, where)
    yield (
        f"Methods are compared seed by seed by the exact sign-flip test{mark(known('fisher1935design'))}; p-values are "
        f"corrected by Holm's method{mark(known('holm1979simple'))} for an error rate of {declared.alpha:g} over the "
        "declared comparisons of a task, and all other comparisons are exploratory."
    )
    yield f"Shares have exact binomial intervals{mark(known('clopper1934use'))}."
    yield f"Below {SEEDS_FOR_INTERVAL} seeds no interval is given, and below {SEEDS_FOR_RANKING} nothing is ranked."


def _outcome(name: str, where: str) -> str:
    """What the primary outcome is, in a sentence that begins with `where`."""
    if name != "horizon":
        return f"{where} primary outcome is {name} ({OUTCOME_UNITS[name]}), one number a seed."
    return (
        f"{where} primary outcome is the horizon: how far back a seed remembers, known to lie between a length that it "
        "solves and a longer one that it fails; where results contradict each other, between those that contradict the "
        "fewest, and of several the furthest. It is averaged over seeds as log2 by Turnbull's "
        f"estimator{mark(known('turnbull1976empirical'))}."
    )


def _machine(evidence: Evidence) -> Iterator[str]:
    """What the trials ran on."""
    plan, versions = evidence.plan, evidence.plan.versions
    libraries = [f"{name} {versions[name]}{mark(known(SOFTWARE[name]))}" for name in SOFTWARE if name in versions]
    revision = f" (revision {plan.revision})" if plan.revision else ""
    ran = [f"seqbench {versions['seqbench']}{revision}"] if "seqbench" in versions else []
    ran += [*libraries, *([f"Python {versions['python']}"] if "python" in versions else [])]
    if ran:
        yield f"Trials were trained with {joined(ran)}."
    machines = dict.fromkeys(
        ", ".join(filter(None, (of.get("processor"), of.get("device"), of.get("platform"))))
        for of in (plan.environments.values() or [versions])
    )
    if named := [machine for machine in machines if machine]:
        yield f"They ran on {joined(named)}."
    finished = len(evidence.results) - len(evidence.missing)
    yield (
        f"{finished:,} of {len(evidence.results):,} planned trials have finished; their training took "
        f"{duration(hours(evidence.results))} on one worker."
    )


def joined(words: Sequence[str]) -> str:
    """`a, b and c`."""
    *most, last = words or ["none"]
    return f"{', '.join(most)} and {last}" if most else last


def _steps(rows: pd.DataFrame) -> str:
    """`800 training steps`, or their range where they depend on method or length."""
    budgets = rows["budget"].dropna()
    if budgets.empty:
        return "its training steps"
    ends = f"{budgets.min():,.0f}" if budgets.nunique() == 1 else f"{budgets.min():,.0f} to {budgets.max():,.0f}"
    return f"{ends} training steps"


def _whole(values: pd.Series) -> str:
    """The different whole numbers of a column."""
    return joined([number(int(value)) for value in sorted(values.dropna().unique())])
