"""A new grid runs as it is written; a component is shown with what it does not go with."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from seqbench.commands.new import new
from seqbench.commands.show import show
from seqbench.components import catalogue
from seqbench.errors import GridError, UsageError
from seqbench.grid.json_schema import MODELINE
from seqbench.grid.read import read_grid, shipped_grids
from seqbench.grid.words import plain_value
from seqbench.plan.plan import plan
from tests.grid.test_claim import CLAIM, GRID


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def write(name="mine", *, like=None, tasks=(), cells=(), mitigations=()):
    new(name, like=like, tasks=tasks, cells=cells, mitigations=mitigations)
    return read_grid(f"{name}.yaml")


def shown(capsys, name, family=None):
    show(name, family=family, as_json=True)
    return json.loads(capsys.readouterr().out)


def test_a_new_grid_needs_nothing_to_be_said_and_says_how_to_go_on(capsys) -> None:
    current = plan(write("my grid"))
    assert [method.name for method in current.methods] == [
        "vanilla", "vanilla + clip_global_norm", "gru", "gru + clip_global_norm"
    ]  # fmt: skip
    assert len(current.trials) == 4 * 3 * 3
    said = capsys.readouterr().out
    assert "my grid.yaml: 4 methods, 36 trials" in said
    assert "seqbench run 'my grid.yaml'" in said
    text = Path("my grid.yaml").read_text()
    assert text.startswith(f"{MODELINE}\n# my grid:")
    assert Path("schema.json").is_file()
    assert "# What is learned." in text


def test_what_does_not_go_together_is_a_comment_with_its_reason(capsys) -> None:
    grid = write(cells=["vanilla", "lstm"], mitigations=["residual", "residual_recurrence"])
    assert [method.name for method in grid.methods] == [
        "vanilla", "vanilla + residual", "vanilla + residual_recurrence", "lstm", "lstm + residual"
    ]  # fmt: skip
    assert grid.model.settings["depth"] == 2  # which `residual` needs
    assert "# left out, since residual_recurrence adds to the state" in Path("mine.yaml").read_text()
    assert "residual_recurrence: residual_recurrence adds to the state" in capsys.readouterr().out
    assert not plan(grid).incompatible


@pytest.mark.parametrize("task", catalogue.names("tasks"))
def test_a_new_grid_can_be_planned_for_every_task(task: str) -> None:
    current = plan(write(tasks=[task]))
    assert {trial.task.name for trial in current.trials} == {task}
    assert not current.incompatible


@pytest.mark.parametrize("name", shipped_grids())
def test_a_copy_of_a_shipped_grid_plans_the_same(name: str) -> None:
    copy, original = (vars(read_grid(path)) for path in (write_like(name), shipped_grids()[name]))
    assert copy == original


def write_like(name: str) -> str:
    write("copy", like=name)
    return "copy.yaml"


def test_a_copy_has_other_methods_and_tasks_and_keeps_the_rest() -> None:
    grid = write(like="horizon", tasks=["adding"], cells=["gru"], mitigations=["skip_in_time"])
    horizon = read_grid(shipped_grids()["horizon"])
    assert [method.name for method in grid.methods] == ["gru", "gru + skip_in_time"]
    assert [task.name for task in grid.tasks] == ["adding"]
    assert (grid.lengths, grid.training, grid.seeds) == (horizon.lengths, horizon.training, horizon.seeds)
    assert grid.tuning.learning_rate == horizon.tuning.learning_rate
    assert not grid.tuning.space


def test_nothing_is_written_over_and_unknown_names_are_refused() -> None:
    write()
    before = Path("mine.yaml").read_text()
    with pytest.raises(UsageError, match=r"mine\.yaml exists"):
        write(cells=["gru"])
    assert Path("mine.yaml").read_text() == before
    with pytest.raises(GridError, match="did you mean 'gru'"):
        write("other", cells=["gruu"])
    assert not Path("other.yaml").exists()


def test_a_component_is_shown_whole(capsys) -> None:
    found = shown(capsys, "lstm")
    assert "c_t = f * c_{t-1} + i * g" in found["about"]
    assert found["settings"]["forget_bias"] == {"form": "number, at least -100 and at most 100", "default": "1.0"}
    assert found["settings"]["peepholes"] == {"form": "true or false", "default": "false"}
    assert [(each["family"], each["name"]) for each in found["incompatible"]] == [
        ("mitigations", "residual_recurrence")
    ]
    show("step", family=None, as_json=False)
    said = capsys.readouterr().out
    assert "a list, each number, more than 0 and less than 1" in said
    assert "training: {schedule: {step: {at: [0.5, 0.75], factor: 0.1, warmup: 0}}}" in said


def test_what_a_component_does_not_go_with_is_found_from_both_sides(capsys) -> None:
    refused = {
        name: {each["name"] for each in shown(capsys, name)["incompatible"]}
        for name in (
            "residual_recurrence",
            "gru",
            "vanilla",
            "chrono_init",
            "number_words",
            "stacked",
            "encoder_decoder",
        )
    }
    assert "gru" in refused["residual_recurrence"]
    assert "residual_recurrence" in refused["gru"]
    assert "vanilla" not in refused["residual_recurrence"]
    assert "chrono_init" in refused["vanilla"]
    assert "vanilla" in refused["chrono_init"]
    assert "stacked" in refused["number_words"]
    assert "encoder_decoder" not in refused["number_words"]
    assert "number_words" in refused["stacked"]
    assert refused["stacked"].isdisjoint(catalogue.names("mitigations"))  # each is for some cell


def test_a_mitigation_says_that_it_needs_layers(capsys) -> None:
    assert "depth 2 or more" in shown(capsys, "residual")["needs_depth"]
    assert shown(capsys, "clip_value")["needs_depth"] == ""


def test_a_component_says_how_a_grid_has_it_in_some_layers(capsys) -> None:
    assert "cell: [lstm, gru]" in shown(capsys, "lstm")["by_layer"]
    assert "mitigations: [{skip_in_time: {layers: [0]}}]" in shown(capsys, "skip_in_time")["by_layer"]
    assert shown(capsys, "clip_global_norm")["by_layer"] == ""  # it acts on the gradient of all layers
    assert shown(capsys, "adam")["by_layer"] == ""


@pytest.mark.parametrize("family", [*catalogue.RETURNS])
def test_every_member_of_a_family_can_be_shown(capsys, family: str) -> None:
    for name in catalogue.names(family)[:3]:
        show(name, family=family, as_json=False)
        assert f"{name}, {catalogue.ONE[family]}" in capsys.readouterr().out


def test_a_copy_drops_what_is_said_of_tasks_and_methods_that_are_replaced() -> None:
    text = GRID.replace("[adding]", "[adding, delayed_recall]") + CLAIM.replace("plain,", "plain, task: adding,")
    Path("claimed.yaml").write_text(text + "criterion: {adding: {at: 0.5}, delayed_recall: {at: 0.75}}\n")
    assert write("same", like="claimed.yaml").claim
    one = write("one", like="claimed.yaml", tasks=["adding"])
    assert one.claim is None
    assert {task: own.at for task, own in one.criterion.items()} == {"adding": 0.5}
    other = write("other", like="claimed.yaml", tasks=["parity"])
    assert (other.claim, other.criterion) == (None, None)
    methods = write("methods", like="claimed.yaml", cells=["gru"])
    assert methods.claim is None
    assert len(methods.criterion) == 2


def test_a_default_is_shown_as_a_grid_can_have_it(capsys) -> None:
    assert shown(capsys, "adam")["settings"]["eps"]["default"] == "1.0e-08"
    for family in ("optimizers", "mitigations", "tasks", "models"):
        for name in catalogue.names(family):
            for setting, words in shown(capsys, name, family)["settings"].items():
                default = catalogue.settings(family, name)[setting].default
                if isinstance(default, (int, float)):
                    assert plain_value(words["default"]) == default
