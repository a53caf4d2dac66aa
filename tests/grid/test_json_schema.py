"""The schema says what the reader does: it takes every grid that is shipped, and refuses what the reader refuses."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from seqbench.components import catalogue
from seqbench.components.component_schemas import component_definitions
from seqbench.errors import GridError
from seqbench.grid.document import read_document
from seqbench.grid.json_schema import FILE, MODELINE, grid_schema
from seqbench.grid.read import shipped_grids
from seqbench.grid.spec import Grid
from tests.grid.test_read import ERRORS, FULL, SMALL

EXPERIMENTS = Path(__file__).parents[2] / "experiments"

UNSEEN = {
    "a whole number that is written with a point": r"expected a whole number, got 2\.0|warmup\.steps: expected a whole",
    "what two parts of a file must agree on": (
        r"expected dependency lengths|two methods are called|are the same; leave one out|expected seeds that are not|"
        r"expected the name of a (factor|method)|expected a level of"
    ),
    "functions of your own": r"cannot import|expected a function|is not annotated",
}
"""What the documentation says that the schema cannot see, and the errors of the reader that this covers."""


@pytest.fixture(scope="module")
def schema() -> Draft7Validator:
    Draft7Validator.check_schema(grid_schema())
    return Draft7Validator(grid_schema())


def value_of(text: str, folder: Path) -> Any:
    """What a grid's text holds, before it is read as a grid."""
    path = folder / "example.yaml"
    path.write_text(text, "utf-8")
    return read_document(path).data


def test_the_committed_schema_is_that_of_the_present_code() -> None:
    committed = json.loads((EXPERIMENTS / FILE).read_text("utf-8"))
    assert committed == grid_schema(), "write it again: uv run seqbench schema > experiments/schema.json"


@pytest.mark.parametrize("path", shipped_grids().values(), ids=lambda path: path.stem)
def test_a_shipped_grid_fits_and_names_the_schema(schema: Draft7Validator, path: Path) -> None:
    assert [error.message for error in schema.iter_errors(read_document(path).data)] == []
    assert path.read_text("utf-8").startswith(f"{MODELINE}\n")
    assert (path.parent / MODELINE.partition("$schema=")[2]).is_file()


@pytest.mark.parametrize(
    "text",
    [
        SMALL,
        FULL,
        SMALL + "cell: mymodule:leaky\nmethods: [{name: a, cell: {mymodule:leaky: {leak: 0.2}}}]",
        SMALL + "methods: [{name: a, cell: {leak: 0.2}}, {name: b, model: {width: 8}}, {name: c, cell: {gru: }}]",
        SMALL + "training: {steps: {per_length: 20}, stop_when_solved: {after: 5}, stop_when_stuck: false}",
        SMALL + "tuning: {learning_rate: {low: 1.0e-4, high: 1.0e-2}, space: {clip_value.threshold: [1, .inf]}}",
        SMALL + "probes: [action, {gradient_share: {}}]\ntest_lengths: {lengths: [5]}",
        "question: q\ntasks: [{adding: {length: [3, 4]}}]\nlengths: {from: 2, to: 9}\nprobes: gradient_flow",
    ],
)
def test_what_the_reader_takes_fits(schema: Draft7Validator, tmp_path: Path, text: str) -> None:
    assert [error.message for error in schema.iter_errors(value_of(text, tmp_path))] == []


@pytest.mark.parametrize(("text", "message"), ERRORS, ids=[message.partition(",")[0][:60] for _, message in ERRORS])
def test_every_error_of_the_reader_is_caught_or_listed(
    schema: Draft7Validator, tmp_path: Path, text: str, message: str
) -> None:
    try:
        caught = not schema.is_valid(value_of(text, tmp_path))
    except GridError:
        return  # how a value is written, which is the YAML reader's to say
    listed = any(re.search(pattern, message) for pattern in UNSEEN.values())
    assert caught != listed


def test_what_it_cannot_see_is_documented() -> None:
    text = " ".join((EXPERIMENTS / "README.md").read_text("utf-8").split())
    assert [words for words in UNSEEN if words not in text] == []


def test_every_field_of_a_grid_says_what_it_is() -> None:
    whole = grid_schema()
    shape = {"Grid": whole, **{name: part for name, part in whole["$defs"].items() if "." not in name}}
    silent = [
        (name, key)
        for name, part in shape.items()
        for key, field in part.get("properties", {}).items()
        if "description" not in field and "$ref" not in field
    ]
    assert silent == []
    assert set(whole["properties"]) == set(Grid.model_fields)


@pytest.mark.parametrize("family", catalogue.RETURNS)
def test_every_component_has_its_settings_with_defaults(family: str) -> None:
    found = component_definitions()
    for name in catalogue.names(family):
        own = found[f"{family}.{name}"]
        of_all = [catalogue.LAYERS] if family == "mitigations" else []
        assert list(own["properties"]) == [*catalogue.settings(family, name), *of_all]
        assert "Source: " in own["description"]
        described = (own["properties"][setting]["description"] for setting in catalogue.settings(family, name))
        assert all("Default: " in text for text in described)


def test_the_range_of_a_setting_is_a_bound_and_words() -> None:
    decay = component_definitions()["optimizers.adam"]["properties"]["b2"]
    assert (decay["minimum"], decay["maximum"], decay["default"]) == (0, 0.999999, 0.999)
    assert decay["description"].endswith("It is at least 0 and at most 0.999999. Default: 0.999.")


def test_infinity_is_a_threshold_and_no_variance(schema: Draft7Validator, tmp_path: Path) -> None:
    assert schema.is_valid(value_of(SMALL + "mitigations: [{clip_value: {threshold: .inf}}]", tmp_path))
    assert not schema.is_valid(value_of(SMALL + "mitigations: [{gradient_noise: {variance: .inf}}]", tmp_path))
