"""Files that cannot be used are moved out of the way under names of their own, never read as data and never deleted."""

from __future__ import annotations

import time
from pathlib import Path

from seqbench.errors import StoreError
from seqbench.store.atomic import rename


def set_aside(path: Path, quarantine: Path) -> Path:
    """Move a file into the folder `quarantine`, which is made if absent, and return where it is now.

    Only for the holder of the grid's lock, and its workers.

    Raises:
        StoreError: it cannot be moved.
    """
    target = quarantine / f"{path.stem}.{time.time_ns()}{path.suffix}"
    try:
        rename(path, target)
    except StoreError as error:
        raise StoreError(f"{path} cannot be used and cannot be moved to {quarantine}: {error}") from error
    return target
