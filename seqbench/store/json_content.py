"""The content of the JSON files of a results folder: as JSON can hold it, and the checksum that stands beside it."""

from __future__ import annotations

import json
import math
from dataclasses import fields
from typing import Any

from seqbench.store.plain_file import digest_of


def plain(value: Any) -> Any:
    """A value as JSON can hold it: NaN and infinity become null."""
    match value:
        case float():
            return value if math.isfinite(value) else None
        case dict():
            return {str(key): plain(item) for key, item in value.items()}
        case list() | tuple():
            return [plain(item) for item in value]
    return value


def fields_of(value: Any) -> dict[str, Any]:
    """The fields of a dataclass by name: what stands for it in JSON."""
    return {field.name: getattr(value, field.name) for field in fields(value)}


def checksum(content: dict[str, Any]) -> str:
    """SHA-256 of the content of a file as canonical JSON; dataclasses in it count as the mapping of their fields."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), default=fields_of)
    return digest_of(text.encode())
