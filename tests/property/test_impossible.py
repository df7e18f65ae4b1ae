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

"""Random evacuations: what is proved impossible is impossible."""

from __future__ import annotations

import unittest

from collections.abc import Iterator
from typing import Any

import hypothesis
import numpy as np

from hypothesis import strategies as st

from tests.property import clusters
from tests.unit.model import small
from tests.unit.optimizer.problems import problem
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.optimizer.evacuation import impossible
from watcher_rearrange.optimizer.problem import Problem
from watcher_rearrange.snapshot import reader


EXAMPLES = hypothesis.settings(
    max_examples=300, derandomize=True, deadline=None
)

MAX_INSTANCES = 4


@st.composite
def crowded(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a document with few instances, most of them in groups."""
    document: dict[str, Any] = draw(clusters.snapshots(most_nodes=4))
    instances = document['instances'][:MAX_INSTANCES]
    for instance in instances:
        # Two of these fill a node, or one alone.
        instance['allocations'] = {'VCPU': draw(st.sampled_from((4, 6, 8)))}
    uuids = [instance['uuid'] for instance in instances]
    groups = [
        {
            **group,
            'members': [uuid for uuid in group['members'] if uuid in uuids],
        }
        for group in document['server_groups']
    ]
    migrations = [m for m in document['migrations'] if m['instance'] in uuids]
    return {
        **document,
        'instances': instances,
        'server_groups': [group for group in groups if group['members']],
        'migrations': migrations,
    }


def reached(of: Problem, start: Placement) -> Iterator[Placement]:
    """Every placement that some moves lead to, one by one."""
    seen = {start.node_of.tobytes()}
    waiting = [start]
    while waiting:
        now = waiting.pop()
        yield now
        for idx in np.flatnonzero(of.movable).tolist():
            for node in np.flatnonzero(of.destinations(now, idx)).tolist():
                end = now.copy()
                end.move(idx, node)
                if end.node_of.tobytes() not in seen:
                    seen.add(end.node_of.tobytes())
                    waiting.append(end)


class TestImpossible(unittest.TestCase):
    @EXAMPLES
    @hypothesis.given(crowded(), st.data())
    def test_what_is_proved_is_so(
        self, document: dict[str, Any], data: Any
    ) -> None:
        hosts = [node['hostname'] for node in document['compute_nodes']]
        named = data.draw(
            st.lists(st.sampled_from(hosts), min_size=1, max_size=2)
        )
        rules = small.rules(
            reader.snapshot_from_document(document),
            named_nodes=frozenset(named),
        )
        cluster = rules.cluster
        nodes = np.array([host in named for host in hosts])
        of = problem(rules, open_nodes=cluster.receives & ~nodes)
        start = Placement(cluster)
        leaving = nodes[start.node_of]
        if not leaving.any():
            return
        ends = list(reached(of, start))
        fewest = min(int(nodes[end.node_of].sum()) for end in ends)
        staying = next(
            nodes[end.node_of]
            for end in ends
            if int(nodes[end.node_of].sum()) == fewest
        )
        proved = impossible.is_proved(of, start, leaving, staying)
        hypothesis.event(f'proved {proved}, {fewest > 0}')
        if proved:
            self.assertGreater(fewest, 0)
        everybody = impossible.is_proved(of, start, leaving, leaving)
        self.assertFalse(everybody and not fewest)
