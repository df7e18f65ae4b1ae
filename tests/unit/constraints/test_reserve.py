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

"""Room for the instances of nodes that fail."""

from __future__ import annotations

import unittest

from typing import Any
from unittest import mock

from tests.unit.model import small
from watcher_rearrange.constraints import reserve as module
from watcher_rearrange.constraints.doubt import Doubt
from watcher_rearrange.constraints.reserve import Reserve
from watcher_rearrange.model.cluster import Cluster
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.model.records import Cpu
from watcher_rearrange.model.records import Migration


def untolerated(of: Cluster, failures: int = 1, closed: str = '') -> list[str]:
    """The nodes that must not fail."""
    receives = of.receives.copy()
    if closed:
        receives[of.node_index[closed]] = False
    reserve = Reserve(small.rules(of), failures)
    found = reserve.untolerated(Placement(of), receives)
    return [of.hostname(node) for node in found]


class TestReserve(unittest.TestCase):
    def _of(self, nodes: dict[str, int], **more: Any) -> Cluster:
        instances = {'a': ('c1', 2), 'b': ('c1', 1), 'c': ('c2', 2)}
        return small.cluster(nodes, instances, **more)

    def test_room_elsewhere(self) -> None:
        self.assertEqual([], untolerated(self._of({'c1': 5, 'c2': 5})))
        # a takes all that is left of c2, nothing is left for b.
        self.assertEqual(['c1'], untolerated(self._of({'c1': 5, 'c2': 4})))

    def test_only_on_nodes_that_receive(self) -> None:
        cluster = self._of({'c1': 5, 'c2': 5, 'c3': 5})
        self.assertEqual([], untolerated(cluster, closed='c2'))
        self.assertEqual([], untolerated(cluster, closed='c3'))
        cluster = self._of({'c1': 3, 'c2': 2, 'c3': 3})
        self.assertEqual(['c1', 'c2'], untolerated(cluster, closed='c3'))

    def test_several_at_once(self) -> None:
        cluster = self._of({'c1': 4, 'c2': 5, 'c3': 4})
        self.assertEqual([], untolerated(cluster))
        self.assertEqual(['c1', 'c2'], untolerated(cluster, failures=2))

    def test_each_set_that_may_fail_is_tried_by_itself(self) -> None:
        # Where a has left c1, c2 is the fullest.
        nodes = {'c1': 4, 'c2': 4, 'c3': 4, 'c4': 7}
        instances = {'a': ('c1', 2), 'b': ('c2', 2), 'c': ('c3', 2)}
        cluster = small.cluster(nodes, instances)
        reserve = Reserve(small.rules(cluster), 2)

        def untolerated(*doubts: Doubt) -> list[int]:
            return reserve.untolerated(
                Placement(cluster), cluster.receives, dict(enumerate(doubts))
            )

        # For all of c1, c2 and c3, 5 are left on c4.
        self.assertEqual([], untolerated(Doubt((0, 3))))
        with mock.patch.object(module, 'MOST_SETS', new=1):
            self.assertEqual([1, 2, 3], untolerated(Doubt((0, 3))))

    def test_groups_are_kept(self) -> None:
        groups = (small.apart('a', 'c'),)
        cluster = self._of({'c1': 4, 'c2': 9}, server_groups=groups)
        self.assertEqual(['c1', 'c2'], untolerated(cluster))
        groups = (small.together('a', 'b'),)
        nodes = {'c1': 4, 'c2': 4, 'c3': 2}
        cluster = self._of(nodes, server_groups=groups)
        self.assertEqual(['c1'], untolerated(cluster))

    def test_who_is_migrating_already_may_be_on_either_end(self) -> None:
        moving = (Migration('c', 'c2', 'c3', 'running'),)
        nodes = {'c1': 5, 'c2': 4, 'c3': 3, 'c4': 2}
        # What it holds on the other end is room for nobody, but no more.
        cluster = self._of(nodes, migrations=moving)
        self.assertEqual([], untolerated(cluster))
        # Wherever it is, it needs a third node.
        cluster = self._of({'c1': 6, 'c2': 3, 'c3': 3}, migrations=moving)
        self.assertEqual(['c1'], untolerated(cluster))
        cluster = self._of({'c1': 4, 'c2': 3, 'c3': 3}, migrations=moving)
        self.assertEqual(['c1', 'c2', 'c3'], untolerated(cluster))

    def test_who_is_migrating_already_is_company_nowhere(self) -> None:
        groups = (small.together('a', 'b', 'c'),)
        cluster = self._of({'c1': 9, 'c2': 9, 'c3': 9}, server_groups=groups)
        self.assertEqual([], untolerated(cluster))
        for other in ('c1', 'c3'):
            moving = small.cluster(
                {'c1': 9, 'c2': 9, 'c3': 9},
                {'a': ('c1', 2), 'b': ('c1', 1), 'c': ('c2', 2)},
                server_groups=groups,
                migrations=(Migration('c', 'c2', other, 'running'),),
            )
            self.assertIn('c1', untolerated(moving), other)

    def test_who_starts_anew_is_bound_by_no_processor(self) -> None:
        cluster = Cluster.from_snapshot(
            small.Snapshot(
                (
                    small.node('c1', cpu=Cpu(vendor='Intel')),
                    small.node('c2', cpu=Cpu(vendor='AMD')),
                ),
                (small.instance('a', 'c1'),),
            )
        )
        self.assertEqual([], untolerated(cluster))
