"""A file damaged in place, in each of the ways in which files are damaged."""

from __future__ import annotations

import os
import random
from pathlib import Path

HOW = ("flipped", "flipped", "flipped", "cut", "emptied", "deleted", "swapped", "link", "pipe", "folder")
"""Ways to damage a file, those that are likeliest to pass unnoticed most often.

`nested`, which no disk does by itself, is left to tests of the reader.
"""


def damage(path: Path, how: str, chance: random.Random) -> None:
    """Damage a file in place; `swapped` gives it the content of another in its folder."""
    data = bytearray(path.read_bytes())
    others = [other for other in sorted(path.parent.iterdir()) if other != path and other.is_file()]
    match how:
        case "flipped":
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
            path.write_bytes(data)
        case "cut":
            path.write_bytes(data[: chance.randrange(len(data))])
        case "emptied":
            path.write_bytes(b"")
        case "swapped":
            path.write_bytes(chance.choice(others).read_bytes())
        case "deleted":
            path.unlink()
        case "link":
            path.rename(path.parent.parent / "outside")
            path.symlink_to(path.parent.parent / "outside")
        case "pipe":
            path.unlink()
            os.mkfifo(path)
        case "folder":
            path.unlink()
            path.mkdir()
        case "nested":
            path.write_text("[" * 100_000)
