# Licensed under the Apache License, Version 2.0 (the "License"); you may
# not use this file except in compliance with the License. You may obtain
# a copy of the License at
#
#      http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
# License for the specific language governing permissions and limitations
# under the License.

from __future__ import annotations

import dataclasses
import time
import unittest

from collections.abc import Sequence
from typing import Any

import numpy as np

from tests.unit.model import small
from watcher_rearrange.model.cluster import Cluster
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.model.records import Snapshot
from watcher_rearrange.objectives.base import Objective
from watcher_rearrange.optimizer.problem import Problem
from watcher_rearrange.path.moves import Move
from watcher_rearrange.path.moves import Path
from watcher_rearrange.planning.job import Job
from watcher_rearrange.planning.settle import settle
from watcher_rearrange.policies.rebalance import RebalancePolicy


class Stages(Job):
    """A job that wants one placement after the other."""

    def __init__(
        self,
        *stages: Sequence[int],
        most: int | None = None,
        seconds: float = 60.0,
        spare: Sequence[int] = (2,),
    ) -> None:
        vcpus = {'c0': 2, 'c1': 2}
        vcpus.update({f'c{k + 2}': size for k, size in enumerate(spare)})
        cluster = small.cluster(vcpus, {'a': ('c0', 2), 'b': ('c1', 2)})
        policy = RebalancePolicy.of(
            {'max_migrations': most or 0, 'time_limit_s': seconds}
        )
        super().__init__(cluster, policy)
        self._stages = list(stages)

    def improve(self, problem: Problem, placement: Placement) -> Placement:
        """The next stage, if it keeps to the limits."""
        if not self._stages:
            return placement
        wanted = np.array(self._stages[0], dtype=np.int64)
        moved = placement.node_of != wanted
        most = problem.max_migrations
        if (moved & problem.frozen).any() or (
            most is not None and moved.sum() > most
        ):
            return placement
        self._stages.pop(0)
        return Placement(self.cluster, wanted)

    def objectives(self) -> list[Objective]:
        """None."""
        return []

    def reason(self, move: Move, end: Placement) -> str:
        """No reason."""
        return ''


def settled(*stages: Sequence[int], **more: Any) -> tuple[Path, list[int]]:
    job = Stages(*stages, **more)
    path, end = settle(job, Placement(job.cluster))
    return path, end.node_of.tolist()


class TestSettle(unittest.TestCase):
    def test_nothing_to_gain(self) -> None:
        self.assertEqual((Path(), [0, 1]), settled())

    def test_one_round(self) -> None:
        path, end = settled([2, 1])
        self.assertEqual([2, 1], end)
        self.assertEqual((Move(0, 0, 2),), path.moves)

    def test_several_rounds_become_one_straight_path(self) -> None:
        path, end = settled([2, 1], [2, 0], [1, 0], spare=(2, 2))
        self.assertEqual([1, 0], end)
        self.assertEqual(3, len(path.moves))
        path, end = settled([2, 1], [3, 1], spare=(2, 2))
        self.assertEqual((Move(0, 0, 3),), path.moves)

    def test_the_rounds_share_the_limit_of_migrations(self) -> None:
        path, end = settled([2, 1], [2, 0], most=1)
        self.assertEqual([2, 1], end)
        self.assertEqual(1, len(path.moves))

    def test_a_path_that_takes_more_than_the_limit_is_not_used(self) -> None:
        path, end = settled([1, 0], most=2)
        self.assertEqual(((), [0, 1]), (path.moves, end))
        path, end = settled([1, 0], most=3)
        self.assertEqual((3, [1, 0]), (len(path.moves), end))

    def test_what_cannot_be_reached_is_given_up(self) -> None:
        path, end = settled([1, 0], spare=())
        self.assertEqual(((), [0, 1]), (path.moves, end))

    def test_each_round_begins_on_the_hypervisor_of_the_last(self) -> None:
        """Joined as they are, the moves of a would lead to an older one."""
        job = Stages([2, 1], [2, 0], [1, 0])
        job.deadline = time.monotonic() - 1
        snapshot = job.cluster.snapshot
        a, b = snapshot.instances
        job.cluster = Cluster.from_snapshot(
            Snapshot(
                tuple(
                    dataclasses.replace(node, hypervisor_version=6 + k)
                    for k, node in enumerate(snapshot.compute_nodes)
                ),
                (a, dataclasses.replace(b, state='stopped')),
            )
        )
        job.rules = small.rules(job.cluster, allow_cold=True)
        path, _ = settle(job, Placement(job.cluster))
        self.assertEqual((Move(0, 0, 2), Move(1, 1, 0)), path.moves)


class TestDisplacement(unittest.TestCase):
    def _marked(self, path: Path) -> None:
        final = {move.instance: move.destination for move in path.moves}
        for move in path.moves:
            expected = move.destination != final[move.instance]
            self.assertEqual(expected, move.displacement, path.moves)

    def test_what_is_final_is_seen_from_the_end(self) -> None:
        path, _ = settled([2, 1], [2, 0], [1, 0])
        self._marked(path)

    # The rounds are joined as they are when no time is left.
    def test_also_without_time_for_a_straight_path(self) -> None:
        spare = [2] + [1] * 700
        job = Stages([2, 1], [2, 0], [1, 0], spare=spare)
        job.deadline = time.monotonic() - 1
        path, _ = settle(job, Placement(job.cluster))
        self.assertEqual(3, len(path.moves))
        self._marked(path)
        # numpy's own booleans cannot be written as JSON.
        for move in path.moves:
            self.assertIsInstance(move.displacement, bool)
