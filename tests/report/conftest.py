"""Grids that look like real ones, made without training: bimodal accuracies, divergence, tuning, curves and probes."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import product
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from seqbench.report.build import write_report
from seqbench.report.evidence import Evidence
from seqbench.schema import CURVE_COLUMNS, PROBE_COLUMNS, RESULT_COLUMNS
from seqbench.store.plan_file import decode_plan, write_plan
from seqbench.store.results import Results
from seqbench.store.trial_label import TrialLabel

GATING = {"none": 4.0, "GRU": 6.4, "LSTM": 6.8}
CLIPPING = {"none": 0.0, "value 25": 0.1, "norm 1": 0.5}
INITIALISATION = {"default": 0.0, "identity": 1.3}
SKIP = {"none": 0.0, "residual": 0.3}
SIX = (
    ("none", "none", "default", "none"),
    ("none", "norm 1", "default", "none"),
    ("none", "none", "identity", "none"),
    ("none", "norm 1", "identity", "none"),
    ("GRU", "norm 1", "default", "none"),
    ("LSTM", "norm 1", "default", "none"),
)
LENGTHS = (10, 20, 50, 100, 200)
TASKS = ("adding", "delayed_recall", "agreement")
CHANCE = {"adding": 0.08, "delayed_recall": 0.125, "agreement": 0.5}


def name_of(levels: Sequence[str]) -> str:
    """A method's name from its levels of gating, clipping, initialisation and skip."""
    gating, *rest = levels
    return " + ".join(
        ["vanilla" if gating == "none" else gating, *(level for level in rest if level not in ("none", "default"))]
    )


def make_results(
    methods: Sequence[Sequence[str]] = SIX,
    lengths: Sequence[int] = LENGTHS,
    seeds: int = 10,
    tasks: Sequence[str] = TASKS,
    *,
    tuning_seeds: int = 0,
) -> pd.DataFrame:
    """One row a trial; solving is likelier the further a method's horizon lies beyond the length."""
    random = np.random.default_rng(0)
    rates = (3e-4, 1e-3, 3e-3)
    runs = [("reporting", 1000 + seed, 1e-3) for seed in range(seeds)]
    runs += [("tuning", seed, rate) for seed in range(tuning_seeds) for rate in rates]
    rows = []
    for task, levels, length, (purpose, seed, rate) in product(tasks, methods, lengths, runs):
        horizon = _horizon(levels, task) - (1.5 if rate > 2e-3 else 0.7 if rate < 5e-4 else 0)
        rows.append(_trial(random, task, levels, length, purpose, seed, rate, horizon))
    frame = pd.DataFrame(rows)
    return frame.reindex(columns=[*RESULT_COLUMNS, *(name for name in frame.columns if name not in RESULT_COLUMNS)])


def _horizon(levels: Sequence[str], task: str) -> float:
    """The length in octaves at which half of the seeds solve."""
    gating, clipping, initialisation, skip = levels
    shift = {"adding": -0.3, "delayed_recall": 0.4, "agreement": 0.9}.get(task, 0.0)
    remedy = INITIALISATION[initialisation] * (1.0 if gating == "none" else -0.2)
    return GATING[gating] + CLIPPING[clipping] + remedy + SKIP[skip] + shift


