"""Why a trial crashed, as it is kept until the trial has finished.

results/<grid>/failures/<trial>.json     {"format": ..., "trial": ..., "reason": ..., "traceback": ...}

A file that cannot be used says so where the reason would stand; nothing depends on it, and the trial runs again anyway.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

from seqbench.printable import last_line
from seqbench.store import atomic
from seqbench.store.plain_file import read_bytes

FORMAT = 2
"""Version of these files. 0 had no version, and neither it nor 1 a reason beside the traceback."""


class Failure(NamedTuple):
    """Why a trial crashed.

    reason: one line: the error with the place in the user's own code, or how its worker ended
    traceback: empty where there is none
    """

    reason: str
    traceback: str = ""


def write_failure(path: Path, failure: Failure) -> None:
    """Keep why the trial crashed that `path` is named after. Raises StoreError if the disk refuses."""
    content = {"format": FORMAT, "trial": path.stem, **failure._asdict()}
    atomic.write_text(path, json.dumps(content))


def read_failure(path: Path) -> Failure:
    """Why a trial crashed; of a file that is damaged or of a later version, that it cannot be read."""
    try:
        content = json.loads(read_bytes(path))
        if content.get("format", 0) not in range(FORMAT + 1):
            return Failure(f"{path} is of a later version of seqbench; upgrade to see why the trial crashed")
        traceback = content["traceback"]
        reason = content["reason"] if content.get("format", 0) == FORMAT else last_line(traceback)
        if isinstance(reason, str) and isinstance(traceback, str):
            return Failure(reason, traceback)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        return Failure(f"{path} is damaged ({type(error).__name__}); run the trial again to see why it crashed")
    return Failure(f"{path} is damaged; run the trial again to see why it crashed")
