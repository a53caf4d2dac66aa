"""The first screen of the MLflow UI: which charts it shows, and the link that opens it.

A saved view is an experiment tag that holds the state of the page. Its format is not documented; it was derived from
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

BY_DISTANCE = "log10_gradient_by_distance"
"""The gradient before training, as a power of ten; its step is the distance from the loss."""

HORIZON = ("horizon", "horizon_low", "horizon_high")
"""How far back a method remembers in steps, mean over seeds, and its interval."""

BY_LENGTH = {
    "accuracy_vs_length": "linear",
    "solve_rate_vs_length": "linear",
    "worst_seed_accuracy_vs_length": "linear",
}
"""Metrics whose step is the dependency length, in the order of the page; scale of the y-axis."""

WHY = {
    "gradient_norm_vs_length": "log",
    "gradient_norm_after_vs_length": "log",
    "diverged_share_vs_length": "linear",
    "seeds_vs_length": "linear",
}
"""The same for the charts below: gradient norm before and after the mitigations, divergence, number of seeds."""

NORMS = ("gradient_norm", "gradient_norm_after")
"""Curves of a trial that are drawn in one chart: the norm before the mitigations and after them."""

TRAINING = ("validation_accuracy", "train_loss", "validation_loss", "clipped_share")
"""Curves of a trial that have a chart each."""

TRIALS_DRAWN = 10


def saved_view(methods: int, created: int) -> str:
    """Value of `VIEW_TAG`: accuracy against dependency length first, every one of `methods` runs shown.

    created: milliseconds since 1970; fixed for an experiment, so that the tag never changes by itself
    """
    sections = [
        _section("by-length", "Step = dependency length"),
        _section("by-distance", "Step = distance from the loss"),
        _section("why", "Step = dependency length"),
    ]
    charts = [
        *(_line((metric,), "by-length", methods, scale=scale) for metric, scale in BY_LENGTH.items()),
        _chart("BAR", HORIZON[:1], "by-length", methods),
        _line((BY_DISTANCE,), "by-distance", methods),
        *(_line((metric,), "why", methods, scale=scale) for metric, scale in WHY.items()),
    ]
    return _view("Accuracy vs dependency length", _charts(sections, charts), created)


def trials_view(factors: Sequence[str], created: int) -> str:
    """Value of `VIEW_TAG` for the table of trials: settings and outcomes side by side."""
    shown = [("params", name) for name in ("method", "task", "length", "seed", "learning_rate", *factors)]
    shown += [("tags", "seqbench.outcome"), *(("metrics", name) for name in ("accuracy", "solved_at", "diverged"))]
    columns = [f"{kind}.`{name}`" for kind, name in shown]
    norms = _line(NORMS, "training", TRIALS_DRAWN, steps="linear", scale="log")
    single = [_line((metric,), "training", TRIALS_DRAWN, steps="linear") for metric in TRAINING]
    charts = _charts([_section("training", "Step = training step")], [single[0], norms, *single[1:]])
    # All trials at once would be hundreds of lines. By seed, the first ten are of different methods.
    first = {"runsHiddenMode": "FIRST_10_RUNS", "orderByKey": "params.`seed`", "orderByAsc": True}
    return _view("Settings and outcomes", {**charts, **first, "selectedColumns": columns}, created)


def comparison_fragment(experiment_id: str) -> str:
    """What follows the address of the server: the charts of a comparison experiment, opened directly."""
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


def experiments_fragment() -> str:
    """The list of all experiments, on the half of the page that is about training."""
    return "/#/experiments?workflowType=machine_learning"


def _view(name: str, state: dict[str, Any], created: int) -> str:
    packed = base64.b64encode(zlib.compress(json.dumps(state, sort_keys=True).encode(), 9)).decode()
    return json.dumps({"name": name, "createdAt": created, "updatedAt": created, "state": f"deflate;{packed}"})


def _charts(sections: Sequence[dict[str, Any]], charts: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The state of a page of charts, every run shown."""
    return {
        "runsHiddenMode": "SHOW_ALL",  # the default shows ten runs and does not say so
        "runsHidden": [],
        "runsVisibilityMap": {},
        "runsPinned": [],
        "groupBy": None,
        "hideEmptyCharts": True,
        "isAccordionReordered": False,
        "autoRefreshEnabled": True,
        "compareRunSections": list(sections),
        "compareRunCharts": list(charts),
    }


def _section(key: str, name: str) -> dict[str, Any]:
    return {
        "uuid": key,
        "name": name,
        "display": True,
        "isReordered": False,
        "deleted": False,
        "isGenerated": False,
        "columns": 2,  # three make the titles unreadable while the page's assistant is open, as it is the first time
    }


def _chart(kind: str, metrics: Sequence[str], section: str, runs: int) -> dict[str, Any]:
    return {
        "uuid": "-".join(metrics),
        "type": kind,
        "metricKey": metrics[0],
        "selectedMetricKeys": list(metrics),
        "runsCountToCompare": max(10, runs),
        "metricSectionId": section,
        "deleted": False,
        "isGenerated": False,
        "displayName": metrics[0],
    }


def _line(
    metrics: Sequence[str], section: str, runs: int, *, scale: str = "linear", steps: str = "log"
) -> dict[str, Any]:
    """A chart of lines. scale: of the y-axis; steps: scale of the x-axis."""
    return {
        **_chart("LINE", metrics, section, runs),
        "xAxisKey": "step",
        "xAxisScaleType": steps,
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
