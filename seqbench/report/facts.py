"""The head of the report: the question, the answers, the size of the grid, and warnings."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

import pandas as pd

from seqbench.report.columns import BEYOND, attainable_p, factor, level, method_column, remembers
from seqbench.report.evidence import Evidence
from seqbench.report.links import behind
from seqbench.report.table import Column, Table, word
from seqbench.schema import is_finished, with_purpose
from seqbench.stats.answers import BEST
from seqbench.stats.interval import SEEDS_FOR_INTERVAL, SEEDS_FOR_RANKING

_INTERVAL = re.compile(r"(\d+) %: (\d+)-(\d+) %")
_P_VALUE = re.compile(r"\bp ([=<]) ")


MOST_FACTORS = 12
"""Remedies whose factors stand on the first screen; more are unfolded."""


class Answer(NamedTuple):
    """The answer for one task in three parts of a sentence: what is missing, who, in bold, and the rest."""

    task: str
    missing: str
    lead: str
    text: str


def title(evidence: Evidence) -> str:
    """The grid's question, or its name."""
    return evidence.plan.question or evidence.plan.grid or "Comparison"


def answers(evidence: Evidence) -> list[Answer]:
    """One sentence per task, in the order of the grid."""
    found = dict(zip(evidence.comparison.answers["task"], evidence.comparison.answers["answer"], strict=True))
    return [_answer(task, found[task].removeprefix(f"{task}: ")) for task in evidence.tasks if task in found]


def _answer(task: str, sentence: str) -> Answer:
    """The sentence, with the names of the best methods apart."""
    sentence = _INTERVAL.sub("\\1\u202f%: \\2–\\3\u202f%", _capital(sentence))
    sentence = _P_VALUE.sub("p\u00a0\\1\u00a0", sentence).replace(" %", "\u00a0%")
    deed = next((words for words in BEST if f" {words}: " in sentence), None)
    if deed is None:
        return Answer(task, "", "", sentence)
    start, furthest, rest = sentence.partition(f" {deed}")
    for mark in (" alone, ", " so far: "):
        missing, _, who = start.rpartition(mark)
        if missing:
            return Answer(task, missing + mark, who, furthest + rest)
    return Answer(task, "", start, furthest + rest)


def headline(evidence: Evidence) -> Table | None:
    """How many times as far each remedy remembers as the method it is compared with; None without a declared factor.

    Over several tasks one column each; of a single one also the corrected p-value and the horizon itself.
    """
    pairs = evidence.comparison.pairwise
    pairs = pairs[(pairs["family"] == "declared") & pairs["factor"].notna()]
    if pairs.empty:
        return None
    tasks = [task for task in evidence.tasks if (pairs["task"] == task).any()]
    single = pairs["against"].nunique() == 1
    rows = pairs[["method", "against"]].drop_duplicates()
    own = _one_task(evidence, pairs) if len(tasks) == 1 else tuple(_on_task(evidence, pairs, task) for task in tasks)
    rows = (
        pairs.sort_values("factor", ascending=False, kind="stable") if len(tasks) == 1 else evidence.in_grid_order(rows)
    )
    columns = (method_column(evidence), *(() if single else (word("against"),)), *own)
    title = f"Times as far as {rows['against'].iloc[0]} remembers" if single else "Times as far"
    return Table("factors", title, columns, rows, note=_factor_note(evidence, pairs), folded=len(rows) > MOST_FACTORS,
                 values=pairs)  # fmt: skip


def _one_task(evidence: Evidence, pairs: pd.DataFrame) -> tuple[Column, ...]:
    """The columns of a single task, from rows of `pairs`."""
    methods = evidence.comparison.methods
    found = {row["method"]: row for row in methods[methods["task"] == pairs["task"].iloc[0]].to_dict("records")}
    link = behind(evidence, pair=True)
    return (
        Column("times as far", factor, unit=level(evidence), link=link),
        Column("p", attainable_p(evidence, "p_holm", "n", "comparisons"), unit="Holm", link=link),
        word("verdict"),
        Column("remembers", lambda row: remembers(found[row["method"]]), unit=f"steps, {level(evidence)}",
               link=behind(evidence)),
    )  # fmt: skip


