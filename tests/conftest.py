"""Every test compiles as a worker does: one thread, and the flags that halve the time of compilation."""

import os

from seqbench.execution.worker import SINGLE_THREAD

os.environ.update({"JAX_PLATFORMS": "cpu", **SINGLE_THREAD})
