"""What is said of an exception: the error and the user's own line first, and nothing that JAX adds about itself."""

import importlib.util
import sys

import jax
import pytest

from seqbench.components.carried import MAIN, define, module_of
from seqbench.execution.crash import LONGEST, failure

MINE = """
import jax
import jax.numpy as jnp


def loss(x):
    if jnp.sum(x) > 0:
        return x
    return -x


def traced():
    return jax.jit(lambda x: jax.lax.scan(lambda c, _: (loss(c), None), x, None, length=3))(jnp.ones(2))


def raised():
    return {}["missing"]


def silent():
    raise ValueError


def again():
    try:
        traced()
    except Exception as error:
        raise RuntimeError("it went wrong\\nin two lines") from error


def endless():
    raise ValueError("x" * 10_000)
"""


@pytest.fixture
def mine(tmp_path, monkeypatch):
    """A module of the user's own, in the current folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(MINE)
    spec = importlib.util.spec_from_file_location("mine", tmp_path / "mine.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def of(function):
    with pytest.raises(Exception) as caught:  # noqa: PT011 - each kind of error
        function()
    return failure(caught.value)


def test_an_error_in_a_traced_function_leads_with_its_own_line_and_not_with_jax(mine):
    found = of(mine.traced)
    assert found.reason.startswith("TracerBoolConversionError: Attempted boolean conversion of traced array")
    assert found.reason.endswith("(mine.py, line 7, in loss)")
    assert "\n" not in found.reason
    assert "JAX_TRACEBACK_FILTERING" not in found.traceback
    assert found.traceback.startswith("Traceback")


def test_jax_still_adds_the_note_that_is_left_out(mine):
    """If this fails, JAX words its note differently, and `JAX_NOTE` has to follow."""
    assert jax.config.jax_traceback_filtering == "auto"
    with pytest.raises(jax.errors.TracerBoolConversionError) as caught:
        mine.traced()
    assert any("JAX_TRACEBACK_FILTERING" in note for note in caught.value.__notes__)


def test_notes_of_what_led_to_an_error_are_left_out_too(mine):
    found = of(mine.again)
    assert found.reason == "RuntimeError: it went wrong (mine.py, line 28, in again)"
    assert "TracerBoolConversionError" in found.traceback
    assert "JAX_TRACEBACK_FILTERING" not in found.traceback


def test_plain_errors(mine):
    assert of(mine.raised).reason == "KeyError: 'missing' (mine.py, line 17, in raised)"
    assert of(mine.silent).reason == "ValueError (mine.py, line 21, in silent)"
    assert of(mine.endless).reason == f"ValueError: {'x' * LONGEST} (mine.py, line 32, in endless)"


def test_an_error_in_a_function_of_a_notebook_names_it():
    name = f"{MAIN}:half"
    define(name, "def half(x):\n    return x / 0\n")
    assert (
        of(lambda: module_of(name).half(1)).reason == f"ZeroDivisionError: division by zero (<{name}>, line 2, in half)"
    )


def test_an_error_of_an_installed_package_names_the_line_that_called_it(mine):
    def calls():
        return jax.numpy.zeros(2) @ jax.numpy.zeros(3)

    line = calls.__code__.co_firstlineno + 1
    assert of(calls).reason.endswith(f"test_crash.py, line {line}, in calls)")


def test_an_error_without_a_traceback():
    assert failure(SystemError("x")).reason == "SystemError: x"
    assert sys.exc_info() == (None, None, None)