def _on_task(evidence: Evidence, pairs: pd.DataFrame, task: str) -> Column:
    """The factors on one of several tasks."""
    found = {(row["method"], row["against"]): row for row in pairs[pairs["task"] == task].to_dict("records")}
    return Column(
        task, lambda row: factor(found.get((row["method"], row["against"]), {"n": 0})), unit=level(evidence),
        link=behind(evidence, pair=True, task=task),
    )  # fmt: skip


def _factor_note(evidence: Evidence, pairs: pd.DataFrame) -> str:
    """At which budget, over how many seeds, and what censoring means."""
    sentences = evidence.comparison.answers
    budgets = list(dict.fromkeys(sentences.loc[sentences["task"].isin(pairs["task"]), "budget"]))
    least, most = pairs["n"].min(), pairs["n"].max()
    seeds = f"n = {least}" if least == most else f"n = {least} to {most}"
    bound = f" {BEYOND}." if (pairs["bound"].fillna("") != "").any() else ""
    budget = f", {budgets[0]}" if len(budgets) == 1 and budgets[0] else ""
    unsure = pairs["verdict"].isin(["better", "worse"]) & (pairs["low"] <= 0) & (pairs["high"] >= 0)
    rare = (
        " Where the verdict is better or worse and the interval holds 1, the seeds agree, but a rare failure that so "
        "few cannot rule out could undo the mean."
    )
    return f"Paired over seeds, {seeds}{budget}.{bound}{rare if unsure.any() else ''}"


def _capital(sentence: str) -> str:
    """The sentence with a capital letter, unless it begins with the name of a method."""
    return (
        sentence
        if sentence.split(" ")[0].rstrip(",") not in ("no", "nothing", "all", "both", "unfinished")
        else sentence[:1].upper() + sentence[1:]
    )


def facts(evidence: Evidence) -> str:
    """How large the grid is and how much of it has finished."""
    results = evidence.results
    if results.empty:
        return "No trial is planned."
    seeds = with_purpose(results, "reporting")["seed"].nunique()
    finished = int(is_finished(results).sum())
    lengths = sorted(results["length"].unique())
    span = f"length {lengths[0]:,}" if len(lengths) == 1 else f"lengths {lengths[0]:,} to {lengths[-1]:,}"
    tried = evidence.comparison.tuning["settings"]
    parts = [
        _count(len(evidence.methods), "method"), _count(len(evidence.tasks), "task"), span, _count(seeds, "seed"),
        *([f"K = {int(tried.max()):,} settings tuned for each method and task"] if len(tried) else []),
        f"{finished:,} of {len(results):,} trials finished",
    ]  # fmt: skip
    words = {"solved": "solved", "partial": "partial", "chance": "at chance", "diverged": "diverged"}
    parts += [f"{int((results['outcome'] == outcome).sum()):,} {word}" for outcome, word in words.items()]
    parts += [f"overridden: {found}"] if (found := overridden(evidence)) else []
    return " · ".join(parts)


def overridden(evidence: Evidence) -> str:
    """What is not as the grid's file says: `training.steps 200 (file: 800)`."""
    return "; ".join(f"{one.setting} {one.after} (file: {one.before or 'not set'})" for one in evidence.plan.overrides)


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def warnings(evidence: Evidence) -> Sequence[str]:
    """What limits every number of the report: unfinished trials, few seeds, unequal tuning, all diverged."""
    results, found = evidence.results, []
    finished = int(is_finished(results).sum())
    if finished < len(results):
        found.append(
            f"This report is partial: {finished:,} of {len(results):,} planned trials have finished. "
            "Every number is computed from these only and may change."
        )
    seeds = evidence.alike.groupby(["method", "task", "length"], observed=True).size()
    if len(seeds) and seeds.min() < SEEDS_FOR_RANKING:
        found.append(f"Some methods have fewer than {SEEDS_FOR_RANKING} seeds: nothing is ranked where that is so.")
    elif len(seeds) and seeds.min() < SEEDS_FOR_INTERVAL:
        found.append(f"Some methods have fewer than {SEEDS_FOR_INTERVAL} seeds: they are shown without intervals.")
    tried = evidence.comparison.tuning["settings"]
    if tried.nunique() > 1:
        found.append(
            f"Not every method was tuned equally: between {tried.min():,} and {tried.max():,} settings were tried. "
            "A method with more settings may look better for that reason alone."
        )
    if finished and (results["outcome"].dropna() == "diverged").all():
        found.append("Every finished trial diverged: there is no accuracy to compare.")
    return found
