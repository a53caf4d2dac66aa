"""What a result depends on besides its settings: versions, processor, number of threads.

Bits are promised to be equal on one machine type with one set of versions. Every trial therefore carries the
fingerprint of its environment, and a report never mixes fingerprints silently.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import subprocess
from collections.abc import Mapping
from functools import cache
from importlib.metadata import version
from pathlib import Path

from seqbench import compilation_cache

PACKAGES = ("seqbench", *compilation_cache.PACKAGES)


@cache
def environment() -> dict[str, str]:
    """Versions of the packages that make the numbers, the processor with its vector extensions, and the XLA flags."""
    import jax

    return {
        **{package: version(package) for package in PACKAGES},
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        "vector_extensions": " ".join(_vector_extensions()),
        "device": jax.devices()[0].device_kind,
        "xla_flags": os.environ.get("XLA_FLAGS", ""),
    }


def fingerprint(of: Mapping[str, str]) -> str:
    """Eight characters that stand for an environment."""
    return hashlib.sha256(json.dumps(of, sort_keys=True).encode()).hexdigest()[:8]


@cache
def revision(folder: Path) -> str | None:
    """The Git commit that `folder` is in, with `+` if files below it differ; None outside a checkout.

    Results beside it do not count: a run writes them.
    """

    def git(*words: str) -> str | None:
        try:
            done = subprocess.run(["git", "-C", str(folder), *words], capture_output=True, text=True, check=True)
        except (OSError, subprocess.CalledProcessError):
            return None  # no Git, or no checkout: then there is no revision to name
        return done.stdout.strip()

    commit = git("rev-parse", "--short=12", "HEAD")
    return commit and commit + ("+" if git("status", "--porcelain", "--untracked-files=no", ".") else "")


def _cpuinfo(field: str) -> str:
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.exists() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(field)), "")


def _processor() -> str:
    return _cpuinfo("model name") or platform.processor() or platform.machine()


def _vector_extensions() -> list[str]:
    wanted = ("sse4_2", "avx", "avx2", "fma", "avx512", "amx", "asimd", "sve")
    return sorted(flag for flag in _cpuinfo("flags").split() if flag.startswith(wanted))
