import pytest

from seqbench.components.catalogue import names
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


def test_a_users_probe_is_labelled_with_the_settings_that_are_not_its_defaults(tmp_path, monkeypatch):
    (tmp_path / "my_probe.py").write_text(OWN)
    monkeypatch.syspath_prepend(tmp_path)
    assert list(selected("my_probe:largest")) == ["my_probe:largest"]
    assert list(selected([{"my_probe:largest": {"scale": 1}}])) == ["my_probe:largest"]
    assert list(selected([{"my_probe:largest": {"scale": 2}}])) == ["my_probe:largest {'scale': 2.0}"]


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
