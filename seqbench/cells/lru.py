"""Linear recurrent unit: a diagonal, complex, linear recurrence that is stable by construction and runs in parallel.

    x_t = lambda * x_{t-1} + gamma * (B u_t),   lambda = exp(-exp(nu) + i exp(theta))
    y_t = Re(C x_t) + D u_t,   output = gelu(y_t)

|lambda| < 1 for any nu; at the start lambda is uniform on a ring between `lowest_radius` and `highest_radius`, and
gamma = sqrt(1 - |lambda|^2) gives the state the size of the input. GELU is the nonlinearity that the paper puts behind
the recurrence; without it (`activation: none`) a stack of these would be linear.

Source: Orvieto et al. 2023, Resurrecting recurrent neural networks for long sequences, arXiv:2303.06349
"""

from __future__ import annotations

from functools import partial
from math import pi
from typing import Annotated, Literal, NamedTuple

import jax
import jax.numpy as jnp
from annotated_types import Gt, Le
from flax import nnx
from jaxtyping import Array, Bool, Complex, Float

from seqbench.cells.base import Cell, CellBuilder, linear_recurrence
from seqbench.errors import Incompatible
from seqbench.setting_types import Decay


def lru(
    *,
    lowest_radius: Decay = 0.9,
    highest_radius: Decay = 0.999,
    highest_phase: Annotated[float, Gt(0), Le(2 * pi)] = 6.283,
    activation: Literal["gelu", "none"] = "gelu",
) -> CellBuilder:
    """The linear recurrent unit; radii and phase (in radians) limit its eigenvalues at initialisation."""
    if not 0 <= lowest_radius <= highest_radius < 1:
        raise Incompatible(f"lru needs 0 <= lowest_radius <= highest_radius < 1, got {lowest_radius}, {highest_radius}")
    if not highest_phase > 0:
        raise Incompatible(f"lru needs a highest_phase above 0, got {highest_phase}")
    ring = (lowest_radius, highest_radius, highest_phase)
    return partial(LRU, ring=ring, activation=activation)


class LRUCarry(NamedTuple):
    """Real and imaginary part of the state x, and D u of the last step, all [B, H]."""

    real: Float[Array, "B H"]
    imaginary: Float[Array, "B H"]
    direct: Float[Array, "B H"]


class LRU(Cell):
    """`input_kernel` holds the real and the imaginary part of B, then D; `output_kernel` [2, H, H] those of C."""

    blocks = ("real", "imaginary", "direct")
    candidate = "real"
    fixed_recurrence = "it is diagonal and complex; set the radii of the cell instead"

    def __init__(
        self, inputs: int, hidden: int, rngs: nnx.Rngs, *, ring: tuple[float, float, float], activation: str
    ) -> None:
        nnx.Module.__init__(self)
        self.inputs, self.hidden, self.activation = inputs, hidden, activation
        lowest, highest, phase = ring
        square = jax.random.uniform(rngs.params(), (hidden,), minval=lowest**2, maxval=highest**2)
        angle = jax.random.uniform(rngs.params(), (hidden,), minval=1e-6, maxval=phase)
        self.nu = nnx.Param(jnp.log(-0.5 * jnp.log(jnp.maximum(square, 1e-12))))
        self.theta = nnx.Param(jnp.log(angle))
        self.log_gamma = nnx.Param(0.5 * jnp.log1p(-square))
        scale = jnp.repeat(jnp.asarray([(2 * inputs) ** -0.5, (2 * inputs) ** -0.5, inputs**-0.5]), hidden)
        self.input_kernel = nnx.Param(scale * jax.random.normal(rngs.params(), (inputs, 3 * hidden)))
        self.output_kernel = nnx.Param(hidden**-0.5 * jax.random.normal(rngs.params(), (2, hidden, hidden)))

    def project(self, inputs: Float[Array, "... I"]) -> Float[Array, "... 3H"]:
        """B u times gamma, real and imaginary part, and D u."""
        gamma = jnp.exp(self.log_gamma[...])
        return inputs @ (self.input_kernel[...] * jnp.concatenate([gamma, gamma, jnp.ones_like(gamma)]))

    def initial(self, batch_size: int) -> LRUCarry:
        """Zeros."""
        zeros = jnp.zeros((batch_size, self.hidden))
        return LRUCarry(zeros, zeros, zeros)

    def step(self, carry: LRUCarry, projected: Float[Array, "B 3H"]) -> LRUCarry:
        """One step of the recurrence."""
        real, imaginary, direct = jnp.split(projected, 3, axis=-1)
        state = self.eigenvalues() * jax.lax.complex(carry.real, carry.imaginary) + jax.lax.complex(real, imaginary)
        return LRUCarry(jnp.real(state), jnp.imag(state), direct)

    def parallel(
        self, projected: Float[Array, "T B 3H"], initial: LRUCarry, mask: Bool[Array, "T B 1"] | None
    ) -> LRUCarry:
        """All steps at once."""
        real, imaginary, direct = jnp.split(projected, 3, axis=-1)
        decay = jnp.broadcast_to(self.eigenvalues(), (projected.shape[0], 1, self.hidden))
        drive, start = jax.lax.complex(real, imaginary), jax.lax.complex(initial.real, initial.imaginary)
        states = linear_recurrence(decay, drive, start, mask)
        return LRUCarry(jnp.real(states), jnp.imag(states), direct)

    def output(self, carry: LRUCarry) -> Float[Array, "... H"]:
        """The activation of Re(C x) + D u."""
        real, imaginary = self.output_kernel[...]
        y = carry.real @ real - carry.imaginary @ imaginary + carry.direct
        return jax.nn.gelu(y) if self.activation == "gelu" else y

    def state(self, carry: LRUCarry) -> tuple[Float[Array, "B H"], Float[Array, "B H"]]:
        """The two parts of x."""
        return carry.real, carry.imaginary

    def with_state(self, carry: LRUCarry, state: tuple[Float[Array, "B H"], Float[Array, "B H"]]) -> LRUCarry:
        """The carry with x replaced."""
        return LRUCarry(*state, carry.direct)

    def eigenvalues(self) -> Complex[Array, " H"]:
        """The eigenvalues lambda, inside the unit circle."""
        phase, radius = jnp.exp(self.theta[...]), jnp.exp(-jnp.exp(self.nu[...]))
        return jax.lax.complex(radius * jnp.cos(phase), radius * jnp.sin(phase))
