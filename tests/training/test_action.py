"""What each remedy of a chain did, counted for it alone."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from seqbench.cells.lstm import lstm
from seqbench.contracts.trainer import Trainer
from seqbench.mitigations.base import Mitigation, chain
from seqbench.mitigations.clip_global_norm import clip_global_norm
from seqbench.mitigations.forget_bias_init import forget_bias_init
from seqbench.mitigations.gradient_noise import gradient_noise
from seqbench.mitigations.identity_init import identity_init
from seqbench.mitigations.norm_stabiliser import norm_stabiliser
from seqbench.training.action import action_rows, by_remedy, initial_states, no_action, penalty_shares, transformed
from seqbench.training.trial import run_trial


def scaled(factor):
    """A remedy that multiplies the gradient."""
    return Mitigation(gradient=lambda arrays: optax.scale(factor))


def applied(links, gradient):
    """The gradient after a chain, and what was measured of each link."""
    arrays = links.arrays
    states = initial_states(links, arrays, gradient)
    changed, _, measured = transformed(links, gradient, states, gradient, arrays=arrays, key=jax.random.key(0))
    return changed, measured


def test_each_link_is_measured_against_what_it_was_given_by_hand():
    links = chain(scaled(1.0), scaled(0.5), Mitigation(penalty=lambda arrays, forward: 0.0), scaled(3.0))
    changed, (first, second, third, fourth) = applied(links, {"w": jnp.array([3.0, 4.0])})
    np.testing.assert_array_equal(changed["w"], [4.5, 6.0])
    assert first == {"steps_changed": 0, "gradient_changed": 0}
    assert second == {"steps_changed": 1, "gradient_changed": 0.5}  # 5 -> 2.5
    assert third == {}
    assert fourth == {"steps_changed": 1, "gradient_changed": 2}  # 2.5 -> 7.5


def test_a_gradient_of_zeros_is_changed_wholly_or_not_at_all():
    assert applied(chain(scaled(0.5)), jnp.zeros(2))[1][0]["gradient_changed"] == 0
    add = Mitigation(gradient=lambda arrays: optax.stateless(lambda updates, _: updates + 1))
    assert applied(chain(add), jnp.zeros(2))[1][0] == {"steps_changed": 1, "gradient_changed": 1}


def test_every_link_has_the_figures_that_training_measures_of_it():
    links = chain(scaled(1.0), norm_stabiliser(), Mitigation(cell=lambda build: build))
    assert [set(each) for each in no_action(links)] == [{"steps_changed", "gradient_changed"}, {"penalty_share"}, set()]


def test_a_penalty_is_a_share_of_itself_and_the_loss():
    links = chain(norm_stabiliser(), scaled(1.0), norm_stabiliser())
    shares = penalty_shares(links, jnp.float32(1.0), [jnp.float32(3.0), jnp.float32(0.0)])
    assert shares == ({"penalty_share": 0.75}, {}, {"penalty_share": 0.0})
    assert penalty_shares(links, jnp.float32(0.0), [jnp.float32(0.0), jnp.float32(2.0)])[0]["penalty_share"] == 0


def test_rows_are_means_over_all_steps_at_the_place_in_the_method():
    links = chain(identity_init(), scaled(0.5), norm_stabiliser())
    curve = [
        {"steps_counted": 30, "remedies": [{"steps_changed": 1.0}, {"penalty_share": 0.5}]},
        {"steps_counted": 10, "remedies": [{"steps_changed": 0.0}, {"penalty_share": 0.1}]},
    ]
    rows = action_rows(links, curve, 40)
    assert [(row["step"], row["probe"], row["remedy"]) for row in rows] == [
        (40, "steps_changed", 1), (40, "penalty_share", 2)
    ]  # fmt: skip
    assert [row["value"] for row in rows] == pytest.approx([0.75, 0.4])
    assert action_rows(links, [{"steps_counted": 0, "remedies": [{}, {}]}], 0) == []


def test_a_probe_row_of_a_remedy_names_its_place_in_the_method():
    links = chain(identity_init(), Mitigation(cell=lambda build: build))
    assert by_remedy(links, {"probe": "path_share", "remedy": 0}) == {"probe": "path_share", "remedy": 1}
    assert by_remedy(links, {"probe": "retention"}) == {"probe": "retention"}


def test_a_clip_that_never_binds_does_not_take_the_credit_of_the_noise_beside_it():
    made = Trainer(clip_global_norm(threshold=1e9), identity_init(scale=0.5), gradient_noise(variance=1e-4))
    finished = run_trial(made.program, chain=made.chain, seed=3, learning_rate=0.1)
    assert finished.row["clipped_share"] == 1
    found = {(row["remedy"], row["probe"]): row["value"] for row in finished.probes}
    assert found[0, "steps_changed"] == found[0, "gradient_changed"] == 0
    assert found[2, "steps_changed"] == 1
    assert found[2, "gradient_changed"] > 0
    assert found[1, "start_change"] > 0
    assert set(found) == {(0, "steps_changed"), (0, "gradient_changed"), (1, "start_change"),
                          (2, "steps_changed"), (2, "gradient_changed")}  # fmt: skip


def test_what_an_initialisation_changed_by_hand():
    made = Trainer(forget_bias_init(value=3.0), cell=lstm())
    state, rows = made.program.start(3, made.chain)
    # Of the four biases of a unit one goes from 1, as the LSTM sets it, to 3.
    assert rows == [{"step": 0, "probe": "start_change", "distance": None, "remedy": 0,
                     "value": pytest.approx(np.sqrt(2**2 / 4))}]  # fmt: skip
    for layer in state.parameters["layers"].values():
        assert jnp.max(layer["cell"]["bias"][...]) == 3
