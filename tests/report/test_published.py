"""The copy of a results folder for committing: smaller, and with the same report."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from seqbench.errors import UsageError
from seqbench.report.contents import contents
from seqbench.report.evidence import Evidence
from seqbench.report.markdown import markdown_report
from seqbench.report.published import publish, shown_measurements, to_the_clock
from seqbench.store.plan_file import PlanFile, write_plan
from seqbench.store.results import Results, load


def measured_often(probes: pd.DataFrame) -> pd.DataFrame:
    """The measurements of before training, also in the middle and at the end, beside others."""
    parts = [probes.assign(step=step, value=probes["value"] * (step + 1)) for step in (0, 100, 200)]
    paths = [part.assign(probe="path_share", value=part["value"] / 10) for part in parts]
    growth = [
        part.groupby("trial", as_index=False)[["step", "value"]].max().assign(probe="gradient_growth") for part in parts
    ]
    tested = parts[2].assign(probe="test_accuracy", value=0.5)
    return pd.concat([*parts, *paths, *growth, tested], ignore_index=True)


@pytest.fixture(scope="module")
def results(small, make, tmp_path_factory) -> Results:
    """Results with measurements that no report shows."""
    folder = make.folder(small, tmp_path_factory.mktemp("whole") / "remedies")
    found = load(folder)
    measured_often(found.probes).to_parquet(folder / "probes.parquet")
    return load(folder)


@pytest.fixture(scope="module")
def copy(results: Results, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of them in the place of an earlier one."""
    folder: Path = tmp_path_factory.mktemp("copies") / "remedies"
    (folder / "figures").mkdir(parents=True)
    write_plan(folder, PlanFile(grid=results.plan.grid))
    (folder / "figures" / "of-before.svg").write_text("")
    assert results.folder is not None
    publish(results, results.folder, folder)
    return folder


def test_the_report_is_made_the_same_from_a_copy(results: Results, copy: Path) -> None:
    whole, lean = (Evidence(found) for found in (results, load(copy)))
    sections, again = contents(whole), contents(lean)
    assert (copy / "report.md").read_text() == markdown_report(whole, sections) == markdown_report(lean, again)
    charts, redrawn = (
        [chart for section in found for part in section.parts for chart in part.charts] for found in (sections, again)
    )
    for chart, other in zip(charts, redrawn, strict=True):
        own, kept = (each.table.drop(columns=["milliseconds", "hours"], errors="ignore") for each in (chart, other))
        pd.testing.assert_frame_equal(own, kept)
    tables = ("results.parquet", "curves.parquet", "probes.parquet")
    shown = {f"figures/{chart.name}.svg" for chart in charts}
    files = {path.relative_to(copy).as_posix() for path in copy.rglob("*") if path.is_file()}
    assert files == {"plan.json", "report.md", "manifest.json", *tables, *shown}
    assert len(lean.probes) < 0.6 * len(results.probes)


def test_all_that_was_recorded_is_the_same_but_for_times_which_are_as_good_as_a_clock(
    results: Results, copy: Path
) -> None:
    lean = load(copy)
    for own, kept, times in (
        (results.trials, lean.trials, ["seconds", "compile_seconds", "probe_seconds"]),
        (results.curves, lean.curves, ["seconds"]),
    ):
        pd.testing.assert_frame_equal(kept.drop(columns=times), own.drop(columns=times))
        assert (kept[times] - own[times]).fillna(0.0).abs().max(axis=None) <= 2**-11
        assert (kept[times].isna() == own[times].isna()).all(axis=None)
        assert (kept[times].fillna(0.0) % 2**-10 == 0).all(axis=None)
    assert to_the_clock(pd.DataFrame({"step": [1], "seconds": [1 / 3]}), "curves")["seconds"].tolist() == [341 / 1024]


def test_of_figures_by_distance_the_ends_stay_and_of_the_first_gradient_all(results: Results) -> None:
    kept = shown_measurements(results)
    trial = results.reporting.sort_values("length")["trial"].iloc[-1]
    of_trial = kept[kept["trial"] == trial]
    distances = {
        (name, step): rows["distance"].tolist() for (name, step), rows in of_trial.groupby(["probe", "step"], sort=True)
    }
    every = [1, 2, 5, 10, 20, 50]
    assert distances["gradient_norm", 0] == every
    assert distances["gradient_norm", 200] == distances["path_share", 0] == distances["path_share", 200] == [1, 50]
    assert distances["test_accuracy", 200] == every
    assert set(of_trial["step"]) == {0, 200}
    shorter = results.reporting.sort_values("length")["trial"].iloc[0]
    assert kept[(kept["trial"] == shorter) & (kept["probe"] == "gradient_norm")]["distance"].tolist() == [1, 10] * 2


def test_trials_that_only_the_copy_holds_are_kept(results: Results, copy: Path) -> None:
    fewer = replace(results, trials=results.trials.iloc[1:])
    assert results.folder is not None
    with pytest.raises(UsageError, match=r"finished trials that .* lacks .1.: merge them first"):
        publish(fewer, results.folder, copy)
    assert len(load(copy).finished) == len(results.finished)


def test_what_is_no_earlier_copy_is_left_alone(results: Results, tmp_path: Path) -> None:
    write_plan(tmp_path / "other", PlanFile(grid="another"))
    (tmp_path / "run" / "trials").mkdir(parents=True)
    (tmp_path / "paper" / "figures").mkdir(parents=True)
    (tmp_path / "paper" / "figures" / "own.svg").write_text("")
    assert results.folder is not None
    said = {tmp_path / "other": "no copy of", tmp_path / "run": "trial files", tmp_path / "paper": "no copy of"}
    for folder, reason in {**said, results.folder: "the results themselves"}.items():
        before = sorted(folder.rglob("*"))
        with pytest.raises(UsageError, match=reason):
            publish(results, results.folder, folder)
        assert sorted(folder.rglob("*")) == before
