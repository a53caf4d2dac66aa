"""Where a module is found, without importing it or the packages around it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from seqbench.components.own_code import find_spec, module_of


def test_a_module_in_a_package_is_found_and_neither_is_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "strangers"
    package.mkdir()
    (package / "__init__.py").write_text("raise RuntimeError('imported')")
    (package / "inner.py").write_text("raise RuntimeError('imported')")
    monkeypatch.syspath_prepend(tmp_path)
    spec = find_spec("strangers.inner")
    assert spec is not None
    assert spec.origin == str(package / "inner.py")
    assert find_spec("strangers.other") is None
    assert find_spec("strangers.inner.more") is None
    assert "strangers" not in sys.modules


@pytest.mark.parametrize(
    ("name", "module"), [("mine:cell", "mine"), ("a.b:c", "a.b"), ("../mine:cell", ""), ("a..b:c", ""), ("gru", "")]
)
def test_only_a_name_that_can_be_imported_has_a_module(name: str, module: str) -> None:
    assert module_of(name) == module
