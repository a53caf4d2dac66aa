"""Grids that nobody meant to write: each is read as it was meant, or refused with its place, quickly and in bounds."""

from __future__ import annotations

import itertools
import json
import random
import resource
import time
import unicodedata
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import yaml
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from seqbench.errors import GridError
from seqbench.grid.read import read_grid
from seqbench.plan.expand import expand_methods
from seqbench.plan.plan import plan
from seqbench.plan.task_series import expand_tasks
from tests.faults.commands import Commands, options
from tests.faults.scene import RECORDED, sizes
from tests.faults.tally import Tally
from tests.grid.test_any_text import SMALL, YAML_SHAPED, mutated

MEGABYTE = 2**20


def met(counts: Tally, path: Path, text: str, what: str) -> str:
    """Read and expand a grid; the error, or an empty text. Counts what must not happen."""
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    began, before = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        grid = read_grid(path)
        expand_methods(grid), expand_tasks(grid)
        refused = ""
    except GridError as error:
        refused = str(error)
        counts.require(path.name in refused, "silent", f"{what}: {refused[:500]}")
    except Exception as error:  # noqa: BLE001 - any other error is what is looked for
        refused = repr(error)
        counts.require(False, "tracebacks", f"{what} {text[:500]!r}: {refused[:500]}")
    counts.most("CPU seconds of one grid", time.process_time() - began)
    counts.most("MB of memory more", (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)
    return refused


@sizes(None, 2000)
def test_fuzzed_grids(size: int, tmp_path: Path, tally: Callable[..., Tally]) -> None:
    counts, path = tally("F16"), tmp_path / "fuzzed.yaml"
    texts = st.one_of(st.text(max_size=60), YAML_SHAPED, YAML_SHAPED.map(lambda rest: SMALL + rest), mutated())

    @settings(max_examples=size, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @seed(16)
    @given(text=texts)
    def fuzz(text: str) -> None:
        counts.inject("refused" if met(counts, path, text, "fuzzed") else "a grid")

    fuzz()


BOMBS = {
    "alias bomb": "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
    + "".join(f"{b}: &{b} [{', '.join([f'*{a}'] * 10)}]\n" for a, b in itertools.pairwise("abcdefghi")),
    "list in itself": "question: &a [*a]\n",
    "10^6-character key": f"{'k' * 10**6}: 1\n",
    "10 MB": f"question: {'x' * 10 * MEGABYTE}\n",
    "list of 5 * 10^5": f"lengths: [{', '.join(['5'] * 500_000)}]\n",
    "number of 10^4 digits": f"question: q\nseeds: {'9' * 10_000}\n",
    "tag of Python": "question: !!python/object/apply:os.system [touch run]\n",
    **{f"depth {depth}": f"question: {'[' * depth}{']' * depth}\n" for depth in (100, 1000, 10_000, 100_000)},
    **{f"mapping of depth {depth}": f"question: {'{a: ' * depth}1{'}' * depth}\n" for depth in (100, 1000, 10_000)},
}


@sizes(None, 1)
def test_bombs(size: int, tmp_path: Path, tally: Callable[..., Tally]) -> None:
    counts = tally("F17")
    for name, text in BOMBS.items():
        counts.inject(name)
        counts.require(met(counts, tmp_path / "bomb.yaml", text, name), "silent", f"{name} was taken for a grid")
    counts.require(not Path("run").exists(), "silent", "code of a grid was run")
    counts.require(counts.measured["MB of memory more"] <= 200, "silent", "memory")


TRAPS = {
    "1e-3": (0.001, None), "1.0e-3": (0.001,), "010": (10, None), "0x10": (16, None), "0o10": (8, None),
    "12:30:45": (None,), "2024-01-01": (None,), ".nan": (None,), "-.inf": (None,), "1_000": (1000, None),
    "no": (None,), "on": (None,), "yes": (None,), "~": (None,), '"0.001"': (None,), "[0.001]": (None,), "{}": (None,),
    "0.001 0.002": (None,), "1,5": (None,), "+1.0": (1.0, None), "1.": (1.0, None), ".5": (0.5, None),
}  # fmt: skip
"""How a learning rate may be written, and what may be read: a number, or None for an error."""


@sizes(None, 1)
def test_type_traps(size: int, tmp_path: Path, tally: Callable[..., Tally]) -> None:
    counts, path = tally("F18"), tmp_path / "trap.yaml"
    for text, allowed in TRAPS.items():
        counts.inject(f"`{text}`")
        refused = met(counts, path, f"{SMALL}training: {{learning_rate: {text}}}\n", text)
        value = None if refused else read_grid(path).training.learning_rate
        counts.require(any(value == one for one in allowed), "silent", f"{text} was read as {value!r}")
    for text in (
        "",
        "question: q\nquestion: r\n",
        f"{SMALL}lenghts: [5]\n",
        f"{SMALL}training: {{step: 5}}\n",
        "[]",
        "x",
    ):
        counts.inject("duplicate, unknown or missing keys")
        counts.require(met(counts, path, text, text), "silent", f"{text!r} was taken for a grid")


ODD = (
    "../x", "/etc/x", "~", "a\0b", "a\nb", "CON", "x" * 300, "\U0001f600", "\u202eabc", "e\u0301", "\xe9", "A", "a",
    "<script>alert(1)</script>", '"onerror=', "{{7*7}}", "=cmd()", "-rf", "@x", "+1", "a|b", "`b`", "[x](y)", "%20",
)  # fmt: skip
NAMES = st.one_of(
    st.sampled_from(ODD),
    st.text(min_size=1, max_size=30),
    st.tuples(st.sampled_from(ODD), st.text(max_size=5)).map("".join),
)
PER_GRID = 40


@sizes(None, 1000)
def test_names(size: int, commands: Commands, tmp_path: Path, tally: Callable[..., Tally]) -> None:
    """Names of methods: refused with their place, or shown as text and nothing else, in no file's name."""
    counts, taken = tally("F19"), dict[str, str]()

    @settings(max_examples=size, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @seed(19)
    @given(name=NAMES)
    def look(name: str) -> None:
        counts.inject("a name")
        text = grid_of([name])
        if not met(counts, tmp_path / "name.yaml", text, repr(name)):
            taken.setdefault(unicodedata.normalize("NFKC", name).casefold(), name)  # twins are refused in one grid

    look()
    counts.measured["names that are taken"] = len(taken)
    for start in range(0, len(taken), PER_GRID):
        results, path = tmp_path / "results", tmp_path / f"names{start}.yaml"
        path.write_text(grid_of([*taken.values()][start : start + PER_GRID]))
        done = commands.run("run", path, *options(results), replay=str(RECORDED))
        counts.require(done.code == 0 and not done.raised, "tracebacks", done.said[-1500:])
        page = Page()
        page.feed((results / path.stem / "report.html").read_text())
        counts.require(not page.handlers, "silent", f"{path.name}: {page.handlers}")
    written = {path.relative_to(tmp_path).parts[0] for path in tmp_path.rglob("*")}
    counts.require(all(name.endswith(".yaml") or name == "results" for name in written), "silent", str(written))
    cells = [line for path in tmp_path.rglob("*.csv") for line in path.read_text().splitlines()]
    counts.require(
        not any(line.startswith(("=", "+", "@")) for line in cells), "silent", "a cell of a table is a formula"
    )


class Page(HTMLParser):
    """Attributes of a page that run code, and scripts that came from a name."""

    def __init__(self) -> None:
        super().__init__()
        self.handlers: list[str] = []
        self._in_script = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._in_script = tag == "script"
        self.handlers += [name for name, _ in attrs if name.startswith("on")]

    def handle_data(self, data: str) -> None:
        if self._in_script and data.lstrip().startswith("alert"):
            self.handlers.append(data)


def grid_of(names: list[str]) -> str:
    """A grid of a method for each name."""
    methods = [
        {"name": name, "mitigations": [{"clip_global_norm": {"threshold": 0.1 + place}}]}
        for place, name in enumerate(names)
    ]
    head = {
        "question": "q",
        "tasks": ["delayed_recall"],
        "lengths": [2],
        "seeds": 1,
        "model": {"stacked": {"width": 4}},
    }
    return yaml.safe_dump(head | {"methods": methods}, allow_unicode=True)


HUGE = "question: q\ntasks: [delayed_recall]\nlengths: [2]\nseeds: {seeds}\nmodel: {{stacked: {{width: 4}}}}\n"


@sizes(None, 1)
def test_huge_grids(size: int, commands: Commands, tmp_path: Path, tally: Callable[..., Tally]) -> None:
    counts, path = tally("F21"), tmp_path / "huge.yaml"
    for seeds, code in ((1_000_000, 0), (1_000_000_000, 2)):
        counts.inject(f"{seeds:,} trials")
        path.write_text(HUGE.format(seeds=seeds))
        began = time.monotonic()
        done = commands.run("plan", path, "--results", tmp_path)
        counts.measured[f"seconds to plan {seeds:,}"] = round(time.monotonic() - began, 1)
        counts.require(done.code == code and f"{seeds:,}" in done.said, "silent", done.said[-500:])
        counts.require(not done.raised, "tracebacks", done.said[-500:])


@sizes(None, 1000)
def test_identity(size: int, tmp_path: Path, tally: Callable[..., Tally]) -> None:
    """Another spelling of a grid gives the same trials, and a change of one setting others."""
    counts, chance, path = tally("F22"), random.Random(22), tmp_path / "same.yaml"
    content = {
        "question": "q", "tasks": [{"delayed_recall": {"symbols": 4}}], "lengths": [3, 5], "seeds": 2,
        "cell": {"gru": {}}, "model": {"stacked": {"width": 8}},
        "mitigations": [{"clip_value": {"threshold": 1.0}}],
        "training": {"learning_rate": 0.001, "steps": 100, "batch_size": 16, "optimizer": {"adam": {"b1": 0.9}}},
    }  # fmt: skip
    path.write_text(yaml.safe_dump(content))
    expected = {trial.id for trial in plan(read_grid(path)).trials}
    changes = {
        ("training", "learning_rate"): lambda: 10 ** chance.uniform(-5, -1),
        ("training", "steps"): lambda: chance.randint(101, 999),
        ("training", "batch_size"): lambda: chance.randint(17, 99),
        ("training", "optimizer", "adam", "b1"): lambda: chance.uniform(0.1, 0.8),
        ("model", "stacked", "width"): lambda: chance.randint(9, 99),
        ("tasks", 0, "delayed_recall", "symbols"): lambda: chance.randint(5, 16),
        ("mitigations", 0, "clip_value", "threshold"): lambda: chance.uniform(1.1, 9),
    }
    for place in range(size):
        other = json.loads(json.dumps(content))
        if place % 2:
            keys = chance.choice(sorted(changes, key=str))
            inner = other
            for key in keys[:-1]:
                inner = inner[key]
            inner[keys[-1]] = changes[keys]()
        path.write_text(respelled(other, chance))
        found = {trial.id for trial in plan(read_grid(path)).trials}
        counts.inject("a setting changed" if place % 2 else "another spelling")
        good = not found & expected if place % 2 else found == expected
        counts.require(good, "silent" if place % 2 else "doubled", path.read_text())


def respelled(value: dict, chance: random.Random) -> str:
    """A document in another order of keys, in another style, with comments."""

    def shuffled(inner):
        if isinstance(inner, dict):
            items = [(key, shuffled(each)) for key, each in inner.items()]
            chance.shuffle(items)
            return dict(items)
        return [shuffled(each) for each in inner] if isinstance(inner, list) else inner

    text = yaml.safe_dump(shuffled(value), sort_keys=False, default_flow_style=chance.choice([True, False, None]))
    return f"# {chance.random()}\n{text}\n"
