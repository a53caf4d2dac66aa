"""Actors that train nothing: on the nodes of a Ray cluster they report what a trained trial reported, at once."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace

from seqbench.bench.replayed import lines_of, recorded_trial
from seqbench.execution.events import decode_event, encode_event
from seqbench.execution.job import decode_job
from seqbench.execution.ray_actor import Order, Trainer
from seqbench.execution.ray_cluster import RayCluster

RECORDED = "SEQBENCH_BENCH_RECORDED"
"""Names the results folder of the trained trial; variables that begin so travel to the nodes."""


class ReplayCluster(RayCluster):
    """The place of such actors; see `seqbench.execution.place.Place`."""

    @property
    def trainer(self) -> type[Trainer]:
        """The class of its actors."""
        return Replayer


class Replayer(Trainer):
    """An actor without a worker process: it answers as one whose trial is over."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        """Read what is replayed."""
        super().__init__(variables)
        self._lines = lines_of(recorded_trial(os.environ[RECORDED]))

    def _begin(self, order: Order) -> None:
        trial = decode_job(order.job).trial
        for line in self._lines:
            self.add("event", encode_event(replace(decode_event(line), trial=trial)))
