from __future__ import annotations

import json
import time

import pandas as pd
import pytest

from seqbench.canonical import canonical, digest
from seqbench.components.assemble import assemble
from seqbench.components.structure import structure_of
from seqbench.errors import GridError
from seqbench.grid.read import find_grid, read_grid
from seqbench.plan import examined
from seqbench.plan import feasibility as examine
from seqbench.plan.estimate import SECONDS_PER_COMPILATION
from seqbench.plan.model_size import measure
from seqbench.plan.plan import Plan, plan

HEAD = "question: q\ntasks: [adding]\nlengths: [5, 9]\nseeds: 2\nmodel: {stacked: {width: 4}}\n"


def test_trials_are_methods_by_tasks_by_lengths_by_seeds(read) -> None:
    made = plan(
        read(
            "question: q\ntasks: [adding, {delayed_recall: {length: [3, 4, 5]}}]\nlengths: [5, 9]\nseeds: 2\n"
            "factors: {gating: {none: {}, GRU: {cell: gru}}, clip: {none: {}, c: {mitigations: [clip_value]}}}\n"
            "exclude: [{gating: GRU, clip: c}]\nmodel: {stacked: {width: 4}}"
        )
    )
    assert len(made.trials) == 3 * (2 + 3) * 2
    assert len({trial.id for trial in made.trials}) == len(made.trials)
    assert len(made.groups) == 2 * 2  # plain and GRU on each task: clipping and all lengths share a program
    first, last = made.trials[0], made.trials[-1]
    assert (first.method, first.task_label, first.length, first.seed) == ("plain", "adding", 5, 1000)
    assert (last.method, last.task_label, last.length, last.seed) == ("GRU", "delayed_recall", 5, 1001)
    assert last.factors == {"gating": "GRU", "clip": "none"}
    assert {trial.purpose for trial in made.trials} == {"reporting"}
    grouped = [trial.id for group in made.groups for trial in group.trials]
    assert sorted(grouped) == sorted(trial.id for trial in made.trials)


def test_a_trials_identity_is_the_hash_of_its_settings_which_assemble(read) -> None:
    [trial, *_] = plan(read(HEAD + "mitigations: [identity_init, clip_value]\ntraining: {learning_rate: 0.25}")).trials
    settings = json.loads(json.dumps(trial.settings))
    assert trial.id == digest(canonical(settings))
    assert (settings["seed"], settings["learning_rate"]) == (1000, 0.25)
    assembly = assemble(settings)
    assert (assembly.task.length, assembly.training.steps) == (5, 3000)
    assert [dict(link.arrays) for link in assembly.chain.compiled.links] == [{"threshold": 25.0}]
    assert len(assembly.chain.links) == 2
    # 2 inputs, 4 units: kernels 2*4 + 4*4, bias 4; read-out 4*1 + 1. A step multiplies by each and takes 4 tanh.
    assert measure(structure_of(assembly)) == (33, 1, 33, 4, 12, 4, 0)


def test_seed_rate_threshold_and_initialisation_do_not_make_groups(read) -> None:
    one = """
factors:
  clip: {5: {mitigations: [{clip_value: {threshold: 5.0}}]}, 6: {mitigations: [{clip_value: {threshold: 6.0}}]}}
  start: {default: {}, identity: {mitigations: [identity_init]}}
  rate: {slow: {training: {learning_rate: 0.1}}, fast: {training: {learning_rate: 0.2}}}
"""
    made = plan(read(HEAD + one))
    assert (len(made.trials), len(made.groups)) == (8 * 2 * 2, 1)
    assert len({trial.id for trial in made.trials}) == len(made.trials)


def test_width_makes_groups(read) -> None:
    made = plan(read(HEAD + "factors: {w: {3: {model: {stacked: {width: 3}}}, 4: {model: {stacked: {width: 4}}}}}"))
    assert len(made.groups) == 2


def test_impossible_pairs_are_reported_and_not_run(read) -> None:
    made = plan(
        read(
            HEAD.replace("[5, 9]", "[1, 5]")
            + "methods: [{name: deep, model: {stacked: {depth: 2}}, mitigations: [residual]},"
            + " {name: flat, mitigations: [residual]}, {name: without, mitigations: [{skip_in_time: {steps: 1}}]}]"
        )
    )
    assert {trial.method for trial in made.trials} == {"deep"}
    assert {trial.length for trial in made.trials} == {5}
    found = {(pair.method, pair.lengths): pair.reason for pair in made.incompatible}
    assert found["flat", (5,)] == "residual connects layers, and this model has one; give the model depth 2 or more"
    assert found["without", (5,)].startswith("skip_in_time, mode add, needs steps of 2 or more")
    assert "length must be at least 2" in found["deep", (1,)]
    assert [method.name for method in made.methods] == ["deep", "flat", "without"]


