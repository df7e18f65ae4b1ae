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

import unittest

from tests.unit.model import small
from watcher_rearrange.constraints.rules import Rules
from watcher_rearrange.model import records
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.model.records import Migration
from watcher_rearrange.model.records import Relation
from watcher_rearrange.model.records import Snapshot
from watcher_rearrange.policies.file import anchoring


NODES = {'c1': 9, 'c2': 9, 'c3': 9, 'c4': 9}
ZONES = {'c1': 'z1', 'c2': 'z1', 'c3': 'z2', 'c4': 'z2'}
ALONE = {node: node for node in NODES}


def anchored(
    hosts: dict[str, str], *found: Relation, **more: object
) -> Snapshot:
    return anchoring.anchored(
        small.snapshot(
            NODES,
            {uuid: (host, 1) for uuid, host in hosts.items()},
            relations=found,
            **more,
        )
    )


def reach(snapshot: Snapshot) -> list[str]:
    """Where each instance may go, or stay, in short."""
    rules: Rules = small.rules(snapshot)
    placement = Placement(rules.cluster)
    found = []
    for idx in range(rules.cluster.n_instances):
        allowed = rules.permitted(placement, idx, rules.cluster.capacity)
        allowed[placement.node_of[idx]] = True
        found.append(''.join('1234'[k] for k in range(4) if allowed[k]))
    return found


class TestAnchored(unittest.TestCase):
    def test_nothing_is_left_of_relations(self) -> None:
        members = frozenset('ab')
        for kind in (records.AT_MOST, records.TOGETHER, records.EXCLUSIVE):
            found = anchored(
                {'a': 'c1', 'b': 'c2'}, Relation('r', kind, members, ZONES)
            )
            self.assertEqual((), found.relations)

    def test_members_stay_in_their_zones(self) -> None:
        hosts = {'a': 'c1', 'b': 'c3', 'x': 'c3'}
        for kind in (records.AT_MOST, records.TOGETHER):
            relation = Relation('r', kind, frozenset('ab'), ZONES)
            self.assertEqual(
                ['12', '34', '1234'], reach(anchored(hosts, relation))
            )

    def test_zones_of_their_own(self) -> None:
        relation = Relation(
            'r', records.EXCLUSIVE, frozenset('a'), ZONES, frozenset('x')
        )
        hosts = {'a': 'c1', 'x': 'c3', 'y': 'c3'}
        self.assertEqual(
            ['12', '34', '1234'], reach(anchored(hosts, relation))
        )

    def test_the_lonely_share_what_is_theirs(self) -> None:
        lonely = Relation('r', records.EXCLUSIVE, frozenset('ab'), ALONE, None)
        hosts = {'a': 'c1', 'b': 'c2', 'x': 'c3'}
        self.assertEqual(['12', '12', '34'], reach(anchored(hosts, lonely)))

    def test_who_is_not_alone_may_stay(self) -> None:
        lonely = Relation('r', records.EXCLUSIVE, frozenset('ab'), ALONE, None)
        hosts = {'a': 'c1', 'b': 'c2', 'x': 'c2'}
        self.assertEqual(['1', '12', '234'], reach(anchored(hosts, lonely)))

    def test_where_somebody_is_going_is_not_free(self) -> None:
        lonely = Relation('r', records.EXCLUSIVE, frozenset('a'), ALONE, None)
        moving = (Migration('a', 'c1', 'c4'),)
        found = anchored({'a': 'c1', 'x': 'c3'}, lonely, migrations=moving)
        self.assertEqual('23', reach(found)[1])

    def test_a_limit_of_few_is_a_group(self) -> None:
        relation = Relation(
            'r', records.AT_MOST, frozenset('abc'), ALONE, most=2
        )
        found = anchored({'a': 'c1', 'b': 'c2', 'c': 'c2'}, relation)
        self.assertEqual(['134', '1234', '1234'], reach(found))
        (group,) = found.server_groups
        self.assertEqual(2, group.max_server_per_host)

    def test_limits_on_some_nodes_are_one_class(self) -> None:
        everybody = frozenset('abc')
        limits = [
            Relation(f'r{node}', records.AT_MOST, everybody, {node: node})
            for node in ('c1', 'c2')
        ]
        found = anchored({'a': 'c1', 'b': 'c2', 'c': 'c3'}, *limits)
        self.assertEqual(['134', '234', '34'], reach(found))
        (name,) = [
            name
            for name in found.compute_nodes[0].inventories
            if name.startswith(records.LIMIT)
        ]
        self.assertEqual(
            [1, 1, 4, 4],
            [node.inventories[name].total for node in found.compute_nodes],
        )

    def test_all_on_one_node_is_a_group(self) -> None:
        relation = Relation('r', records.TOGETHER, frozenset('ab'), ALONE)
        found = anchored({'a': 'c1', 'b': 'c2'}, relation)
        self.assertEqual(['12', '12'], reach(found))

    def test_those_outside_count(self) -> None:
        found = Relation(
            'r',
            records.EXCLUSIVE,
            frozenset('a'),
            ZONES,
            frozenset('x'),
            others_outside={'z1': 1},
        )
        self.assertEqual(
            '12', reach(anchored({'a': 'c1', 'x': 'c3'}, found))[0]
        )
