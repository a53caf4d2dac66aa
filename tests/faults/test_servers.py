"""A real MLflow server that is down, crashes, hangs, refuses or is slow while a grid trains: again and again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.scene import sizes
from tests.faults.tally import Tally
from tests.tracking import test_server_faults as servers
from tests.tracking.faulty_proxy import Proxy

store, proxy = servers.store, servers.proxy


@pytest.mark.server
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@sizes(None, 5)
def test_servers(size: int, proxy: Proxy, store: Path, tmp_path: Path, tally: Callable[..., Tally],
                 monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    counts = tally("F9")
    for turn in range(size):
        for fault in servers.SCHEDULES:
            counts.inject(fault.replace("_", " "))
            try:
                seen = servers.go_through(fault, f"{fault}_{turn}", proxy, store, tmp_path, monkeypatch)
                servers.require_whole(seen)
                assert seen.waited < 2.0
            except AssertionError as error:
                counts.require(False, "silent", f"{fault} {turn}: {error}")
