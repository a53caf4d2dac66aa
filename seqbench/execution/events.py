"""What a worker reports of the trial that it trains: a small union of types, each one line of JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Literal

from seqbench.execution.messages import FORMAT, read_message
from seqbench.store.json_content import plain


@dataclass(frozen=True)
class Started:
    """The trial has begun; its programs are compiled next."""

    trial: str
    event: Literal["started"] = "started"


@dataclass(frozen=True)
class IntervalDone:
    """The trial has been evaluated, or continues from a checkpoint.

    step: training steps taken
    accuracy: on validation data; None if it is not finite
    """

    trial: str
    step: int
    accuracy: float | None
    event: Literal["interval"] = "interval"


@dataclass(frozen=True)
class Finished:
    """The trial has ended, solved or not.

    row, curve, probes: see `seqbench.schema`
    probed: names of the probes that were read
    parameters: SHA-256 of the file that holds the trained parameters, or None if they are not kept
    environment: versions and machine; see `seqbench.execution.environment`
    """

    trial: str
    row: dict[str, Any]
    curve: list[dict[str, Any]]
    probes: list[dict[str, Any]]
    probed: list[str]
    parameters: str | None
    environment: dict[str, str]
    event: Literal["finished"] = "finished"


@dataclass(frozen=True)
class Crashed:
    """The trial raised an exception or took too long, or its worker ended too often. It counts as missing.

    reason, traceback: see `seqbench.store.failures.Failure`
    """

    trial: str
    reason: str
    traceback: str = ""
    event: Literal["crashed"] = "crashed"


@dataclass(frozen=True)
class Notice:
    """A line for the user about what a worker found, such as a checkpoint that cannot be used. The trial goes on."""

    trial: str
    message: str
    event: Literal["notice"] = "notice"


@dataclass(frozen=True)
class Refused:
    """The disk or the system refused what the worker needs. The trial is not at fault, and the run cannot go on."""

    trial: str
    message: str
    event: Literal["refused"] = "refused"


Event = Started | IntervalDone | Finished | Crashed | Notice | Refused


def encode_event(event: Event) -> str:
    """The event as one line of JSON. What is not finite becomes null."""
    return json.dumps(plain({"format": FORMAT, **vars(event)}), allow_nan=False)


def decode_event(line: str) -> Event:
    """The event that a line encodes.

    Raises:
        ValueError: the line is no JSON.
        MessageError: it is no event, or was written by another version of seqbench.
    """
    found: Event = read_message(_adapter(), line)
    return found


@cache
def _adapter() -> Any:
    from pydantic import Field, TypeAdapter

    return TypeAdapter(Annotated[Event, Field(discriminator="event")])
