"""Every test compiles as a worker does: one thread, and the flags that halve the time of compilation.

What one test has compiled the others of this run read, in whatever process they run: a folder is made for it where the
run begins and removed where it ends, so nothing that an earlier run left can help.
"""

import os
import shutil
import tempfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from seqbench.execution.worker import SINGLE_THREAD

os.environ.update({"JAX_PLATFORMS": "cpu", **SINGLE_THREAD})

import jax

from seqbench import compilation, compilation_cache
from seqbench.errors import GridError
from seqbench.grid.read import read_grid
from seqbench.grid.spec import Grid
from seqbench.plan.plan import plan

# Machines are shared: no test depends on how fast this one is at the moment.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


COMPILED = "SEQBENCH_COMPILED_BY_TESTS"
"""The variable that names the folder of what this run has compiled."""


def pytest_configure(config: pytest.Config) -> None:
    """Keep compiled programs in a folder that the processes of `pytest-xdist` find in their environment."""
    if COMPILED not in os.environ:
        place = tempfile.mkdtemp(prefix="seqbench-compiled-")
        config.add_cleanup(lambda: shutil.rmtree(place, ignore_errors=True))
        os.environ[COMPILED] = place
        os.environ.setdefault("SEQBENCH_CACHE", f"{place}/trials")


Reader = Callable[[str], Grid]


@pytest.fixture(scope="module")
def hasty_workers():
    """Workers that compile in half the time what then runs slower: for trials of a few steps."""
    jax.devices()  # this process has read its own flags by now
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XLA_FLAGS", f"{os.environ['XLA_FLAGS']} --xla_backend_optimization_level=0")
        yield


HASTY: OrderedDict[str, jax.stages.Compiled] = OrderedDict()
"""Programs that are kept apart from those that workers would have."""


@pytest.fixture(scope="module")
def hastily_compiled():
    """What this process compiles takes less time and then runs slower: for programs that run a few times."""
    whole = jax.stages.Lowered.compile

    def hasty(self, compiler_options=None):
        return whole(self, compiler_options={**(compiler_options or {}), **compilation.QUICK})

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compilation, "_kept", HASTY)
        patch.setenv(compilation_cache.VARIABLE, f"{os.environ[COMPILED]}/hasty")
        patch.setattr(jax.stages.Lowered, "compile", hasty)
        jax.config.update("jax_disable_most_optimizations", True)
        yield
        jax.config.update("jax_disable_most_optimizations", False)


@pytest.fixture
def read(tmp_path: Path) -> Reader:
    """Read a grid from its text."""

    def read_text(text: str) -> Grid:
        path = tmp_path / "example.yaml"
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
        return read_grid(path)

    return read_text


@pytest.fixture
def error_of(read: Reader) -> Callable[[str], str]:
    """The message a grid's text is refused with, from `line:column` on."""

    def message(text: str) -> str:
        with pytest.raises(GridError) as caught:
            plan(read(text))
        file, _, rest = str(caught.value).partition("example.yaml:")
        assert Path(file).is_absolute()
        return rest

    return message
