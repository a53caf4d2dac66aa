"""What joins one table and what stands apart, what censoring and lists of lengths can say, and what is left out."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from matplotlib.text import Text

from seqbench.leaderboard.boards import build_boards
from seqbench.leaderboard.build import build_leaderboard
from seqbench.leaderboard.families import families_of
from seqbench.leaderboard.groups import UNDER_WAY
from seqbench.leaderboard.picture import draw_panels, draw_picture
from seqbench.leaderboard.sources import read_sources
from seqbench.leaderboard.tables import board_table, overview_table, solved_up_to
from seqbench.plan.search import length_grid
from seqbench.store.plan_file import LeftOut, load_plan, write_plan
from seqbench.traces import Remedy

SIX = [10, 10, 20, 20, 40, 40]


def boards(results: Path):
    return build_boards(read_sources(results)[0])


def entries(board):
    """The entries of a board's table by method and head."""
    table = board_table(board, lambda name: f"{name}/report.md")
    heads = [column.head for column in table.columns]
    return {row[0].text: dict(zip(heads, row, strict=True)) for row in table.entries}


def test_results_under_one_protocol_join_one_table(make):
    ours = make("ours", {"vanilla": SIX, "GRU": [80] * 6})
    make("theirs", {"clipped": SIX}, of="theirs")
    [board] = boards(ours.parent)
    assert board.apart == ""
    shown = entries(board)
    assert {name: row["results"].text for name, row in shown.items()} == {
        "GRU": "ours", "vanilla": "ours", "clipped": "theirs",
    }  # fmt: skip
    assert shown["clipped"]["results"].link == "theirs/report.md"


def test_the_same_name_for_other_trials_is_another_method(make):
    ours = make("ours", {"vanilla": SIX, "GRU": [80] * 6})
    make("theirs", {"vanilla": SIX, "GRU": [40] * 6}, of="theirs")
    make("copy", {"vanilla": SIX, "GRU": [80] * 6})
    [board] = boards(ours.parent)
    assert set(board.origins) == {"vanilla", "GRU", "vanilla (theirs)", "GRU (theirs)"}
    assert dict(zip(board.methods["method"], board.methods["seeds"], strict=True)) == dict.fromkeys(board.origins, 6)


def test_a_method_that_shares_trials_and_has_another_for_some_seed_is_another(make):
    ours = make("ours", {"vanilla": SIX})
    theirs = make("theirs", {"vanilla": SIX})
    sources, _ = read_sources(ours.parent)
    of_theirs = sources[1].evidence.results
    of_theirs.loc[of_theirs["seed"] == 1005, "trial"] += "x"
    [board] = build_boards(sources)
    assert set(board.origins) == {"vanilla", f"vanilla ({theirs.name})"}


def test_rows_that_do_not_say_their_budget_are_named(make):
    folder = make("ours", {"vanilla": SIX})
    early = make("early", {"vanilla": SIX}, budget=None)
    sources, unread = read_sources(folder.parent)
    assert [source.folder.name for source in sources] == ["ours"]
    assert [each.name for each in unread] == [early.name]
    assert "lack budget" in unread[0].reason


def test_remedies_of_one_name_are_counted_each_for_itself(make, monkeypatch):
    source = read_sources(make("ours", {"vanilla": SIX}).parent)[0][0]
    row = {"method": "vanilla", "task": "delayed_recall", "remedy": "skip_in_time", "trials": 10}
    acted = pd.DataFrame([{**row, "acted": 0}, {**row, "acted": 10}])
    monkeypatch.setattr("seqbench.leaderboard.sources.remedies_that_acted", lambda *given: acted)
    assert source.seldom_acting == {("delayed_recall", "vanilla"): ("skip_in_time in 0 of 10 trials",)}