def test_an_initialisation_that_refuses_is_found_while_planning(read, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(chain: object, names: object, blueprint: object) -> None:
        if any(link.initialise for link in chain.links):  # type: ignore[attr-defined]
            raise examine.Incompatible("there is no gate here")

    monkeypatch.setattr(examine, "rehearse", refuse)
    made = plan(read(HEAD + "factors: {start: {default: {}, identity: {mitigations: [identity_init]}}}"))
    assert {trial.method for trial in made.trials} == {"plain"}
    assert made.incompatible == (("identity", "adding", "there is no gate here", (5, 9)),)


def test_an_initialisation_that_another_one_undoes_is_refused(read) -> None:
    levels = (
        "cell: {none: {}, GRU: {cell: gru}}",
        "identity: {none: {}, identity: {mitigations: [identity_init]}}",
        "orthogonal: {none: {}, all: {mitigations: [orthogonal_init]}, last: {mitigations: [{orthogonal_init: {blocks: "
        "candidate}}]}}",
    )
    found = {pair.method: pair.reason for pair in plan(read(f"{HEAD}factors: {{{', '.join(levels)}}}")).incompatible}
    both = ("identity + all", "identity + last", "GRU + identity + all", "GRU + identity + last")
    assert found == dict.fromkeys(
        both, "what identity_init sets at the start is set again by another of the mitigations"
    )
    reversed_levels = f"{HEAD}factors: {{{', '.join((levels[0], levels[2], levels[1]))}}}"
    found = {pair.method: pair.reason for pair in plan(read(reversed_levels)).incompatible}
    # Of a network with gates the identity sets the candidate alone: what was set of the gates before is kept.
    assert sorted(found) == ["GRU + last + identity", "all + identity", "last + identity"]


TUNED = HEAD + "tuning: {seeds: 2, learning_rate: [0.1, 0.01]}\nfactors: {g: {none: {}, GRU: {cell: gru}}}"


def finished(trials, *, best: float) -> pd.DataFrame:
    """Results in which trials at the rate `best` are solved."""
    return pd.DataFrame(
        {
            "trial": [trial.id for trial in trials],
            "outcome": "partial",
            "solved_at": [100.0 if trial.learning_rate == best else None for trial in trials],
            "validation_loss": 0.5,
            "budget": 3000.0,
        }
    )


def test_tuning_comes_first_on_seeds_of_its_own(read) -> None:
    made = plan(read(TUNED))
    assert len(made.trials) == 2 * 2 * 2 * 2  # methods, lengths, rates, seeds
    assert {(trial.purpose, trial.seed) for trial in made.trials} == {("tuning", 0), ("tuning", 1)}
    assert made.waiting == 2 * 2 * 2  # methods, lengths, seeds
    assert made.choices == ()


def test_reporting_follows_with_the_rate_chosen_for_the_method_on_the_task(read) -> None:
    grid = read(TUNED)
    tuning = plan(grid).trials
    plain = [trial for trial in tuning if trial.method == "plain"]
    half = plan(grid, finished(plain, best=0.1))
    assert half.choices == (("plain", "adding", 0.1, {}),)
    assert half.waiting == 2 * 2
    others = [trial for trial in tuning if trial.method == "GRU"]
    both = plan(grid, pd.concat([finished(plain, best=0.1), finished(others, best=0.01)]))
    assert both.choices == (("plain", "adding", 0.1, {}), ("GRU", "adding", 0.01, {}))
    assert both.waiting == 0
    reported = [trial for trial in both.trials if trial.purpose == "reporting"]
    assert {(t.method, t.seed, t.learning_rate) for t in reported} == {
        ("plain", 1000, 0.1), ("plain", 1001, 0.1), ("GRU", 1000, 0.01), ("GRU", 1001, 0.01),
    }  # fmt: skip
    assert len(both.groups) == len(half.groups) == 2


def test_a_grid_that_is_too_large_is_refused_by_arithmetic(read) -> None:
    grid = read(HEAD.replace("seeds: 2", "seeds: 500000000"))
    start = time.monotonic()
    with pytest.raises(
        GridError, match=r"this is 1,000,000,000 trials \(32 years at a second each\)\. The limit is 1,0"
    ):
        plan(grid)
    assert time.monotonic() - start < 1
    assert len(plan(read(HEAD), max_trials=4).trials) == 4
    with pytest.raises(
        GridError,
        match=r"example.yaml: this is 4 trials \(0 days at a second each\)\. The limit is 3; leave .* or divide",
    ):
        plan(read(HEAD), max_trials=3)


def test_a_product_of_many_levels_is_counted_and_not_made(read, monkeypatch: pytest.MonkeyPatch) -> None:
    levels = ", ".join(f"l{level}: {{training: {{steps: {level + 1}}}}}" for level in range(10))
    factors = ", ".join(f"f{factor}: {{{levels}}}" for factor in range(9))
    monkeypatch.setattr(examined, "expand_methods", lambda grid: pytest.fail("the product was made"))
    with pytest.raises(GridError, match="this is 4,000,000,000 trials"):
        plan(read(f"{HEAD}factors: {{{factors}}}"))


def test_widths_are_chosen_for_equal_numbers_of_parameters(read) -> None:
    made = plan(
        read(
            HEAD.replace("[adding]", "[adding, delayed_recall]")
            + "match_parameters: 5000\nfactors: {g: {none: {}, GRU: {cell: gru}, LSTM: {cell: lstm}}}"
        )
    )
    widths = {
        (g.trials[0].method, g.trials[0].task_label): g.trials[0].configuration.fixed["model"]["settings"]["width"]
        for g in made.groups
    }
    assert widths["plain", "adding"] > widths["GRU", "adding"] > widths["LSTM", "adding"]
    assert widths["plain", "adding"] > widths["plain", "delayed_recall"]  # which has more inputs
    for group in made.groups:
        size = group.trials[0].configuration.size
        assert abs(size.parameters - 5000) <= 100
        assert measure(structure_of(assemble(group.trials[0].settings))).parameters == size.parameters
    assert made.incompatible == ()


def test_a_number_of_parameters_that_cannot_be_met_is_reported(read) -> None:
    made = plan(read(HEAD + "match_parameters: 25"))
    assert made.trials == ()
    [pair] = made.incompatible
    assert pair.reason == "no width comes within 2% of 25 parameters: 3 gives 22 and 4 gives 33"


def test_a_plan_describes_itself_in_json(read) -> None:
    described = plan(read(TUNED)).describe(workers=2)
    assert json.loads(json.dumps(described)) == described
    assert described["methods"] == ["plain", "GRU"]
    assert (described["trials"], described["waiting"], described["groups"]) == (16, 8, 2)
    assert (described["compilations"], described["incompatible"]) == (2, [])
    assert described["estimate"]["workers"] == 2


def test_steps_in_proportion_to_the_length_are_planned_and_cost_accordingly(read) -> None:
    text = "question: q\ntasks: [adding]\nlengths: [10, 100]\nseeds: 1\n"
    rule = plan(read(text + "training: {steps: {per_length: 30, at_least: 500}}"))
    assert [trial.settings["training"]["steps"] for trial in rule.trials] == [500, 3000]
    assert (rule.steps, rule.describe()["training_steps"]) == ((500, 3000), [500, 3000])
    constant = plan(read(text))  # 3,000 at every length
    assert constant.trials[1].id == rule.trials[1].id
    assert constant.trials[0].configuration.seconds > 5 * rule.trials[0].configuration.seconds


def test_each_structure_is_built_once(read, monkeypatch: pytest.MonkeyPatch) -> None:
    built = []
    monkeypatch.setattr(examine, "structure_of", lambda assembly: built.append(1) or structure_of(assembly))
    plan(
        read(
            HEAD
            + "factors: {clip: {none: {}, c: {mitigations: [clip_value]}}, start: {default: {}, "
            + "identity: {mitigations: [identity_init]}}, g: {none: {}, GRU: {cell: gru}}}"
        )
    )
    assert len(built) == 2


def test_the_factorial_grid_is_as_large_as_it_says() -> None:
    made: Plan = plan(read_grid(find_grid("factorial")))
    # 2 x 2 x 2 x 3 combinations and two methods beside them; a search begins with 3 rates for each of 2 tuning seeds.
    assert (len(made.methods), len(made.trials), len(made.groups)) == (26, 156, 6)
    assert made.incompatible == ()
    designed = [trial.factors for trial in made.trials if trial.factors]
    assert designed[0] == {"clipping": "none", "start": "default", "skip": "none", "gating": "none"}
    assert len(designed) == 24 * 6


def test_estimates_grow_with_what_they_estimate(read) -> None:
    def seconds(text: str, workers: int = 1) -> float:
        return plan(read(text)).estimate(workers).seconds

    small = seconds(HEAD)
    assert seconds(HEAD, workers=2) == pytest.approx(small / 2)
    assert seconds(HEAD.replace("width: 4", "width: 400")) > 2 * small
    compilation = SECONDS_PER_COMPILATION  # two lengths share a program
    assert seconds(HEAD.replace("seeds: 2", "seeds: 4")) - compilation == pytest.approx(2 * (small - compilation))
    # The runtime, four copies of 33 parameters, and for 32 sequences of 5,000 steps 12 numbers a step, twice
    memory = 350_000_000 + 4 * 4 * 33 + 2 * 4 * 32 * 5000 * 12
    assert plan(read(HEAD.replace("[5, 9]", "[5000]"))).estimate().bytes_per_worker == memory
