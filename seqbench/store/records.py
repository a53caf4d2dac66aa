"""What is kept of a finished trial, and the check that a stored one still has that shape.

Records are read by every part of seqbench, and a folder may hold records of an older or newer version. What does
not have the shape below is refused here, whole, so that no reader meets an absent key or a value of another type.
Columns of `seqbench.schema` that an older version did not write are not required: they are missing values.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from seqbench.errors import LaterFormat, SeqbenchError, StoreError
from seqbench.large_loss import KIND, LIMIT, large_loss_since
from seqbench.schema import CURVE_COLUMNS, OUTCOMES, PROBE_COLUMNS, RESULT_COLUMNS, DataColumn
from seqbench.store.json_content import checksum, plain
from seqbench.store.plain_file import NotPlainFile, read_bytes

FORMAT = 1
"""Version of trial files; raised when a field changes its meaning, is added or is removed. 0 had no version."""


class UnusableRecord(SeqbenchError):
    """A trial file that is damaged or of another shape; its trial is trained again."""


@dataclass(frozen=True)
class Record:
    """A finished trial.

    trial: its identity
    settings: its complete settings; see `seqbench.components.assemble`
    row: what became of it, by the columns of `seqbench.schema.RESULT_COLUMNS` that training measures
    environment: versions and machine; see `seqbench.execution.environment`
    curve, probes: one mapping per evaluation and per measurement, by the columns of `seqbench.schema`
    probed: labels of the probes that were read
    parameters: SHA-256 of the file that holds its trained parameters, or None if they were not kept
    """

    trial: str
    settings: dict[str, Any]
    row: dict[str, Any]
    environment: dict[str, str]
    curve: list[dict[str, Any]]
    probes: list[dict[str, Any]]
    probed: list[str]
    parameters: str | None


def encode_record(record: Record) -> str:
    """The text of a trial file. What is not finite becomes null."""
    content = plain(vars(record))
    return json.dumps({"format": FORMAT, "checksum": checksum(content), "record": content}, allow_nan=False)


def read_record(path: Path) -> Record:
    """The record of a trial file.

    Raises:
        UnusableRecord: it is damaged, of another trial, or of another shape; says which.
        StoreError: it cannot be read. LaterFormat: a later version of seqbench wrote it.
        FileNotFoundError: it is not there.
    """
    try:
        data = read_bytes(path)
    except NotPlainFile as error:
        raise UnusableRecord("is not a plain file") from error
    except FileNotFoundError:
        raise
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error.strerror}. Repair it, or remove it and run again.") from error
    return decode_record(data, path.stem)


def decode_record(text: bytes, trial: str) -> Record:
    """The record of a trial that the text of its file holds. Raises UnusableRecord."""
    try:
        file = json.loads(text)
        content = file["record"]
        intact = file["checksum"] == checksum(content) and content["trial"] == trial
    except (ValueError, KeyError, TypeError, RecursionError):
        intact = False
    if not intact:
        raise UnusableRecord("failed its checksum")
    return _decoded(content, file.get("format", 0))


def _decoded(content: dict[str, Any], version: Any) -> Record:
    """The record with this content, if it has the shape of one."""
    from pydantic import ValidationError

    if isinstance(version, int) and version > FORMAT:
        raise LaterFormat(f"the file of trial {content['trial']}", version, FORMAT)
    if version not in (0, FORMAT):
        raise UnusableRecord(f"has format {version}, which no version of seqbench writes")
    try:
        _shape().model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise UnusableRecord(f"has the shape of another version of seqbench ({place}: {first['msg']})") from error
    record = Record(**{name: content[name] for name in Record.__dataclass_fields__})
    require_divergence_by_rule(record.row, record.curve)
    return record


def require_divergence_by_rule(row: Mapping[str, Any], curve: Sequence[Mapping[str, Any]]) -> None:
    """Refuse a record of a version by whose rule a loss that is too large counted as diverged where it does not now.

    Or did not where it does. A trial that was stopped for its loss alone must have had to stop there: before its
    budget, and neither stuck nor solved before.
    """
    trivial = row.get("trivial_loss")
    since = large_loss_since(curve, trivial, ended=True)
    if since is not None and row["outcome"] != "diverged":
        raise UnusableRecord(
            f"is of a version of seqbench that did not count it as diverged, though from step {since} on its loss "
            f"stayed above {LIMIT:,.0f} times that of the trivial predictor"
        )
    others = row.get("stuck_at") is not None or row.get("solved_at") is not None
    ended = others or row["steps"] >= (row.get("budget") or 0)
    if row.get("diverged_kind") == KIND and large_loss_since(curve, trivial, ended=ended) is None:
        raise UnusableRecord(
            f"is of a version of seqbench that counted a loss above {LIMIT:,.0f} times that of the trivial predictor "
            "as diverged although it had just fallen"
        )


@cache
def _shape() -> Any:
    """The pydantic model of a record. Values are checked and never converted: they stay as they were written."""
    from pydantic import create_model

    row = _row_shape("Row", RESULT_COLUMNS, outcome=(Literal[OUTCOMES], ...), steps=(int, ...),
                     accuracy_by_distance=_BY_DISTANCE)  # fmt: skip
    evaluation, measurement = evaluation_shape(), measurement_shape()
    return create_model(
        "RecordShape",
        trial=(str, ...),
        settings=(dict[str, Any], ...),
        row=(row, ...),
        environment=(dict[str, str], ...),
        curve=(list[evaluation], ...),  # type: ignore[valid-type]
        probes=(list[measurement], ...),  # type: ignore[valid-type]
        probed=(list[str], ...),
        parameters=(str | None, ...),
    )


_BY_DISTANCE: Any = (dict[int, float | None], {})


def evaluation_shape() -> Any:
    """The pydantic model of a row of a curve."""
    return _row_shape("Evaluation", CURVE_COLUMNS, step=(int, ...), accuracy_by_distance=_BY_DISTANCE)


def measurement_shape() -> Any:
    """The pydantic model of what a probe measured."""
    return _row_shape("Measurement", PROBE_COLUMNS, step=(int, ...), probe=(str, ...), value=(float | None, ...))


def _row_shape(name: str, columns: dict[str, DataColumn], **required: Any) -> Any:
    """The pydantic model of a row: columns that may be absent, but for those `required`; others are not looked at."""
    from pydantic import create_model

    types: dict[str, Any] = {"text": str | None, "count": int | None, "number": float | None}
    optional = {column.name: (types[column.kind], None) for column in columns.values()}
    return create_model(name, **(optional | required))
