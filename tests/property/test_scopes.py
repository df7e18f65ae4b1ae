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

"""A policy that is about instances out of the audit scope, too."""

from __future__ import annotations

from collections import Counter
from typing import Any

import hypothesis

from hypothesis import strategies as st

from tests.property import judging
from tests.property import test_policies
from watcher_rearrange.checker import policy as judge
from watcher_rearrange.model import records
from watcher_rearrange.planning import pipeline
from watcher_rearrange.policies.file import reading
from watcher_rearrange.snapshot import reader


def scope(document: dict[str, Any], hosts: set[str]) -> dict[str, Any]:
    """The part of a cluster that an audit is about, as the readers have it.

    A migration out of the part, or into it, is not shown: its instance
    stays, or what it takes is held.
    """
    moving = {
        move['instance']: {move['source'], move['destination']}
        for move in document['migrations']
        if move['status'] == 'running'
    }
    nodes = [n for n in document['compute_nodes'] if n['hostname'] in hosts]
    inside = [dict(i) for i in document['instances'] if i['host'] in hosts]
    for one in inside:
        if moving.get(one['uuid'], set()) - hosts:
            one['stays'] = 'migrates out of the scope'
    arriving: dict[str, Counter[str]] = {host: Counter() for host in hosts}
    for one in document['instances']:
        for host in moving.get(one['uuid'], set()) & hosts - {one['host']}:
            if one['host'] not in hosts:
                arriving[host].update(one['allocations'])
    return {
        **document,
        'compute_nodes': [
            {**node, 'held': dict(arriving[node['hostname']])}
            for node in nodes
        ],
        'instances': inside,
        'migrations': [
            move
            for move in document['migrations']
            if {move['source'], move['destination']} <= hosts
        ],
        'aggregates': [],
    }


@st.composite
def roomy(draw: st.DrawFn) -> dict[str, Any]:
    """A cluster where much can be moved."""
    hosts = [f'cmp{k}' for k in range(draw(st.integers(3, 6)))]
    names = [f'vm{k}' for k in range(draw(st.integers(4, 14)))]
    document: dict[str, Any] = {
        'version': 1,
        'compute_nodes': [
            {
                'hostname': host,
                'availability_zone': draw(st.sampled_from(('az1', 'az2'))),
                'inventories': {
                    'VCPU': {'total': 16},
                    'MEMORY_MB': {'total': 65536},
                },
            }
            for host in hosts
        ],
        'instances': [
            {
                'uuid': name,
                'name': name,
                'host': draw(st.sampled_from(hosts)),
                'allocations': {
                    'VCPU': draw(st.integers(1, 4)),
                    'MEMORY_MB': 1024,
                },
            }
            for name in names
        ],
    }
    document['migrations'] = [
        {
            'instance': one['uuid'],
            'source': one['host'],
            'destination': draw(st.sampled_from(hosts)),
            'status': 'running',
        }
        for one in document['instances']
        if draw(st.integers(0, 7)) == 0
    ]
    return document


class TestScopes(judging.JudgedCase):
    @test_policies.EXAMPLES
    @hypothesis.given(
        roomy(),
        test_policies.policies(),
        st.integers(1, 3),
        st.sampled_from(test_policies.STRATEGIES),
    )
    def test_kept_in_the_whole_cloud(
        self,
        document: dict[str, Any],
        policy: dict[str, Any],
        n_nodes: int,
        strategy: str,
    ) -> None:
        """The judge of the whole finds nothing in a plan of a part."""
        hosts = [node['hostname'] for node in document['compute_nodes']]
        part = scope(document, {*hosts[:n_nodes]})
        known = pipeline.Business(
            reading.policy_from_document(policy),
            test_policies.NOW,
            whole=reader.snapshot_from_document(document),
        )
        made = pipeline.plan(
            reader.snapshot_from_document(part),
            *test_policies.asked(part, strategy),
            known,
        )
        now = judge.Circumstances(test_policies.NOW)
        judged = judge.Policy(policy, now)
        self.assert_kept(document, made, judged, interleavings=20)
        self.assertNotIn(records.LIMIT, repr(made))
