"""Every number that a shipped component can be given says its range, and what lies outside is refused."""

from __future__ import annotations

import inspect
import math
from types import UnionType
from typing import Annotated, Union, get_args, get_origin

import pytest
from annotated_types import Ge, Gt, Le, Lt

from seqbench.components import catalogue
from seqbench.components.catalogue import ComponentError, resolve
from seqbench.components.checking import Mismatch, check, checker
from seqbench.contracts.edges import at_the_edges, edges
from seqbench.grid.read import read_grid
from seqbench.plan.plan import plan
from seqbench.setting_types import Decay, OrInfinity, PositiveInt, ProperFraction, Threshold

EVERY = [(family, name) for family in catalogue.RETURNS for name in catalogue.names(family)]


def bare_numbers(annotation):
    """The numbers in an annotation whose range lacks an end."""
    if get_origin(annotation) is Annotated:
        inner, *metadata = get_args(annotation)
        low = any(isinstance(each, Ge | Gt) for each in metadata)
        high = any(isinstance(each, Le | Lt | OrInfinity) for each in metadata)
        return [] if low and high else bare_numbers(inner)
    if annotation in (int, float):
        return [annotation]
    parts = get_args(annotation) if get_origin(annotation) in (Union, UnionType, tuple) else ()
    return [bare for part in parts for bare in bare_numbers(part)]


@pytest.mark.parametrize(("family", "name"), EVERY)
def test_every_number_says_its_range_and_its_edges_are_inside(family, name):
    make = catalogue.component(family, name)
    for setting, annotation in inspect.get_annotations(make, eval_str=True).items():
        if setting not in ("return", "cell"):
            assert bare_numbers(annotation) == [], setting
            for value in edges(annotation):
                check(checker(annotation), value)


def test_a_bare_number_is_found():
    assert bare_numbers(int | None) == [int]
    assert bare_numbers(tuple[float, ...]) == [float]
    assert bare_numbers(Annotated[float, Gt(0)]) == [float]
    assert bare_numbers(PositiveInt | tuple[Decay, ...]) == []


def test_the_edges_of_ranges_by_hand():
    def settings(
        *, many: PositiveInt = 1, share: ProperFraction = 0.5, limit: Threshold = 1.0, on: bool = True
    ) -> None:
        """Nothing."""

    assert list(at_the_edges(settings)) == [
        {"many": 1}, {"many": 1000}, {"share": 5e-324}, {"share": 1 - 2**-53},
        {"limit": 5e-324}, {"limit": 1e18}, {"limit": math.inf}, {"on": False}, {"on": True},
    ]  # fmt: skip
    assert edges(PositiveInt, many=2**31 - 1) == [1, 2**31 - 1]


@pytest.mark.parametrize(
    ("family", "name", "settings"),
    [
        ("optimizers", "adam", {"b2": 1.0}),
        ("optimizers", "rmsprop", {"decay": 1.5}),
        ("optimizers", "adamw", {"weight_decay": -5}),
        ("schedules", "warmup", {"steps": -5}),
        ("mitigations", "identity_init", {"scale": math.inf}),
        ("mitigations", "orthogonal_init", {"scale": 0}),
        ("mitigations", "chrono_init", {"longest": 2}),
        ("mitigations", "clip_value", {"threshold": 0}),
        ("mitigations", "gradient_noise", {"variance": -1}),
        ("mitigations", "skip_in_time", {"steps": -1}),
        ("mitigations", "skip_in_time", {"steps": [2, 0]}),
        ("cells", "lru", {"highest_radius": 1}),
        ("cells", "lstm", {"forget_bias": math.nan}),
        ("models", "stacked", {"width": 0}),
        ("tasks", "delayed_recall", {"symbols": 27}),
        ("cells", "lstm", {"forget_bias": 1e39}),
        ("models", "stacked", {"width": 2**31}),
        ("models", "tcn", {"levels": 32}),
        ("mitigations", "clip_percentile", {"history": 10**8}),
        ("mitigations", "gradient_noise", {"decay": 1e19}),
    ],
)
def test_what_cannot_be_meant_is_refused(family, name, settings):
    with pytest.raises(ComponentError):
        resolve(family, name, settings)


def test_infinity_is_a_threshold_and_nothing_else():
    assert check(checker(Threshold), math.inf) == math.inf
    with pytest.raises(Mismatch, match="expected a finite number, got inf"):
        check(checker(float), math.inf)
    with pytest.raises(Mismatch, match="32 bits"):
        check(checker(float), 1e39)


@pytest.mark.parametrize(
    ("depth", "settings", "reach"),
    [
        (1, "steps: 10", 10),
        (1, "steps: [2, 10]", 10),
        (2, "steps: 10, mode: replace", 10),
        (3, "steps: 3, mode: dilated", 12),
        (2, "steps: [1, 7], mode: dilated", 7),
    ],
)
def test_a_skip_that_reaches_beyond_the_sequence_is_impossible_at_that_length(tmp_path, depth, settings, reach):
    grid = tmp_path / "grid.yaml"
    grid.write_text(
        f"question: q\ntasks: [delayed_recall]\nlengths: [4, 40]\nseeds: 1\nmodel: {{stacked: {{depth: {depth}}}}}\n"
        f"methods: [{{name: skip, mitigations: [{{skip_in_time: {{{settings}}}}}]}}, {{name: plain}}]\n"
    )
    made = plan(read_grid(grid))
    [pair] = made.incompatible
    assert (pair.method, pair.lengths) == ("skip", (4,))
    assert f"reaches {reach} steps back, and the sequences have 5; give shorter steps" in pair.reason
    assert {(trial.method, trial.length) for trial in made.trials} == {("skip", 40), ("plain", 4), ("plain", 40)}
