"""How the learning rates were chosen, and how much that choice matters."""

from __future__ import annotations

from seqbench.report.chapters.entries import method_cell
from seqbench.report.charts.rates import learning_rates
from seqbench.report.evidence import Evidence
from seqbench.report.section import Part, Section
from seqbench.report.table import Table, number, plain, tabulate


def tuning(evidence: Evidence) -> Section:
    """The score at every rate tried, and what was chosen; nothing where nothing was tuned."""
    tried = evidence.comparison.tuning_curves
    tasks = [task for task in evidence.tasks if ((tried["task"] == task) & tried["score"].notna()).any()]
    part = Part(
        charts=tuple(learning_rates(evidence, task) for task in tasks if _several(evidence, task)),
        tables=tuple(tuning_table(evidence, task) for task in tasks),
    )
    lead = (
        "Settings are chosen on validation data of tuning seeds; everything above comes from other seeds and test data."
    )
    return Section("tuning", "Tuning and its sensitivity", lead, (part,) if tasks else ())


def _several(evidence: Evidence, task: str) -> bool:
    """Whether more than one learning rate was tried."""
    tried = evidence.comparison.tuning_curves
    return bool(tried.loc[tried["task"] == task, "learning_rate"].nunique() > 1)


def tuning_table(evidence: Evidence, task: str) -> Table:
    """One row a method and length."""
    rows = evidence.comparison.tuning
    rows = rows[rows["task"] == task]
    shown = rows.assign(
        method=[method_cell(evidence, name) for name in rows["method"]],
        at_edge=["yes, extend the range" if edge else "no" for edge in rows["at_edge"]],
        diverged=[f"{share:.0%}" for share in rows["diverged"]],
        best=[number(rate) for rate in rows["best"]],
    )
    heads = {"method": "method", "length": "length", "candidates": "rates tried", "trials": "trials seen",
             "seeds": "tuning seeds", "chosen": "used", "best": "best when tuning", "at_edge": "at the edge",
             "diverged": "diverged over the range",
             "optimism": "optimism of the choice"}  # fmt: skip
    return tabulate(
        shown, name=f"tuning-{evidence.tasks.index(task) + 1}", title=f"Learning rates for {task}", heads=heads,
        raw=rows, folded=True,
        cells={"method": lambda cell: cell, "length": lambda value: plain(float(value))},
        note="Optimism: the validation score on the tuning seeds less that on the reporting seeds, at the rate used.",
    )  # fmt: skip
