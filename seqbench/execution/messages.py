"""The format of the lines that a worker and its driver exchange: one JSON object a line, with a format version.

Both ends normally run the same code. They differ if seqbench is upgraded during a run: a worker started afterwards
runs the new code, and must be refused rather than misread.
"""

from __future__ import annotations

import json
from typing import Any

from seqbench.errors import MessageError

FORMAT = 5
"""Version of jobs and events; raised when a field changes its meaning, is added or is removed."""


def read_message(adapter: Any, line: str) -> Any:
    """The value of a pydantic `TypeAdapter` that a line encodes.

    Raises:
        ValueError: the line is not JSON, for example because the process that wrote it was killed within the line.
        MessageError: it is JSON of another format.
    """
    from pydantic import ValidationError

    content = json.loads(line)
    try:
        if content.pop("format") != FORMAT:
            raise MessageError(_ADVICE)
        return adapter.validate_python(content)
    except (ValidationError, AttributeError, KeyError) as error:
        raise MessageError(f"{_ADVICE} ({error})") from error


_ADVICE = "The run and its worker have different versions of seqbench; was it upgraded meanwhile? Run the grid again."