def _trial(random, task, levels, length, purpose, seed, rate, horizon) -> dict:
    """One row."""
    chance, budget = CHANCE.get(task, 0.1), 4000
    unstable = 0.12 if levels[1] == "none" and levels[2] == "identity" else 0.01
    solved = random.random() < 1 / (1 + np.exp(-(horizon - np.log2(length)) / 0.25))
    diverged = random.random() < unstable * (1 + np.log2(length) / 4)
    accuracy = 1 - random.exponential(0.008) if solved else chance + random.gamma(0.7, 0.06)
    outcome = (
        "diverged" if diverged else "solved" if accuracy >= 0.95 else "partial" if accuracy > chance + 0.1 else "chance"
    )
    solved_at = float(
        np.clip(np.round(200 * 2 ** (np.log2(length) - 3.3 + random.normal(0, 0.5)) / 100) * 100, 100, budget)
    )
    accuracy = np.nan if diverged else min(accuracy, 1.0)
    identity = hashlib.sha256(repr((task, levels, length, seed, rate)).encode()).hexdigest()[:12]
    return {
        "trial": identity, "method": name_of(levels), "task": task, "length": length, "seed": seed,
        "learning_rate": rate, "purpose": purpose, "outcome": outcome, "accuracy": accuracy,
        "loss": np.nan if diverged else -np.log(max(accuracy, 1e-3)), "sequence_accuracy": accuracy,
        "validation_accuracy": accuracy, "validation_loss": np.nan if diverged else -np.log(max(accuracy, 1e-3)),
        "chance": chance, "trivial": chance, "trivial_loss": -np.log(chance), "solved_metric": "accuracy",
        "solved_threshold": 0.95, "solved_at": solved_at if outcome == "solved" else np.nan,
        "diverged_at": float(random.integers(1, budget)) if diverged else np.nan,
        "diverged_kind": "gradient" if diverged else None, "steps": solved_at if outcome == "solved" else budget,
        "budget": budget, "evaluate_every": 100,
        "seconds": length * (0.2 + 0.05 * len(levels[0])) * random.uniform(0.9, 1.1),
        "parameters": {"none": 8_641, "GRU": 25_537, "LSTM": 33_985}[levels[0]], "batch_size": 64,
        "test_sequences": 10_000, "optimizer": "adam", "gradient_norm": 1.0, "gradient_norm_max": 30.0,
        "gradient_norm_after": 0.8, "clipped_share": 0.0 if levels[1] == "none" else 0.2, "clipped_entries": 0.0,
        "environment": "f00d", "gating": levels[0], "clipping": levels[1],
        "initialisation": levels[2], "skip": levels[3],
    }  # fmt: skip


def make_curves(results: pd.DataFrame, evaluations: int = 8) -> pd.DataFrame:
    """A few evaluations of every finished trial."""
    done = results[results["outcome"].notna()]
    frame = done.loc[
        done.index.repeat(evaluations), ["trial", "validation_accuracy", "validation_loss", "steps"]
    ].copy()
    share = np.tile(np.arange(1, evaluations + 1) / evaluations, len(done))
    frame["step"] = (frame.pop("steps") * share).round()
    return frame.reindex(columns=list(CURVE_COLUMNS)).reset_index(drop=True)


def make_probes(results: pd.DataFrame) -> pd.DataFrame:
    """The gradient by distance of every reporting trial, at initialisation."""
    rows = []
    slope = {"none": 0.86, "GRU": 0.97, "LSTM": 0.985}
    for trial in results[results["outcome"].notna()].itertuples():
        decay = 1.0 if trial.initialisation == "identity" and trial.gating == "none" else slope[trial.gating]
        for distance in sorted({1, 2, 5, 10, 20, 50, 100, 200} & set(range(trial.length + 1))):
            noise = 1 + 0.1 * ((trial.seed * 7 + distance) % 5 - 2)
            rows.append((trial.trial, 0, "gradient_norm", distance, 0.1 * decay**distance * noise))
    return pd.DataFrame(rows, columns=["trial", "step", "probe", "distance", "value"])


PLAN = {
    "grid": "experiments/remedies.yaml",
    "question": "Which remedy lets a recurrent network use information from how far back?",
    "declared": {"outcome": "horizon", "comparisons": None, "baseline": None},
    "incompatible": [
        {
            "method": "LSTM + skip",
            "task": "agreement",
            "reason": "the stride is longer than the sequence",
            "lengths": [10],
        }
    ],
    "versions": {"jax": "0.10.2", "python": "3.11.9", "machine": "2 CPU cores"},
    "grid_text": "question: Which remedy ...?\ntasks: [adding]\n",
}


