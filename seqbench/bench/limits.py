"""What is in the way of each goal that is missed: of a training step by its profile, of all else by its parts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from seqbench.bench.goals import LENGTHS_GOAL, PLAN_MIB_GOAL, PRODUCTS_GOAL, PRODUCTS_SIZE, SCALE_GOAL, WORKERS_GOAL
from seqbench.buckets import bucket

ARITHMETIC = ("products", "elementwise")
"""The kinds of operation that the equations of a cell ask for."""

OTHERS = ("copies", "scalars", "update", "rest")

WORKERS = 2
"""Workers of the quickstart."""

TRAINED, EVALUATED, TESTED = 32 * 800, 16 * 1_024, 10_000
"""Sequences that the trial of the table `evaluation` trains on, is evaluated on at most, and is tested on."""

Rows = Sequence[Mapping[str, Any]]


def missed_goals(steps: Rows, profiles: Rows) -> list[str]:
    """One sentence a missed goal, from the rows of the tables `steps` and `profile`."""
    kinds = {_size(row): row for row in profiles}
    profiled = [(row, kinds[_size(row)]) for row in steps if _size(row) in kinds]
    ratios = [
        _sentence(row, other, profile)
        for row, profile in profiled
        for other in ("pytorch", "flax")
        if _missed(row[f"{other}_ratio"], row[f"{other}_goal"])
    ]
    shares = [
        _product_sentence(row, profile)
        for row, profile in profiled
        if _size(row)[1:] == PRODUCTS_SIZE and _missed(row.get("products_share"), PRODUCTS_GOAL)
    ]
    return ratios + shares


def missed_by_grids(grids: Rows) -> list[str]:
    """One sentence a missed goal, from the rows of the table `grids`."""
    ours = grids[0]
    parts = {"training": "training_seconds", "compilation": "compilation_seconds", "the rest": "rest_seconds"}
    took = ", ".join(f"{name} {ours[part]:.3g}" for name, part in parts.items())
    return [
        f"{row['harness']}, {row['ratio']:.2f} times, goal {row['goal']:g}: the goal leaves "
        f"{row['seconds'] / row['goal']:.3g} s, and seqbench takes {took}; with nothing but its training it would be "
        f"{row['seconds'] / ours['training_seconds']:.2f} times."
        for row in grids
        if _missed(row["ratio"], row["goal"])
    ]


def missed_by_quickstart(quickstart: Rows) -> list[str]:
    """One sentence a missed goal, from the rows of the table `quickstart`: with an empty cache, and with a warm one."""
    parts = [(row, *_worker_seconds(row)) for row in quickstart]
    said = []
    for row, training, compilation, probes in parts:
        took = f"training {training:.3g}, compilation {compilation:.3g}, probes {probes:.3g}"
        if row["seconds"] > row["goal_seconds"]:
            said.append(
                f"{row['cache']}, {row['seconds']:.3g} s, goal {row['goal_seconds']:g}: the workers' seconds are "
                f"{took}; {row['seconds'] - row['worker_seconds'] / WORKERS:.3g} s pass while not all of them work."
            )
        if row["compilation_share"] > row["compilation_goal"] and "groups" in row:  # earlier figures do not count them
            rest = row["worker_seconds"] - compilation
            leaves = rest * row["compilation_goal"] / (1 - row["compilation_goal"])
            said.append(
                f"{row['cache']}, compilation {row['compilation_share']:.1%} of the workers' seconds, goal "
                f"{row['compilation_goal']:.0%}: beside training and probes the goal leaves {leaves:.3g} s for the "
                f"{row['groups']} groups of trials that share programs, {leaves / row['groups']:.2g} s each, and they "
                f"take {compilation / row['groups']:.2g} s each."
            )
        if row["probes_share"] > row["probes_goal"]:
            said.append(
                f"{row['cache']}, probes {row['probes_share']:.1%}, goal {row['probes_goal']:.0%}: {probes:.3g} s, of "
                f"which reading them takes {parts[-1][3]:.3g}, as with a warm cache; the rest compiles their programs."
            )
    return said


def missed_by_lengths(lengths: Rows) -> list[str]:
    """One sentence a missed goal, from the rows of the table `lengths`: a step of time within 1.3 times of 100's."""
    said = []
    for cell in dict.fromkeys(row["cell"] for row in lengths):
        rows = [row for row in lengths if row["cell"] == cell]
        (one, took), (other, more) = ((row["steps"], row["milliseconds"]) for row in rows[:2])
        fixed = took - one * (more - took) / (other - one)
        said += [
            f"{cell}, {row['steps']} steps, {row['relative']:.2f} times, goal {LENGTHS_GOAL}: {_reason(row, fixed)}"
            for row in rows
            if row["relative"] > LENGTHS_GOAL
        ]
    return said


