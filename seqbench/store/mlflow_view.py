"""The first screen of the MLflow UI: which charts stand there, and the link that opens them at once.

A saved view is an experiment tag that holds the state of the page. Its form is not documented; it was read off
MLflow 3.17 and is tested in a browser. Without it the page still draws every metric of the first ten runs.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Sequence
from typing import Any

VIEW_KEY = "seqbench"
VIEW_TAG = f"mlflow.sharedViewState.{VIEW_KEY}"
SECTION = "Step = dependency length"

BY_DISTANCE = "gradient_by_distance"
"""The gradient before training, whose step is the distance from the loss."""

LINES = {
    "accuracy_vs_length": "linear",
    "solve_rate_vs_length": "linear",
    BY_DISTANCE: "log",
    "worst_seed_accuracy_vs_length": "linear",
    "gradient_norm_vs_length": "log",
    "diverged_share_vs_length": "linear",
    "seeds_vs_length": "linear",
}
"""Metrics whose step is the dependency length (of one, the distance), in the order of the page; scale of the y-axis."""

BARS = ("longest_length_solved",)


def saved_view(methods: int, created: int) -> str:
    """Value of `VIEW_TAG`: accuracy against dependency length first, every one of `methods` runs shown.

    created: milliseconds since 1970; fixed for an experiment, so that the tag never changes by itself
    """
    state: dict[str, Any] = {
        "runsHiddenMode": "SHOW_ALL",  # the default shows ten runs and does not say so
        "runsHidden": [],
        "runsVisibilityMap": {},
        "runsPinned": [],
        "groupBy": None,
        "hideEmptyCharts": True,
        "isAccordionReordered": False,
        "autoRefreshEnabled": True,
        "compareRunSections": [_section()],
        "compareRunCharts": [
            *(_line(metric, scale, methods) for metric, scale in list(LINES.items())[:2]),
            *(_bar(metric, methods) for metric in BARS),
            *(_line(metric, scale, methods) for metric, scale in list(LINES.items())[2:]),
        ],
    }
    return _view("Accuracy vs dependency length", state, created)


def trials_view(factors: Sequence[str], created: int) -> str:
    """Value of `VIEW_TAG` for the table of trials: what was run and what came of it, side by side."""
    shown = [("params", name) for name in ("method", "task", "length", "seed", "learning_rate", *factors)]
    shown += [("tags", "seqbench.outcome"), *(("metrics", name) for name in ("accuracy", "solved_at", "diverged"))]
    columns = [f"{kind}.`{name}`" for kind, name in shown]
    return _view("What was run, what came of it", {"selectedColumns": columns, "runsHiddenMode": "SHOW_ALL"}, created)


def comparison_fragment(experiment_id: str) -> str:
    """What follows the address of the server: the charts of a comparison experiment, with nothing left to click."""
    return (
        f"/#/experiments/{experiment_id}/runs"
        f"?workflowType=machine_learning&compareRunsMode=CHART&viewStateShareKey={VIEW_KEY}"
    )


def runs_fragment(experiment_id: str) -> str:
    """The table of an experiment's runs."""
    return f"/#/experiments/{experiment_id}/runs?workflowType=machine_learning&viewStateShareKey={VIEW_KEY}"


def artifact_fragment(experiment_id: str, run_id: str, path: str = "") -> str:
    """An artifact of a run, opened."""
    return (
        f"/#/experiments/{experiment_id}/runs/{run_id}/artifacts/{path}".rstrip("/") + "?workflowType=machine_learning"
    )


def _view(name: str, state: dict[str, Any], created: int) -> str:
    packed = base64.b64encode(zlib.compress(json.dumps(state, sort_keys=True).encode(), 9)).decode()
    return json.dumps({"name": name, "createdAt": created, "updatedAt": created, "state": f"deflate;{packed}"})


def _section() -> dict[str, Any]:
    return {
        "uuid": "by-length",
        "name": SECTION,
        "display": True,
        "isReordered": False,
        "deleted": False,
        "isGenerated": False,
        "columns": 2,  # three make the titles unreadable while the page's assistant is open, as it is the first time
    }


def _chart(kind: str, metric: str, methods: int) -> dict[str, Any]:
    return {
        "uuid": metric,
        "type": kind,
        "metricKey": metric,
        "selectedMetricKeys": [metric],
        "runsCountToCompare": max(10, methods),
        "metricSectionId": "by-length",
        "deleted": False,
        "isGenerated": False,
        "displayName": metric,
    }


def _line(metric: str, scale: str, methods: int) -> dict[str, Any]:
    return {
        **_chart("LINE", metric, methods),
        "xAxisKey": "step",
        "xAxisScaleType": "log",
        "scaleType": scale,
        "lineSmoothness": 0,
        "useGlobalXaxisKey": False,
        "useGlobalLineSmoothing": False,
        "displayPoints": True,
        "ignoreOutliers": False,
        "yAxisKey": "metric",
        "yAxisExpressions": [],
        "selectedXAxisMetricKey": "",
        "range": {},
    }


def _bar(metric: str, methods: int) -> dict[str, Any]:
    return _chart("BAR", metric, methods)
