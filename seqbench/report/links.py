"""Addresses inside the page: every number leads to the trials it rests on."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from seqbench.report.evidence import Evidence


def trials(evidence: Evidence, *, task: str | None = None, method: str | None = None, **columns: Any) -> str:
    """The address that shows the trials with these values; methods and tasks go by number, never by name."""
    query: dict[str, Any] = {}
    if task is not None:
        query["task"] = evidence.tasks.index(task)
    if method is not None:
        query["method"] = evidence.place(method)
    return f"#trials?{urlencode(query | columns)}"
