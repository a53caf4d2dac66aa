"""Every test compiles as a worker does: one thread, and the flags that halve the time of compilation."""

import os

import pytest

from seqbench.execution.worker import SINGLE_THREAD

os.environ.update({"JAX_PLATFORMS": "cpu", **SINGLE_THREAD})

import jax


@pytest.fixture(scope="module")
def hasty_workers():
    """Workers that compile in half the time what then runs slower: for trials of a few steps."""
    jax.devices()  # this process has read its own flags by now
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XLA_FLAGS", f"{os.environ['XLA_FLAGS']} --xla_backend_optimization_level=0")
        yield