def test_a_damaged_folder_is_named_and_the_others_stand(make):
    folder = make("ours", {"vanilla": SIX})
    broken = make("broken", {"vanilla": SIX})
    data = bytearray((broken / "results.parquet").read_bytes())
    data[len(data) // 2] ^= 1
    (broken / "results.parquet").write_bytes(bytes(data))
    (make("later", {"vanilla": SIX}) / "plan.json").write_text('{"format": 99}')
    (make("without", {"vanilla": SIX}) / "plan.json").unlink()
    (folder.parent / "bench").mkdir()
    sources, unread = read_sources(folder.parent)
    assert [source.name for source in sources] == ["ours"]
    assert [each.name for each in unread] == ["broken", "later", "without"]
    assert "results.parquet" in unread[0].reason
    assert "upgrade" in unread[1].reason
    assert "plan.json" in unread[2].reason
    written, _ = build_leaderboard(folder.parent)
    for page in written[:2]:
        assert "Not read" in page.read_text()


def test_a_search_shows_the_geometric_mean_and_what_lies_beyond_the_range(make):
    folder = make("ours", {"vanilla": SIX, "GRU": [80] * 6, "clipped": [0] * 6}, searched=True)
    shown = entries(boards(folder.parent)[0])
    # Two seeds each in [10, 20), [20, 40) and [40, 80): the middles of their brackets.
    mean = math.exp(sum(math.log(math.sqrt(low * 2 * low)) for low in SIX) / 6)
    assert shown["vanilla"]["remembers"].text.startswith(f"{mean:.0f} (")
    assert shown["GRU"]["remembers"].text.startswith("≥ 80 (")
    assert shown["clipped"]["remembers"].text.startswith("≤ 10 (")
    assert shown["GRU"]["remembers"].link == "ours/report.md"
    assert shown["GRU"]["times as far as vanilla"].text.startswith("≥ ")


def test_the_overview_tells_apart_methods_of_one_name_with_other_remedies(make):
    ours = make("ours", {"vanilla": SIX, "GRU": [80] * 6}, searched=True)
    make("theirs", {"vanilla": SIX, "GRU": [40] * 6}, searched=True, budget=500, of="theirs")
    plan = load_plan(ours)
    write_plan(ours, replace(plan, remedies=plan.remedies | {"GRU": (Remedy("chrono_init", ()),)}))
    overview = overview_table(boards(ours.parent), lambda name: name)
    known = {row[0].text: [entry.text != "–" for entry in row[1:]] for row in overview.entries}
    assert known == {"vanilla": [True, True], "GRU (ours)": [True, False], "GRU (theirs)": [False, True]}


def test_a_list_of_lengths_says_up_to_which_most_seeds_solved(make):
    folder = make("ours", {"vanilla": [10, 10, 20, 20, 20], "GRU": [80] * 5, "clipped": [0, 0, 0, 10, 80]})
    [board] = boards(folder.parent)
    assert solved_up_to(board, "vanilla") == "20 (3 of 5 seeds)"
    assert solved_up_to(board, "GRU") == "≥ 80 (5 of 5 seeds)"
    assert solved_up_to(board, "clipped") == "< 10 (2 of 5 seeds)"
    assert "remembers" not in entries(board)["GRU"]


def test_letters_stand_where_seeds_suffice_and_the_number_needed_where_not(make):
    # Two methods: one comparison, for which six seeds suffice; three: Holm over three needs seven.
    folder = make("two", {"vanilla": SIX, "GRU": [80] * 6})
    make("three", {"vanilla": SIX, "GRU": [80] * 6, "clipped": SIX}, budget=5000)
    three, two = sorted(boards(folder.parent), key=lambda board: board.entries[0].source.name)
    assert dict(two.groups.letters) == {"GRU": "a", "vanilla": "b"}
    assert "n = 6" in two.groups.note
    assert three.groups.letters == {}
    assert "needs 7" in three.groups.note


def test_a_remedy_that_never_acted_is_shown(make):
    folder = make("ours", {"vanilla": SIX, "clipped": SIX})
    shown = entries(boards(folder.parent)[0])
    assert shown["clipped"]["remedies acted"].text.startswith("clip_global_norm in 0 of ")
    assert shown["vanilla"]["remedies acted"].text == "–"


def test_an_unfinished_method_is_under_way(make):
    folder = make("ours", {"vanilla": SIX, "GRU": [80] * 6}, searched=True)
    source = read_sources(folder.parent)[0][0]
    results = source.evidence.results
    results.loc[(results["method"] == "GRU") & (results["length"] >= 40), "outcome"] = None
    [board] = build_boards([source])
    assert entries(board)["GRU"]["remembers"].text == "under way"
    # Others may still overtake those that have ended: no letters and no panel until then.
    assert board.under_way
    assert board.groups == UNDER_WAY
    assert draw_picture([board]) is None


def test_every_title_of_the_picture_fits_into_it(make):
    for name in ("factorial", "factorial_agreement"):
        folder = make(
            name, {"vanilla": SIX, "norm 1 + identity + GRU": [80] * 6}, searched=True, budget=1000 + len(name)
        )
    figure = draw_panels(boards(folder.parent))
    figure.draw_without_rendering()
    for ax, name in zip(figure.axes, ("factorial", "factorial_agreement"), strict=True):
        assert ax.get_title("right") == f"delayed_recall: {name}"
        [box] = [own.get_window_extent() for own in ax.findobj(Text) if own.get_text().startswith("delayed_recall")]
        assert figure.bbox.x0 <= box.x0 < box.x1 <= figure.bbox.x1


def test_families_follow_from_what_the_grid_names(make):
    [source], _ = read_sources(make("ours", {"vanilla": SIX, "GRU": SIX, "clipped": SIX}).parent)
    assert families_of(source.evidence) == {"vanilla": ("plain",), "GRU": ("gating",), "clipped": ("clipping",)}


def test_text_that_is_no_grid_leaves_families_of_remedies_and_the_label_of_the_task(make):
    folder = make("ours", {"clipped": SIX})
    plan = vars(load_plan(folder))
    write_plan(folder, type(load_plan(folder))(**plan | {"grid_text": "nothing: [of: it"}))
    [source], _ = read_sources(folder.parent)
    assert families_of(source.evidence) == {"clipped": ("clipping",)}
    assert build_boards([source])[0].protocol.task == "delayed_recall"


def test_methods_that_share_tuning_trials_and_report_at_other_rates_are_others(make):
    ours = make("ours", {"vanilla": SIX})
    make("theirs", {"vanilla": SIX})
    sources, _ = read_sources(ours.parent)
    for source, rate in zip(sources, (1e-3, 1e-2), strict=True):
        rows = source.evidence.results
        tried = rows[rows["seed"] == 1000].assign(purpose="tuning", seed=0)
        own = rows.assign(learning_rate=rate, trial=rows["trial"] + f" {rate}")
        source.evidence.results = pd.concat([own, tried.assign(trial=tried["trial"] + " tuning")], ignore_index=True)
    [board] = build_boards(sources)
    assert set(board.origins) == {"vanilla", "vanilla (theirs)"}
    assert len(entries(board)) == 2


def test_searches_of_another_precision_stand_apart(make):
    for name, precision in (("ours", 1.1), ("theirs", 1.2)):
        folder = make(name, {"vanilla": SIX}, searched=True)
        plan = load_plan(folder)
        lengths = length_grid(10, 80, precision)
        write_plan(folder, replace(plan, declared={**plan.declared, "searched": {"delayed_recall": lengths}}))
    [first, second] = boards(folder.parent)
    assert "searched from 10 to 80, neighbours at most 1.15 times apart" in first.protocol.text
    assert second.apart == (
        "lengths: searched from 10 to 80, neighbours at most 1.24 times apart instead of searched from 10 to 80, "
        "neighbours at most 1.15 times apart"
    )


def test_lengths_of_a_list_are_not_rounded(make, monkeypatch):
    monkeypatch.setattr("tests.leaderboard.conftest.LENGTHS", (10, 1024, 2048))
    folder = make("ours", {"vanilla": [1024] * 6, "GRU": [2048] * 6, "clipped": [0] * 6})
    [board] = boards(folder.parent)
    assert [solved_up_to(board, name) for name in ("vanilla", "GRU", "clipped")] == [
        "1,024 (6 of 6 seeds)", "≥ 2,048 (6 of 6 seeds)", "< 10 (0 of 6 seeds)",
    ]  # fmt: skip


def test_the_command_of_results_from_elsewhere_names_their_grid(make):
    ours = make("ours", {"vanilla": SIX})
    elsewhere = make("../elsewhere", {"clipped": SIX}, of="elsewhere")
    plan = load_plan(elsewhere)
    write_plan(elsewhere, replace(plan, grid="horizon"))
    sources, _ = read_sources(ours.parent, [elsewhere])
    assert [source.command for source in sources if source.folder == elsewhere] == ["seqbench run horizon"]


def test_a_cell_of_which_settings_alone_are_given_is_the_one_that_a_grid_starts_from(make):
    folder = make("ours", {"vanilla": SIX, "relu": SIX})
    plan = load_plan(folder)
    text = plan.grid_text.replace("{name: GRU, cell: gru}", "{name: relu, cell: {activation: relu}}")
    write_plan(folder, replace(plan, grid_text=text))
    [source], _ = read_sources(folder.parent)
    assert families_of(source.evidence)["relu"] == ("plain",)


def test_lengths_at_which_a_method_cannot_be_trained_keep_no_search_open(make):
    # At 10 `clipped` makes no sense; by its plan it has solved nothing, and no length is left to try.
    folder = make("ours", {"vanilla": SIX, "clipped": [0] * 6}, searched=True)
    plan = load_plan(folder)
    write_plan(folder, replace(plan, incompatible=(LeftOut("clipped", "delayed_recall", "too far", (10,)),)))
    sources, _ = read_sources(folder.parent)
    of_ours = sources[0].evidence.results
    sources[0].evidence.results = of_ours[(of_ours["method"] != "clipped") | (of_ours["length"] > 10)]
    [board] = build_boards(sources)
    assert board.methods.set_index("method").loc["clipped", ["seeds", "open", "below"]].tolist() == [6, 0, 6]


def test_methods_of_two_names_that_share_trials_keep_them_both(make):
    # `plain` has five trials a length in common with `vanilla` of the other folder, and one of its own.
    ours = make("ours", {"vanilla": SIX})
    make("theirs", {"plain": [10, 10, 20, 20, 40, 80]})
    sources, _ = read_sources(ours.parent)
    first, second = (source.evidence.results for source in sources)
    second["trial"] = first["trial"].to_numpy()
    second.loc[second["seed"] == 1005, "trial"] += "x"
    [board] = build_boards(sources)
    assert dict(zip(board.methods["method"], board.methods["seeds"], strict=True)) == {"plain": 6, "vanilla": 6}
    assert board.pairs[["n", "factor"]].to_numpy().tolist() == [[6, pytest.approx((80 / (40 * 2**0.5)) ** (1 / 6))]]
