"""Where the command begins: signals, streams and warnings are in order before anything slow is imported.

A fault that seqbench expects is one message and an exit code, not a traceback.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

from seqbench.commands.interrupt import Interrupted, on_termination
from seqbench.commands.streams import discard_output, open_streams
from seqbench.errors import ClusterGone, LeftOutWarning, RenamedWarning, SeqbenchError, StoreError


def main() -> None:
    """Run the command line and exit: 0, or the exit code of the error or signal that ended it."""
    try:
        with on_termination():
            open_streams()
            warnings.showwarning = partial(_show_warning, warnings.showwarning)
            _ignore_variables()
            from seqbench.cli import app

            app(standalone_mode=True)
    except ClusterGone as error:
        _say(str(error))
        sys.stdout.flush()
        os._exit(error.exit_code)  # Python's own end would wait for the cluster, or fail
    except SeqbenchError as error:
        _say(str(error))
        sys.exit(error.exit_code)
    except OSError as error:
        if error.filename is not None:
            raise
        _say(f"The output cannot be written: {error.strerror or error}.")
        discard_output()
        sys.exit(StoreError.exit_code)
    except Interrupted as interruption:
        if not interruption.announced:
            _say(f"Stopped by {interruption}.")
        sys.exit(interruption.exit_code)


def _show_warning(otherwise: Callable[..., None], message: Warning | str, category: type[Warning], *place: Any) -> None:
    """Print a notice for the user as one line without a place in seqbench's code; any other warning as Python does."""
    if issubclass(category, RenamedWarning | LeftOutWarning):
        _say(f"notice: {message}")
    else:
        otherwise(message, category, *place)


def _ignore_variables() -> None:
    """Take away the variables of JAX and Flax that would change numbers, before either is imported, and say so."""
    from seqbench.execution.jax_variables import harmful

    for name in harmful(os.environ):
        _say(f"Ignored, since it could change numbers: {name}={os.environ.pop(name)}")


def _say(line: str) -> None:
    """One line to standard error, in whatever characters it takes."""
    encoding = sys.stderr.encoding or "ascii"
    print(line.encode(encoding, "backslashreplace").decode(encoding), file=sys.stderr, flush=True)