def _reason(row: Mapping[str, Any], fixed: float) -> str:
    """Why a step of time costs more at this length, where a training step has `fixed` milliseconds of no length."""
    if fixed > (1 - 1 / LENGTHS_GOAL) * row["milliseconds"]:
        return (
            f"of its {row['milliseconds']:.3g} ms some {fixed:.2g} do not depend on the length (the line through the "
            f"two shortest lengths): the update, and calls from Python."
        )
    size = bucket(row["steps"])
    return f"its buffers, and a scan over all steps at once, have the {size} steps of its bucket, at 100 {bucket(100)}."


def missed_by_evaluation(evaluation: Rows) -> list[str]:
    """One sentence for the table `evaluation` if its goal is missed."""
    missed = [row for row in evaluation if row["share"] > row["goal_share"]]
    if not missed:
        return []
    shares = ", ".join(f"{row['cell']} {row['share']:.1%}" for row in missed)
    # Backwards costs about twice as much as forwards.
    least, most = (seen / (seen + 3 * TRAINED) for seen in (TESTED, TESTED + EVALUATED))
    return [
        f"{shares}, goal {missed[0]['goal_share']:.0%}: training reads {TRAINED:,} sequences forwards and backwards, "
        f"which is some {3 * TRAINED:,} forwards; the test of {TESTED:,}, whose size the statistics of the report ask "
        f"for, is {least:.1%} of the arithmetic by itself, and with the {EVALUATED:,} of the evaluations, which end as "
        f"soon as they are decided, {most:.1%} at most. A cell above that computes forwards slower than in training."
    ]


def missed_by_overheads(overheads: Rows) -> list[str]:
    """One sentence a missed goal, from the rows of the table `overheads`."""
    reading = next((row["seconds"] for row in overheads if row["command"].startswith("status of")), None)
    said = []
    for row in overheads:
        if row["command"] == "plan 10^6 trials" and row["peak_mib"] > PLAN_MIB_GOAL:
            said.append(_memory_sentence(row, overheads))
        goal = row.get("goal_seconds")
        if not goal or row["seconds"] <= goal:
            continue
        begin = f"{row['command']}, {row['seconds']:.3g} s, goal {goal:g}"
        if reading and row["command"].startswith("report of"):
            begin += (
                f": {reading:.3g} s start Python and read and check as many files, as `status` does; the other "
                f"{row['seconds'] - reading:.3g} s are statistics, drawings and the page"
            )
        said.append(f"{begin}.")
    return said


def _memory_sentence(row: Mapping[str, Any], overheads: Rows) -> str:
    """What takes the memory of planning a million trials."""
    alone = next((other["peak_mib"] for other in overheads if other["command"] == "plan factorial"), 0.0)
    each = (row["peak_mib"] - alone) * 2**20 / 10**6
    return (
        f"{row['command']}, {row['peak_mib']:.0f} MiB, goal {PLAN_MIB_GOAL:.0f}: {alone:.0f} are Python with the "
        f"modules of planning, as for a small grid; the other {each:.0f} bytes a trial are an object (56), its "
        f"name of 16 characters (65), and its places in the tuples of the plan and of its group."
    )


def missed_by_suite(suite: Rows) -> list[str]:
    """One sentence if the goal of the table `suite` is missed: its first row is the whole, the others its parts."""
    if not suite or suite[0]["seconds"] <= suite[0]["goal_seconds"]:
        return []
    whole, *parts = suite
    shares = ", ".join(f"{row['command'].removeprefix('pytest ')} {row['seconds_of_tests']:.0f}" for row in parts)
    return [
        f"{whole['command']}, {whole['seconds']:.0f} s, goal {whole['goal_seconds']}: it takes "
        f"{whole['cpu_seconds']:.0f} seconds of the processors. The {whole['tests']:,} tests take "
        f"{whole['seconds_of_tests']:.0f} s, one after the other: {shares}."
    ]


def missed_by_scaling(scaling: Rows) -> list[str]:
    """A sentence if two workers miss their goal, from the rows of the table `scaling`."""
    one, two = (next(row for row in scaling if (row["varied"], row["workers"]) == ("workers", n)) for n in (1, 2))
    ratio, trials = one["seconds"] / two["seconds"], one["methods"] * one["seeds"]
    if ratio >= WORKERS_GOAL:
        return []
    alone, beside = one["seconds_a_trial"], two["seconds_a_trial"]
    rest = [row["seconds"] - trials * row["seconds_a_trial"] / row["workers"] for row in (one, two)]
    return [
        f"Two workers, {ratio:.2f} times one, goal {WORKERS_GOAL}: a trial takes {beside / alone:.2f} times as long "
        f"beside another, and {rest[0]:.2g} s of a run with one worker and {rest[1]:.2g} s with two are no training: "
        f"the start of processes, imports, loading programs, the mirror and the report."
    ]