def make_evidence(results: pd.DataFrame, *, probes: bool = False) -> Evidence:
    """The evidence of a grid with these results."""
    plan = {**PLAN, "methods": list(dict.fromkeys(results["method"]))}
    probed = make_probes(results) if probes else pd.DataFrame(columns=list(PROBE_COLUMNS))
    return Evidence(Results(results, make_curves(results), probed, decode_plan(plan)))


def write_results(evidence: Evidence, folder: Path) -> Path:
    """A results folder as the store leaves it in a clone: the plan and three tables."""
    folder.mkdir(parents=True, exist_ok=True)
    labels = ["method", "task", "length", "seed", "learning_rate", "purpose"]
    factors = ("gating", "clipping", "initialisation", "skip")
    trials = {
        row["trial"]: TrialLabel(**{name: row[name] for name in labels}, factors={name: row[name] for name in factors})
        for row in evidence.results.to_dict("records")
    }
    write_plan(folder, replace(evidence.plan, factors=factors, trials=trials))
    evidence.results[evidence.results["outcome"].notna()].to_parquet(folder / "results.parquet")
    evidence.curves.to_parquet(folder / "curves.parquet")
    evidence.probes.to_parquet(folder / "probes.parquet")
    return folder


@pytest.fixture(scope="session")
def make() -> SimpleNamespace:
    """The makers of this file, for tests that need a grid of their own."""
    return SimpleNamespace(
        results=make_results, evidence=make_evidence, folder=write_results, methods=SIX, lengths=LENGTHS, tasks=TASKS
    )


@pytest.fixture(scope="session")
def two_by_two() -> Evidence:
    """Four methods that fill a factorial of gating and skip."""
    methods = [(gating, "none", "default", skip) for gating in ("none", "LSTM") for skip in SKIP]
    return make_evidence(make_results(methods, LENGTHS[:3], 6, TASKS[:1]))


@pytest.fixture(scope="session")
def small() -> Evidence:
    """Three methods, three lengths, six seeds, one task: enough for a page with every section."""
    return make_evidence(make_results(SIX[:3], LENGTHS[:3], 6, TASKS[:1], tuning_seeds=1), probes=True)


@pytest.fixture(scope="session")
def page(small: Evidence, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of the small grid, as files."""
    return write_report(small, tmp_path_factory.mktemp("small"))


@pytest.fixture(scope="session")
def six() -> Evidence:
    """Six methods, five lengths, ten seeds, three tasks, tuning and probes."""
    return make_evidence(make_results(tuning_seeds=2), probes=True)


@pytest.fixture(scope="session")
def factorial() -> Evidence:
    """All 36 combinations of four factors."""
    return make_evidence(make_results(list(product(GATING, CLIPPING, INITIALISATION, SKIP)), LENGTHS[:4]))


CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--no-first-run"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    found = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if found is None:
        pytest.skip(f"no Chromium: looked on PATH for {', '.join(CHROMIUM)}")
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=found, args=ARGUMENTS)
        yield running
        running.close()


class Visit:
    """A page that was opened, what its console said and what it asked for."""

    def __init__(self, browser: Any, path: Path, address: str = "", **context: Any) -> None:
        self.context = browser.new_context(**context)
        self.page = self.context.new_page()
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(path.as_uri() + address)


@pytest.fixture
def open_page(browser: Any) -> Iterator[Any]:
    """Opens a page; what was opened is closed after the test."""
    opened: list[Visit] = []

    def opening(path: Path, address: str = "", **context: Any) -> Visit:
        opened.append(Visit(browser, path, address, **context))
        return opened[-1]

    yield opening
    for each in opened:
        each.context.close()


@pytest.fixture
def visit(open_page: Any, page: Path) -> Any:
    """Opens the page of the small grid."""
    return partial(open_page, page)
