"""A remedy of a user's own, from its module to its place in the report's proof that remedies acted."""

import pytest

from seqbench.execution.run import run_grid
from seqbench.grid.read import read_grid
from seqbench.report.chapters.mechanism import mechanism
from seqbench.report.evidence import Evidence
from seqbench.store.results import load
from seqbench.traces import Remedy, Trace

MODULE = '''
"""Remedies of a test's own."""

import jax
import optax
from seqbench.layers.base import Layer
from seqbench.mitigations.base import Mitigation, Switched
from seqbench.traces import Trace


def my_clip(*, bound: float = 1.0) -> Mitigation:
    """Clip each entry of the gradient."""

    def gradient(arrays):
        return optax.stateless(lambda g, _: jax.tree.map(lambda x: x.clip(-arrays["bound"], arrays["bound"]), g))

    return Mitigation(arrays={"bound": bound}, gradient=gradient)


def my_path() -> Mitigation:
    """Add half of a layer's input to its output."""
    return Mitigation(layer=lambda layer, at: Half(layer) if at.index else layer, wraps=Trace.PATH)


class Half(Layer, Switched):
    def __init__(self, inner):
        self.inner = inner

    def __call__(self, inputs, mask=None, **rest):
        return 0.5 * self.path(inputs) + self.inner(inputs, mask, **rest)

    def taps(self, batch_size, steps):
        return self.inner.taps(batch_size, steps)
'''

GRID = """
question: Do remedies of one's own act?
tasks: [delayed_recall]
lengths: [3]
seeds: 1
model: {stacked: {width: 4, depth: 2}}
training: {steps: 20, batch_size: 4, evaluate_every: 10, validation_sequences: 64, test_sequences: 64}
methods:
  - {name: bound, mitigations: [{"remedies_of_mine:my_clip": {bound: 1.0e-3}}, "remedies_of_mine:my_path"]}
  - {name: loose, mitigations: [{"remedies_of_mine:my_clip": {bound: 1.0e+9}}, gradient_noise, identity_init]}
"""


@pytest.fixture
def folder(tmp_path, monkeypatch, hasty_workers):
    monkeypatch.chdir(tmp_path)  # where modules of one's own are found, by workers as well
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "remedies_of_mine.py").write_text(MODULE, "utf-8")
    (tmp_path / "mine.yaml").write_text(GRID, "utf-8")
    run_grid(read_grid(tmp_path / "mine.yaml"), tmp_path / "results" / "mine", workers=1)
    return tmp_path / "results" / "mine"


@pytest.mark.slow  # figures: `tests/training/test_action.py`, text: `test_mechanism.py`
def test_it_stands_in_the_proof_beside_the_others_and_each_is_credited_with_its_own(folder):
    results = load(folder)
    assert results.plan.remedies["bound"] == (
        Remedy("remedies_of_mine:my_clip", (Trace.GRADIENT,)),
        Remedy("remedies_of_mine:my_path", (Trace.PATH,)),
    )
    measured = results.probes.dropna(subset="remedy")
    assert set(measured["probe"]) == {"steps_changed", "gradient_changed", "path_share", "start_change"}
    evidence = Evidence(results)
    [part] = [part for part in mechanism(evidence).parts if part.title == "Did the remedies act?"]
    assert "remedies_of_mine:my_clip of loose on delayed_recall" in part.text
    said = part.tables[0].rows.set_index("method")["remedies"]
    clip, path = said["bound"].split("; ")
    assert clip.startswith("remedies_of_mine:my_clip: acted in 1 of 1 trials (steps changed ")
    assert path.startswith("remedies_of_mine:my_path: acted in 1 of 1 trials (path share ")
    idle, noise, start = said["loose"].split("; ")
    assert idle == "remedies_of_mine:my_clip: inactive"
    assert noise == "gradient_noise: acted in 1 of 1 trials (steps changed 1)"
    assert start.startswith("identity_init: acted in 1 of 1 trials (start change ")