def missed_by_scale(scale: Rows) -> list[str]:
    """One sentence for each part of a large grid whose memory misses its goal, from the rows of the table `scale`."""
    small, large = (end(scale, key=lambda row: row["trials"]) for end in (min, max))
    added = large["trials"] - small["trials"]
    parts = [("training", 0.0), ("run", large["training_peak_mib"]), ("report", large["run_peak_mib"])]
    said = []
    for phase, before in parts:
        if large.get(f"{phase}_memory_ratio", 0.0) <= SCALE_GOAL:
            continue
        peak, least = large[f"{phase}_peak_mib"], small[f"{phase}_peak_mib"]
        said.append(
            f"{phase}, {large['trials']:,} trials, {peak:.0f} MiB, goal {SCALE_GOAL * least:.0f}: {least:.0f} are "
            f"those of {small['trials']:,} trials, each further one adds {2**20 * (peak - least) / added:,.0f} bytes, "
            f"and {peak - before:.0f} MiB are not needed before this part."
        )
    return said


def missed_by_stacked(stacked: Rows, profiles: Rows) -> list[str]:
    """One sentence a missed goal, from the rows of the tables `stacked` and `stacked_profile`."""
    kernels = [row for row in profiles if (row["way"], row["precision"]) == ("kernel", "tf32")]
    shares = [row["recurrence"] / row["total"] for row in kernels]
    why = "".join(f"; of an LSTM's, profiled below, {share:.0%} is the loop over time itself" for share in shares)
    return [
        f"{row['cell']}, {row['batch']} x {row['steps']} x {row['width']}, {row['kernel_ratio']:.3g} times, goal "
        f"{row['goal']}: the goal leaves {row['pytorch_ms'] / row['goal']:.2g} ms a trial, and the kernel takes "
        f"{row['kernel_most_ms']:.2g}{why}."
        for row in stacked
        if _missed(row["kernel_ratio"], row["goal"])
    ]


def _worker_seconds(row: Mapping[str, Any]) -> tuple[float, float, float]:
    """Seconds of training, compilation and probes of all workers."""
    compilation, probes = (row["worker_seconds"] * row[f"{part}_share"] for part in ("compilation", "probes"))
    return row["worker_seconds"] - compilation - probes, compilation, probes


def _sentence(row: Mapping[str, Any], other: str, profile: Mapping[str, Any]) -> str:
    leaves = row[f"{other}_ms"] / row[f"{other}_goal"]
    needed = sum(profile[f"{kind}_ms"] for kind in ARITHMETIC)
    cell, *sizes = _size(row)
    name = {"pytorch": "PyTorch", "flax": "Flax"}[other]
    begin = (
        f"{cell}, {' x '.join(map(str, sizes))}, {row[f'{other}_ratio']:.2f} times against {name}, goal "
        f"{row[f'{other}_goal']}: the goal leaves {leaves:.3g} ms"
    )
    if needed >= leaves:
        return f"{begin}, and products and elementwise operations alone take {needed:.3g}."
    rest = ", ".join(f"{kind} {profile[f'{kind}_ms']:.3g}" for kind in OTHERS)
    return f"{begin}, of which products and elementwise operations take {needed:.3g}; what is in the way is {rest}."


def _product_sentence(row: Mapping[str, Any], profile: Mapping[str, Any]) -> str:
    """Why the products of the recurrence are a smaller part of the step than the goal says."""
    recurrent = row["products_share"] * row["seqbench_ms"]
    leaves = recurrent / PRODUCTS_GOAL - recurrent
    rest = ", ".join(f"{kind} {profile[f'{kind}_ms']:.3g}" for kind in ("elementwise", *OTHERS))
    cell, *sizes = _size(row)
    return (
        f"{cell}, {' x '.join(map(str, sizes))}, recurrent products {row['products_share']:.1%} of a step, goal "
        f"{PRODUCTS_GOAL:.0%}: at their own rate they take {recurrent:.3g} ms, and the goal leaves {leaves:.3g} for "
        f"all else; what is in the way is {rest} (all products of the step: {profile['products_ms']:.3g})."
    )


def _missed(ratio: float | None, goal: float | None) -> bool:
    return ratio is not None and goal is not None and ratio < goal


def _size(row: Mapping[str, Any]) -> tuple[str, int, int, int]:
    return row["cell"], row["batch"], row["steps"], row["width"]
