"""Whatever a grid's file holds, it is a grid or it is refused with its place."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seqbench.errors import GridError
from seqbench.grid.spec import Grid
from seqbench.plan.expand import expand_methods
from seqbench.plan.task_series import expand_tasks
from tests.grid.test_read import FULL, SMALL

WORDS = st.sampled_from(
    [
        *Grid.model_fields,
        "name",
        "steps",
        "learning_rate",
        "adding",
        "gru",
        "vanilla",
        "clip_value",
        "threshold",
        "none",
    ]
)
SCALARS = st.one_of(
    WORDS,
    st.integers(-3, 3).map(str),
    st.sampled_from(
        ["1e-3", "no", "010", ".inf", "null", "'a'", "1.5", "true", "*a", "&a b", "!!str x", "2024-01-01", ""]
    ),
    st.text(max_size=5),
)
FLOW = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]"),
        st.lists(st.tuples(WORDS, inner), max_size=3).map(
            lambda pairs: "{" + ", ".join(f"{key}: {value}" for key, value in pairs) + "}"
        ),
    ),
    max_leaves=8,
)
YAML_SHAPED = st.lists(st.tuples(WORDS, FLOW), max_size=4).map(lambda pairs: "\n".join(f"{k}: {v}" for k, v in pairs))


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """The full grid with a piece replaced."""
    start = draw(st.integers(0, len(FULL)))
    stop = draw(st.integers(start, min(start + 12, len(FULL))))
    return FULL[:start] + draw(st.one_of(SCALARS, FLOW)) + FULL[stop:]


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.one_of(st.text(max_size=60), YAML_SHAPED, YAML_SHAPED.map(lambda rest: SMALL + rest), mutated()))
def test_whatever_the_file_holds_it_is_a_grid_or_a_grid_error(read, text: str) -> None:
    refused = ""
    try:
        grid = read(text)
        methods, tasks = expand_methods(grid), expand_tasks(grid)
    except GridError as error:
        refused = str(error)
    assert ("example.yaml:" in refused) if refused else (methods and tasks)
