"""What `seqbench run` prints at the end: the table of methods, where the report is, and how to open MLflow."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from rich.console import Console
from rich.table import Table
from rich.text import Text

from seqbench.commands.console import out
from seqbench.invocation import UI_HOST, UI_PORT, command, kept_in
from seqbench.stats.answers import none_solved
from seqbench.stats.brackets import Brackets, bracket_table, find_brackets
from seqbench.stats.costs import parameters
from seqbench.stats.horizon_means import horizon_means
from seqbench.stats.pairwise import pairwise
from seqbench.stats.preregistration import declared_in
from seqbench.stats.solve_rate import solve_rates
from seqbench.stats.task_arrays import arrays_by_task, complete, reporting_rows
from seqbench.store.results import Results
from seqbench.tracking.client import embedded_uri
from seqbench.tracking.comparison import method_order
from seqbench.tracking.mirror import Links

MOST_LINES = 12
"""Comparisons that are printed; the report holds them all."""

MUCH = 0.1
"""Share of the training time above which the cost of probes is printed with advice on how to reduce it."""

LOCAL_SERVER = f"http://{UI_HOST}:{UI_PORT}"


def print_summary(results: Results, folder: Path, links: Links | None) -> None:
    """Print the answer for each task (solved seeds by length, or searched horizons), its factors, and where it is."""
    console, declared = out(), declared_in(results.plan)
    rows = reporting_rows(complete(results.reporting))
    rates = solve_rates(rows, declared)
    for arrays in arrays_by_task(rows, declared):
        own = rows[rows["task"] == arrays.task]
        sizes = parameters(own).loc[arrays.task]
        methods = method_order(results.plan.methods, own)
        if arrays.searched:
            console.print(horizon_table(find_brackets(arrays), sizes, methods, declared.alpha))
        else:
            console.print(summary_table(arrays.task, rates[rates["task"] == arrays.task], sizes, methods))
        if not own["outcome"].eq("solved").any():
            console.print(f"{none_solved(one_length=own['length'].nunique() == 1).capitalize()}.")
            continue
        for line in factor_lines(pairwise(own, arrays, declared)):
            console.print(line, markup=False)
    if share := probe_share(results.finished):
        console.print(f"\n{cost_of_probes(share)}")
    _print_places(console, folder, links)


def factor_lines(pairs: pd.DataFrame) -> list[str]:
    """`IRNN remembers 3.2 times as far as vanilla (95 %: 2.1 to 4.9, n = 10)`, one line a declared comparison.

    pairs: the rows of one task of the table of paired comparisons
    """
    declared = pairs[(pairs["family"] == "declared") & (pairs["outcome"] == "horizon")]
    lines = [f"{row['method']} {row['text']}" for row in declared.head(MOST_LINES).to_dict("records")]
    return lines if len(declared) <= MOST_LINES else [*lines, f"and {len(declared) - MOST_LINES} more in the report"]


def horizon_table(found: Brackets, sizes: pd.Series, methods: Sequence[str], alpha: float) -> Table:
    """How far back each method remembers, with its interval, and the bracket of every seed."""
    table = Table(title=f"{found.task}: how far back each method remembers", title_justify="left")
    table.add_column("method", no_wrap=True)
    for name in ("remembers", "searches ended", "each seed solved-failed", "parameters"):
        table.add_column(name, justify="right" if name == "parameters" else "left")
    means = horizon_means(found, alpha).set_index("method")
    seeds = dict(iter(bracket_table(found).groupby("method")))
    for method in methods:
        if method in means.index:
            row = means.loc[method]
            brackets = ", ".join(_ends(*ends) for ends in seeds[method][["solved", "failed"]].itertuples(index=False))
            table.add_row(
                Text(method), str(row["text"]), f"{row['n'] - row['open']} of {row['n']}", brackets,
                f"{int(sizes[method]):,}",
            )  # fmt: skip
    return table


def _ends(solved: float, failed: float) -> str:
    """`160-226`, `2000+` where nothing failed, `<10` where nothing was solved."""
    return f"{solved:g}+" if failed == float("inf") else f"{solved:g}-{failed:g}" if solved else f"<{failed:g}"


def probe_share(results: pd.DataFrame) -> float:
    """What probes cost, compilation included, as a share of all that training, evaluation and compilation cost.

    Trials of an older version, which do not say what their compilation cost, are left out.
    """
    spent = results.reindex(columns=["seconds", "compile_seconds", "probe_seconds"]).dropna().sum()
    training = float(spent["seconds"] + spent["compile_seconds"])
    return float(spent["probe_seconds"]) / training if training else 0.0


def cost_of_probes(share: float) -> str:
    """What probes cost, as a sentence; with advice where that is much."""
    said = f"Probes took {100 * share:.2g} % of the training time."
    return said + (" `probes: none` in the grid switches them off; naming fewer costs less." if share > MUCH else "")


def summary_table(task: str, rates: pd.DataFrame, sizes: pd.Series, methods: Sequence[str]) -> Table:
    """Solved seeds of all seeds and median accuracy, a column a dependency length; a diverged seed counts as 0.

    rates: the task's rows of the table of solve rates; sizes: the parameters of each method
    """
    table = Table(title=f"{task}: seeds solved and median accuracy at each dependency length", title_justify="left")
    table.add_column("method", no_wrap=True)
    lengths = sorted(int(length) for length in rates["length"].unique())
    for length in lengths:
        table.add_column(str(length), justify="right")
    table.add_column("diverged", justify="right")
    table.add_column("parameters", justify="right")
    for method in methods:
        own = rates[rates["method"] == method].set_index("length")
        if not own.empty:
            cells = [_cell(own.loc[length]) if length in own.index else "-" for length in lengths]
            table.add_row(Text(method), *cells, str(own["diverged"].sum()), f"{int(sizes[method]):,}")
    return table


def _cell(row: pd.Series) -> str:
    """`3/3 1.00`: solved of all, and the median accuracy."""
    median = row["accuracy_median"]
    return f"{row['solved']}/{row['n']}" + (f" {median:.2f}" if median == median else "")


def _print_places(console: Console, folder: Path, links: Links | None) -> None:
    console.print(f"\nReport:  {folder / 'report.html'}")
    if links is not None:
        print_links(console, folder, links)


def print_links(console: Console, folder: Path, links: Links) -> None:
    """Print how to open the comparison charts: on the server they are on, or by the command that serves them here."""
    served = links.uri.startswith("http")
    server = links.uri if served else LOCAL_SERVER
    if not served:
        store = () if links.uri == embedded_uri(folder.parent) else ("--tracking-uri", links.uri)
        opened = command("ui", folder.name, *kept_in(folder.parent), *store)
        console.print(f"MLflow:  {opened}   (then open the link)")
    for task, fragment in links.comparison.items():
        console.print(f"         {task}: {server}{fragment}")
