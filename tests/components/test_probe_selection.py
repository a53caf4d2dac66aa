import importlib
import re
import sys

import pytest

from seqbench.components import catalogue
from seqbench.components.catalogue import names
from seqbench.components.own_source import own_source
from seqbench.components.probe_selection import assemble_probes, selected
from seqbench.errors import GridError, UsageError
from seqbench.probes.base import Probe

OWN = '''\
"""The largest loss of a batch.

Source: made for a test
"""
import jax.numpy as jnp

from seqbench.probes.base import Probe, row
from seqbench.setting_types import PositiveFloat


def largest(*, scale: PositiveFloat = 1.0) -> Probe:
    return Probe(
        lambda view: scale * jnp.max(view.aim.step), lambda measured, *, length: [row("last_step", measured)]
    )
'''


def test_selections_are_understood():
    assert selected("none") == {}
    assert tuple(selected("all")) == names("probes")
    assert tuple(selected("default")) == ("action", "gradient_flow")
    assert tuple(selected("jacobian")) == ("jacobian",)
    assert tuple(selected(["jacobian", "action", {"jacobian": {}}])) == ("action", "jacobian")
    assert all(isinstance(probe, Probe) for probe in assemble_probes("all").values())
    with pytest.raises(
        UsageError, match="expected the name of a probe, got 'gradient_flw'; did you mean 'gradient_flow'"
    ):
        selected(["gradient_flw"])


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Write the module of the user's probe, as if the process had just begun."""
    monkeypatch.syspath_prepend(tmp_path)

    def forget():
        own_source.cache_clear()
        sys.modules.pop("my_probe", None)
        importlib.invalidate_caches()
        catalogue.forget()

    def write(text):
        (tmp_path / "my_probe.py").write_text(text)
        forget()

    yield write
    forget()


def test_a_users_probe_is_labelled_with_the_settings_that_are_not_its_defaults(write):
    write(OWN)
    [plain] = selected("my_probe:largest")
    assert list(selected([{"my_probe:largest": {"scale": 1}}])) == [plain]
    name, _, source = plain.partition(" ")
    assert list(selected([{"my_probe:largest": {"scale": 2}}])) == [f"{name} {{'scale': 2.0}} {source}"]


def test_a_users_probe_that_was_edited_is_another_measurement(write):
    write(OWN)
    before = [*selected("my_probe:largest")]
    write("# why\n" + OWN)
    assert [*selected("my_probe:largest")] == before
    write(OWN.replace("jnp.max", "jnp.min"))
    [after] = selected("my_probe:largest")
    assert [after] != before
    assert re.fullmatch("my_probe:largest source [0-9a-f]{12}", after)


def test_a_probe_whose_meaning_has_changed_is_another_measurement(monkeypatch):
    monkeypatch.setattr("seqbench.probes.jacobian.VERSION", 2, raising=False)
    assert list(selected(["jacobian", "action"])) == ["action", "jacobian version 2"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("gradient_flw", "4:9 probes: expected the name of a probe, got 'gradient_flw'; did you mean 'gradient_flow'?"),
        ("al", "4:9 probes: expected the name of a probe, got 'al'; did you mean 'all'?"),
        (
            "[action, jacobain]",
            "4:18 probes[1]: expected the name of a probe, got 'jacobain'; did you mean 'jacobian'?",
        ),
        ("[{action: {scale: 1}}]", "4:20 probes[0].action.scale: action has no setting 'scale'"),
        ("3", "4:9 probes: expected default, none, all, the name of a probe, or a list of probes, got 3"),
    ],
)
def test_a_probe_that_does_not_exist_is_refused_where_it_stands(read, text, message):
    with pytest.raises(GridError) as caught:
        read(f"question: q\ntasks: [adding]\nlengths: [5]\nprobes: {text}\n")
    assert message in str(caught.value)
