"""The report of grids of every shape: what it says, that it is whole, and that names stay text."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from seqbench.errors import StoreError, UsageError
from seqbench.report.build import report, write_report
from seqbench.store.plan_file import Overridden

HOSTILE = (
    "<script>alert(1)</script>",
    '" onerror="alert(1)',
    "{{7*7}}",
    "=cmd()",
    "$\\frac{1}{0}$",
    "](javascript:alert(1))",
)


def test_files_stand_beside_the_page(page: Path) -> None:
    names = {str(path.relative_to(page.parent)) for path in page.parent.rglob("*") if path.is_file()}
    assert {"report.html", "report.md", "figures/accuracy-adding.svg", "figures/accuracy-adding.png"} <= names
    assert {"tables/trials.csv", "tables/methods-1.csv", "tables/methods-1.tex"} <= names
    assert not [name for name in names if name.endswith(".tmp")]


def test_every_link_of_the_page_leads_somewhere(page: Path) -> None:
    text = page.read_text()
    targets = set(re.findall(r'href="([^"]+)"', text))
    identities = set(re.findall(r'id="([^"]+)"', text))
    for target in targets:
        if target.startswith("#"):
            assert target[1:].split("?")[0] in identities, target
        elif not target.startswith("data:"):
            assert (page.parent / target).is_file(), target


def test_sections_stand_in_the_order_of_reading(page: Path) -> None:
    order = re.findall(r'<section id="([a-z]+)"', page.read_text())
    assert order == [
        "accuracy", "horizons", "remedies", "mechanism", "speed", "stability", "tuning", "comparisons", "sensitivity",
        "price", "methods", "protocol", "limits", "environment", "gaps", "trials", "downloads",
    ]  # fmt: skip


def test_a_factorial_grid_has_effects_and_shares(two_by_two, tmp_path: Path) -> None:
    text = write_report(two_by_two, tmp_path).read_text()
    assert 'id="remedies"' in text
    assert "Shapley value" in text
    assert (tmp_path / "figures/interaction-adding.svg").is_file()


def test_the_answer_and_its_counts_come_first(page: Path, small) -> None:
    text = page.read_text()
    assert text.index('class="answers"') < text.index("<figure")
    finished = len(small.results)
    assert f"{finished} of {finished} trials finished" in text


def test_every_trial_is_in_the_figure_and_in_the_data(page: Path, small) -> None:
    figure = page.read_text().split("<figure")[1]
    assert set(re.findall(r'data-trial="(\w+)"', figure)) == set(small.reporting["trial"])
    for trial in small.results["trial"]:
        assert f'["{trial}",' in page.read_text()


def test_the_page_names_the_command_that_trains_a_trial_again(page: Path) -> None:
    assert "seqbench run experiments/remedies.yaml --trial" in page.read_text()


def test_the_tables_hold_the_numbers(page: Path, small) -> None:
    trials = pd.read_csv(page.parent / "tables" / "trials.csv")
    assert len(trials) == len(small.results)
    np.testing.assert_allclose(trials["accuracy"], small.results["accuracy"])
    methods = pd.read_csv(page.parent / "tables" / "methods-1.csv")
    expected = small.comparison.methods
    np.testing.assert_allclose(methods["octaves"], expected["octaves"])


def test_a_results_folder_becomes_a_report(make, small, tmp_path: Path) -> None:
    folder = make.folder(small, tmp_path / "remedies")
    first = report(folder)
    assert first == folder / "report.html"
    text = first.read_text()
    assert report(folder).read_text() == text, "the same results give the same page, byte for byte"


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds no results"):
        report(tmp_path)


def test_a_folder_that_cannot_be_written_is_an_error(small, tmp_path: Path) -> None:
    (tmp_path / "tables").write_text("a file where a folder must stand")
    with pytest.raises(StoreError, match=r"not a folder|could not be written"):
        write_report(small, tmp_path)


def test_the_report_says_what_was_overridden(make, tmp_path: Path) -> None:
    evidence = make.evidence(make.results(make.methods[:2], make.lengths[:2], 3))
    changed = (Overridden("training.steps", "800", "200"), Overridden("training.batch_size", "", "8"))
    evidence.plan = replace(evidence.plan, overrides=changed)
    page = write_report(evidence, tmp_path)
    said = "training.steps 200 (file: 800); training.batch_size 8 (file: not set)"
    assert f"overridden: {said}" in page.read_text()
    text = (tmp_path / "report.md").read_text()
    assert text.count("training.batch") == 2  # on the first screen and in the protocol


class TestHostileNames:
    @pytest.fixture(scope="class")
    @staticmethod
    def hostile(make, tmp_path_factory: pytest.TempPathFactory) -> Path:
        results = make.results(make.methods, make.lengths[:2], 3, [f"{HOSTILE[0]}task", "../../etc"])
        results["method"] = results["method"].map(dict(zip(results["method"].unique(), HOSTILE, strict=True)))
        results = results.rename(columns={"gating": "<img src=x>"})
        evidence = make.evidence(results)
        evidence.plan = replace(
            evidence.plan,
            question="</title><script>alert(2)</script>",
            grid="a b; rm -rf <b>",
            grid_text="</pre><script>",
        )
        return write_report(evidence, tmp_path_factory.mktemp("hostile"))

    def test_no_name_is_markup(self, hostile: Path) -> None:
        text = hostile.read_text()
        assert text.count("<script") == 2, "the data and the one script of the page"
        for tag in ("<img", "<b>rm", "</title><"):
            assert tag not in text
        assert not re.search(r'<[^<>]*\sonerror="', text)
        assert "49" not in re.findall(r"<span>([^<]*)</span>", text), "a template expression was evaluated"
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text

    def test_no_cell_of_a_spreadsheet_is_a_formula(self, hostile: Path) -> None:
        text = (hostile.parent / "tables" / "trials.csv").read_text()
        assert "'=cmd()" in text
        assert not re.search(r'(^|,)"?[=@]', text, re.MULTILINE)

    def test_names_in_markdown_are_text(self, hostile: Path) -> None:
        text = (hostile.parent / "report.md").read_text()
        outside = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
        assert "<script" not in outside
        assert not re.search(r"(?<!\\)\]\(javascript", outside), "only an escaped bracket may stand before it"

    def test_files_stay_in_their_folders(self, hostile: Path) -> None:
        folders = {path.parent.relative_to(hostile.parent).as_posix() for path in hostile.parent.rglob("*.*")}
        assert folders == {".", "figures", "tables"}


class TestPartialGrids:
    def test_nothing_finished(self, make, tmp_path: Path) -> None:
        results = make.results(make.methods[:2], make.lengths[:2], 3, make.tasks[:1])
        results["outcome"] = None
        text = write_report(make.evidence(results), tmp_path).read_text()
        assert "This report is partial: 0 of 12 planned trials have finished" in text
        assert "no trial has finished yet" in text.lower()

    @pytest.mark.parametrize("finished", [1, 37])
    def test_some_finished(self, make, finished: int, tmp_path: Path) -> None:
        results = make.results(make.methods[:4], make.lengths[:4], 4, make.tasks[:1])
        results.loc[results.sample(len(results) - finished, random_state=1).index, "outcome"] = None
        text = write_report(make.evidence(results), tmp_path).read_text()
        assert f"This report is partial: {finished} of 64 planned trials have finished" in text
        assert "outcome=null" in text, "the missing trials are listed"
        assert text.count("data-trial=") == finished

    def test_one_seed_is_not_ranked(self, make, tmp_path: Path) -> None:
        text = write_report(
            make.evidence(make.results(make.methods[:2], make.lengths[:2], 1, make.tasks[:1])), tmp_path
        ).read_text()
        assert "nothing is ranked" in text
        assert "no interval is drawn" in text

    def test_all_diverged(self, make, tmp_path: Path) -> None:
        results = make.results(make.methods[:2], make.lengths[:2], 5, make.tasks[:1])
        results = results.assign(outcome="diverged", accuracy=np.nan, loss=np.nan, solved_at=np.nan, diverged_at=7.0)
        text = write_report(make.evidence(results), tmp_path).read_text()
        assert "Every finished trial diverged" in text
        assert text.count("data-trial=") == len(results), "a diverged trial is shown, not dropped"

    def test_all_solved(self, make, tmp_path: Path) -> None:
        results = make.results(make.methods[:2], make.lengths[:2], 5, make.tasks[:1])
        results = results.assign(outcome="solved", accuracy=0.99, solved_at=100.0, diverged_at=np.nan)
        text = write_report(make.evidence(results), tmp_path).read_text()
        assert "10 solved" in text or "20 solved" in text
        assert "This report is partial" not in text
        assert "0 of 20 reporting trials diverged" in text

    def test_a_single_length_and_task(self, make, tmp_path: Path) -> None:
        results = make.results(make.methods[:2], (50,), 5, make.tasks[:1])
        assert "length 50" in write_report(make.evidence(results), tmp_path).read_text()
