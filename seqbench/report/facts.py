"""The head of the report: the question, the answers, the size of the grid, and warnings."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from seqbench.report.evidence import Evidence
from seqbench.schema import is_finished, with_purpose
from seqbench.stats.interval import SEEDS_FOR_INTERVAL, SEEDS_FOR_RANKING

_INTERVAL = re.compile(r"(\d+) %: (\d+)-(\d+) %")
_P_VALUE = re.compile(r"\bp ([=<]) ")


class Answer(NamedTuple):
    """The answer for one task: who, in bold, and the rest of the sentence."""

    task: str
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
    """The sentence, with the names it begins with apart."""
    sentence = _INTERVAL.sub("\\1\u202f%: \\2–\\3\u202f%", _capital(sentence))
    sentence = _P_VALUE.sub("p\u00a0\\1\u00a0", sentence).replace(" %", "\u00a0%")
    who, furthest, rest = sentence.partition(" remembered furthest")
    return Answer(task, who, furthest + rest) if furthest else Answer(task, "", sentence)


def _capital(sentence: str) -> str:
    """The sentence with a capital letter, unless it begins with the name of a method."""
    return (
        sentence
        if sentence.split(" ")[0] not in ("no", "nothing", "all", "seeds", "half")
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
    return " · ".join(parts)


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
    seeds = evidence.reporting.groupby(["method", "task", "length"], observed=True).size()
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
