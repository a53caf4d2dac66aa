"""Settings as text in one form only, so that equal settings have equal names and hashes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any


def canonical(value: Any) -> str:
    """JSON in one form only: sorted keys, no spaces, shortest numbers. NaN is refused; infinity is `Infinity`."""
    return json.dumps(_unsigned_zero(value), sort_keys=True, separators=(",", ":"))


def _unsigned_zero(value: Any) -> Any:
    """-0.0 as 0.0: they are equal, so they must not give two identities."""
    if isinstance(value, float):
        if value != value:
            raise ValueError("a setting that is not a number cannot identify a trial")
        return value + 0.0
    if isinstance(value, Mapping):
        return {key: _unsigned_zero(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_unsigned_zero(item) for item in value]
    return value


def digest(text: str) -> str:
    """16 hexadecimal digits: 64 bits, for which two of a million trials coincide with a chance of 3 in 10^8."""
    return blake2b(text.encode(), digest_size=8).hexdigest()
