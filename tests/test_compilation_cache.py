"""Compiled programs on disk: the same bits as fresh ones, and no way in which a bad folder or entry stops training."""

import os
import pickle
import subprocess
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from typer.testing import CliRunner

from seqbench import compilation, compilation_cache
from seqbench.cli import app
from seqbench.commands import run
from seqbench.compilation import Name, compiled
from seqbench.compilation_cache import VARIABLE, load, problem, save, size

NUMBERS = np.linspace(0, 1, 7, dtype=np.float32)


def wave(x):
    return jnp.tanh(x) @ jnp.outer(x, x) + jnp.sum(jnp.sin(x))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, str(tmp_path / "cache"))
    monkeypatch.setattr(compilation, "_kept", type(compilation._kept)())
    return tmp_path / "cache"


@pytest.fixture
def count(monkeypatch):
    """How often XLA was asked to compile since the last call."""
    asked, real = [], jax.stages.Lowered.compile
    monkeypatch.setattr(jax.stages.Lowered, "compile", lambda self, **how: asked.append(1) or real(self, **how))

    def since():
        number = len(asked)
        asked.clear()
        return number

    return since


def obtain():
    """The program as a new process gets it: nothing is kept in memory."""
    compilation._kept.clear()
    return np.asarray(compiled(wave, NUMBERS, name=Name("wave"))(NUMBERS))


def entries(folder):
    return list((folder / "programs").iterdir())


def test_a_program_from_disk_gives_the_bits_of_a_fresh_one_and_compiles_nothing(folder, count, monkeypatch):
    first = obtain()
    assert count() == 1
    again = obtain()
    assert count() == 0
    monkeypatch.setenv(VARIABLE, "off")
    fresh = obtain()
    assert count() == 1
    assert first.tobytes() == again.tobytes() == fresh.tobytes()


def test_where_jax_keeps_programs_none_is_saved_a_second_time(folder, tmp_path):
    jax.config.update("jax_compilation_cache_dir", str(tmp_path / "jax"))
    try:
        np.testing.assert_array_equal(obtain(), np.asarray(wave(NUMBERS)))
    finally:
        jax.config.update("jax_compilation_cache_dir", None)
    assert not (folder / "programs").exists()


def test_a_name_that_does_not_last_and_a_program_of_other_code_are_not_taken_from_disk(folder, count, monkeypatch):
    compiled(wave, NUMBERS, name=Name("mine:wave", lasting=False))
    compilation._kept.clear()
    count()
    compiled(lambda x: 2 * wave(x), NUMBERS, name=Name("mine:wave", lasting=False))
    assert count() == 1
    obtain()
    monkeypatch.setattr(compilation, "_surroundings", lambda: "another-version")
    count()
    obtain()
    assert count() == 1


def truncate(path):
    path.write_bytes(path.read_bytes()[:100])


def flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def empty(path):
    path.write_bytes(b"")


def make_folder(path):
    path.unlink()
    (path / "within").mkdir(parents=True)


def what_xla_refuses(path):
    """Intact to the checksum, but no program."""
    content = pickle.loads(path.read_bytes()[compilation_cache.DIGEST :])
    path.unlink()
    save(path.parents[1], path.name, pickle.dumps((b"no machine code", *content[1:])))


def what_python_refuses(path):
    path.unlink()
    save(path.parents[1], path.name, b"no pickle")


@pytest.mark.parametrize("damage", [truncate, flip, empty, make_folder, what_xla_refuses, what_python_refuses])
def test_a_damaged_entry_is_compiled_anew_and_replaced_where_it_can_be(folder, count, damage):
    sound = obtain()
    [entry] = entries(folder)
    damage(entry)
    count()
    assert obtain().tobytes() == sound.tobytes()
    assert count() == 1
    obtain()
    assert count() == (1 if damage is make_folder else 0)
    assert [path.name for path in entries(folder)] == [entry.name]  # and no part of a file beside it


def test_what_was_used_longest_ago_goes_when_the_folder_is_full(folder, monkeypatch):
    kept = 100 + compilation_cache.DIGEST
    monkeypatch.setattr(compilation_cache, "MAX_BYTES", 3 * kept)
    for age, name in enumerate(("a", "b", "c"), start=-3):
        save(folder, name, b"x" * 100)
        os.utime(folder / "programs" / name, (1e9 + age, 1e9 + age))
    assert load(folder, "a") == b"x" * 100  # used just now
    save(folder, "d", b"x" * 100)
    assert sorted(path.name for path in entries(folder)) == ["a", "c", "d"]
    assert size(folder) == (3, 3 * kept)


def test_a_folder_that_cannot_be_written_is_told_in_one_line_and_done_without(tmp_path, monkeypatch, count):
    (tmp_path / "file").touch()
    monkeypatch.setenv(VARIABLE, str(tmp_path / "file" / "cache"))
    monkeypatch.setattr(compilation, "_kept", type(compilation._kept)())
    line = problem()
    assert str(tmp_path / "file" / "cache") in line
    assert "\n" not in line
    assert obtain().shape == obtain().shape == NUMBERS.shape
    assert count() == 2
    monkeypatch.setenv(VARIABLE, "off")
    assert problem() is None


PROCESS = """
import time
from pathlib import Path
import jax
from seqbench.compilation import Name, compiled
real = jax.stages.Lowered.compile
def slow(self, **how):
    print("compiles", flush=True)
    while not Path("go").exists():
        time.sleep(0.01)
    return real(self, **how)
jax.stages.Lowered.compile = slow
print("ready", flush=True)
input()
compiled(lambda x: x + 1, 1.0, name=Name("plus"))
print("has it", flush=True)
"""


def test_of_two_processes_one_compiles_and_the_other_waits_and_reads(folder, tmp_path):
    environment = {**os.environ, "PYTHONPATH": str(Path(compilation.__file__).parents[1])}
    one, other = (
        subprocess.Popen([sys.executable, "-c", PROCESS], cwd=tmp_path, env=environment, text=True,
                         stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for _ in range(2)
    )  # fmt: skip
    for process in (one, other):
        assert process.stdout.readline() == "ready\n"
    one.stdin.write("\n")
    one.stdin.flush()
    assert one.stdout.readline() == "compiles\n"
    other.stdin.write("\n")
    other.stdin.flush()
    (tmp_path / "go").touch()
    assert (one.communicate(timeout=60)[0], one.returncode) == ("has it\n", 0)
    assert (other.communicate(timeout=60)[0], other.returncode) == ("has it\n", 0)


def test_the_version_names_the_cache_and_its_size(folder):
    save(folder, "entry", b"x" * 2**20)
    for order in (["--version", "-v"], ["-v", "--version"]):
        said = CliRunner().invoke(app, order).output
        assert f"{folder}: 1, 1.0 MiB of 1,024 at most" in said.replace("\n", "")
        assert "jaxlib" in said
    assert "jaxlib" not in CliRunner().invoke(app, ["--version"]).output


def test_a_flag_of_run_switches_the_cache_off_for_its_workers(folder, monkeypatch):
    seen = []
    monkeypatch.setattr(run, "run", lambda *given, **more: seen.append(os.environ[VARIABLE]))
    CliRunner().invoke(app, ["run", "quickstart"], catch_exceptions=False)
    CliRunner().invoke(app, ["run", "quickstart", "--no-cache"], catch_exceptions=False)
    assert seen == [str(folder), "off"]
