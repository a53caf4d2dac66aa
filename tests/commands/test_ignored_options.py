"""Options that a command would not look at are refused: nobody learns from a result that they changed nothing."""

import pytest
from typer.testing import CliRunner

from seqbench.cli import app
from seqbench.errors import UsageError

IGNORED = [
    ("probe quickstart --task adding --mitigation residual", "leave out --task, --mitigation"),
    ("probe quickstart --cell gru", "What is probed are the methods of quickstart on its tasks: leave out --cell"),
    (
        "probe --cell gru --set training.steps=5",
        "Without a grid there is nothing to replace or to name: leave out --set",
    ),
    ("power --set training.steps=5 --name mine", "leave out --set, --name"),
    ("power quickstart --rate 0.0", "leave out --rate"),
    ("ui --name mine", "leave out --name"),
    ("verify quickstart --trial ab12 --n 5", "With --trial one trial is trained again: leave out --n"),
    ("replicate --all --judge-only --workers 2 --from-tables", "trained: leave out --workers, --from-tables"),
    ("replicate --no-tracking", "without a claim's name, nothing is trained: leave out --no-tracking"),
    ("run quickstart --no-tracking --tracking-uri sqlite:///a.db", "nothing is mirrored: leave out --tracking-uri"),
    ("retry quickstart --no-tracking --tracking-uri sqlite:///a.db", "leave out --tracking-uri"),
    ("replicate lstm_adding --no-tracking --tracking-uri sqlite:///a.db", "leave out --tracking-uri"),
    (
        "retry quickstart --diverged --no-tracking",
        "With --diverged no result changes, and nothing is mirrored: leave out",
    ),
    ("retry quickstart --diverged --tracking-uri sqlite:///a.db", "leave out --tracking-uri"),
]


@pytest.mark.parametrize(("typed", "said"), IGNORED)
def test_an_option_that_would_be_ignored_is_refused(typed, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError) as refused:
        CliRunner().invoke(app, typed.split(), catch_exceptions=False)
    assert said in str(refused.value)
    assert refused.value.exit_code == 2
