"""The settings of a trial as a benchmark writes them: one recurrent layer that recalls a symbol, clipped by norm."""

from __future__ import annotations

from typing import Any


def training_settings(cell: str, batch: int, length: int, width: int, *, budget: int) -> dict[str, Any]:
    """What `assemble` takes: a layer of `width` units of a cell, on sequences of `length + 1` steps."""
    return {
        "task": {"name": "delayed_recall", "settings": {"length": length, "symbols": 8}},
        "cell": {"name": cell, "settings": {}},
        "model": {"name": "stacked", "settings": {"width": width, "depth": 1}},
        "mitigations": [{"name": "clip_global_norm", "settings": {"threshold": 1.0}}],
        "training": {
            "steps": budget,
            "batch_size": batch,
            "evaluate_every": 100,
            "optimizer": {"name": "adam", "settings": {"b1": 0.9, "b2": 0.999, "eps": 1e-8}},
            "schedule": {"name": "constant", "settings": {}},
            "stop_when_solved": False,
            "validation_sequences": 1024,
            "test_sequences": 10_000,
        },
    }
