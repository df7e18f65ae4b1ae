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

"""Knots made by hand, and what is said of them."""

from __future__ import annotations

import dataclasses
import unittest

from tests.unit.model import small
from watcher_rearrange.model.plan import Plan
from watcher_rearrange.model.plan import Status
from watcher_rearrange.model.records import Instance
from watcher_rearrange.model.records import Migration
from watcher_rearrange.model.records import Provision
from watcher_rearrange.model.records import Snapshot
from watcher_rearrange.model.records import Target
from watcher_rearrange.planning import pipeline
from watcher_rearrange.planning import relaxations
from watcher_rearrange.planning import ways_out
from watcher_rearrange.planning.question import Question


SWAP = {'a': 'c1', 'b': 'c0'}
FULL = {'a': ('c0', 4), 'b': ('c1', 4)}
BLOCKED = (
    'no way found for a from c0 to c1: 4 VCPU missing; on c1: b (waits for c0)'
)


def full(spare: int = 0, *others: Instance) -> Snapshot:
    """Two full nodes, and a third one for others."""
    vcpus = {'c0': 4, 'c1': 4}
    if spare:
        vcpus['c2'] = spare
    snapshot = small.snapshot(vcpus, FULL)
    return dataclasses.replace(
        snapshot, instances=(*snapshot.instances, *others)
    )


def ask(snapshot: Snapshot, placement: dict[str, str]) -> Plan:
    return pipeline.find_path(snapshot, Target(placement))


def ways(found: Plan) -> list[str]:
    return [
        message.removeprefix(ways_out.WAY)
        for message in found.messages
        if message.startswith(ways_out.WAY)
    ]


class TestKnots(unittest.TestCase):
    def test_two_full_nodes(self) -> None:
        found = ask(full(), SWAP)
        self.assertEqual(Status.INFEASIBLE, found.status)
        self.assertIn(BLOCKED, found.messages)
        self.assertEqual(['free 4 VCPU on any of c0, c1'], ways(found))

    def test_a_locked_instance(self) -> None:
        # c2 has room for 'a' once 'x' has gone to c3.
        snapshot = full(4, small.instance('x', 'c2', 2, locked=True))
        snapshot = dataclasses.replace(
            snapshot,
            compute_nodes=(*snapshot.compute_nodes, small.node('c3', 2)),
        )
        self.assertEqual(
            [
                'unlock x',
                'free 2 VCPU on any of c2, c3',
                'free 4 VCPU on any of c0, c1',
            ],
            ways(ask(snapshot, SWAP)),
        )

    def test_a_suspended_instance(self) -> None:
        x = small.instance('x', 'c2', 2, state='suspended')
        snapshot = full(4, x)
        snapshot = dataclasses.replace(
            snapshot,
            compute_nodes=(*snapshot.compute_nodes, small.node('c3', 2)),
        )
        found = ask(snapshot, SWAP)
        self.assertEqual('start or stop x', ways(found)[0])

    def test_three_nodes_in_a_ring(self) -> None:
        names = 'abc'
        snapshot = small.snapshot(
            {'c0': 4, 'c1': 4, 'c2': 4},
            {name: (f'c{k}', 4) for k, name in enumerate(names)},
        )
        found = ask(
            snapshot, {name: f'c{(k + 1) % 3}' for k, name in enumerate(names)}
        )
        self.assertEqual(
            [
                'every reachable placement was tried: no path',
                'no way found for a from c0 to c1: 4 VCPU missing; '
                'on c1: b (waits for c2)',
                'no way found for b from c1 to c2: 4 VCPU missing; '
                'on c2: c (waits for c0)',
                'no way found for c from c2 to c0: 4 VCPU missing; '
                'on c0: a (waits for c1)',
                'way out: free 4 VCPU on any of c0, c1, c2',
            ],
            list(found.messages),
        )

    def test_a_disabled_node(self) -> None:
        snapshot = full(4)
        nodes = list(snapshot.compute_nodes)
        nodes[2] = dataclasses.replace(nodes[2], status='disabled')
        snapshot = dataclasses.replace(snapshot, compute_nodes=tuple(nodes))
        self.assertEqual(
            'enable nova-compute on c2', ways(ask(snapshot, SWAP))[0]
        )

    def test_one_target_less(self) -> None:
        self.assertEqual(
            ['free 4 VCPU on c1', 'drop the target of a'],
            ways(ask(full(), {'a': 'c1'})),
        )

    def test_room_in_several_classes(self) -> None:
        nodes = tuple(small.node(f'c{k}', 4, 4096) for k in range(2))
        instances = tuple(
            small.instance(name, f'c{k}', 4, 4096)
            for k, name in enumerate('ab')
        )
        self.assertEqual(
            ['free 4096 MEMORY_MB and 4 VCPU on any of c0, c1'],
            ways(ask(Snapshot(nodes, instances), SWAP)),
        )

    def test_room_that_is_no_multiple(self) -> None:
        # c2 has 3 of the 4 VCPU that it takes.
        self.assertEqual(
            ['free 1 VCPU on c2', 'free 4 VCPU on any of c0, c1'],
            ways(ask(full(3), SWAP)),
        )

    def test_no_more_than_a_node_has(self) -> None:
        # c2 would need 4 VCPU, of which it has 2.
        snapshot = full(2, small.instance('x', 'c2', 2, locked=True))
        self.assertEqual(
            ['free 4 VCPU on any of c0, c1'], ways(ask(snapshot, SWAP))
        )

    def test_many_blocked(self) -> None:
        count = 16
        snapshot = small.snapshot(
            {f'c{k}': 1 for k in range(count)},
            {f'i{k:02}': (f'c{k}', 1) for k in range(count)},
        )
        target = Target({f'i{k:02}': f'c{k ^ 1}' for k in range(count)})
        found = pipeline.find_path(snapshot, target, explain=False)
        self.assertEqual(
            'and 6 more instances are blocked', found.messages[-1]
        )

    def test_no_time_to_explain(self) -> None:
        found = pipeline.find_path(full(), Target(SWAP), time_limit_s=0.0)
        self.assertEqual(
            [ways_out.NO_WAY, ways_out.IN_HASTE], list(found.messages[-2:])
        )

    def test_no_explanation_wanted(self) -> None:
        found = pipeline.find_path(full(), Target(SWAP), explain=False)
        self.assertIn(BLOCKED, found.messages)
        self.assertEqual([], ways(found))


class TestRefusals(unittest.TestCase):
    def _one(self, **more: object) -> list[str]:
        snapshot = Snapshot(
            (small.node('c0'), small.node('c1')),
            (small.instance('db-2', 'c0', **more),),
        )
        return ways(ask(snapshot, {'db-2': 'c1'}))

    def test_what_must_not_move(self) -> None:
        drop = 'drop the target of db-2'
        self.assertEqual(['unlock db-2', drop], self._one(locked=True))
        self.assertEqual(
            ['start or stop db-2', drop], self._one(state='paused')
        )
        self.assertEqual(
            ['take db-2 out of the excluded instances', drop],
            self._one(excluded=True),
        )

    def test_two_things_are_no_way_out(self) -> None:
        self.assertEqual(
            ['drop the target of db-2'], self._one(locked=True, state='paused')
        )

    def test_a_migration_under_way(self) -> None:
        snapshot = Snapshot(
            (small.node('c0'), small.node('c1'), small.node('c2')),
            (small.instance('db-2', 'c0'),),
            migrations=(Migration('db-2', 'c0', 'c2'),),
        )
        found = ask(snapshot, {'db-2': 'c1'})
        self.assertEqual(
            'wait for the migration of db-2 to end', ways(found)[0]
        )

    def test_more_than_fits(self) -> None:
        snapshot = small.snapshot({'c0': 4, 'c1': 6}, FULL)
        self.assertEqual(
            ['free 2 VCPU on c1', 'drop the target of a'],
            ways(ask(snapshot, {'a': 'c1'})),
        )

    def test_room_that_is_provisioned(self) -> None:
        provision = (Provision('new', 'c1', {'VCPU': 3}),)
        found = pipeline.find_path(
            small.snapshot({'c0': 4, 'c1': 6}, FULL),
            Target({}, provision=provision),
        )
        self.assertEqual(['free 1 VCPU on c1'], ways(found))

    def test_a_group(self) -> None:
        snapshot = small.snapshot(
            {'c0': 8, 'c1': 8}, FULL, server_groups=(small.apart('a', 'b'),)
        )
        self.assertEqual(
            ['drop the target of a'], ways(ask(snapshot, {'a': 'c1'}))
        )


class TestCold(unittest.TestCase):
    def test_cold_migration_that_is_not_allowed(self) -> None:
        snapshot = Snapshot(
            (small.node('c0'), small.node('c1')),
            (small.instance('db-2', 'c0', state='stopped'),),
        )
        question = Question.of(snapshot, Target({'db-2': 'c1'}))
        options = dataclasses.replace(question.options, allow_cold=False)
        question = dataclasses.replace(question, options=options)
        (way,) = relaxations.of_instances(question, [0])
        self.assertEqual('allow cold migration of db-2', way.text)


class TestMemory(unittest.TestCase):
    def test_the_smallest_room(self) -> None:
        nodes = tuple(small.node(f'cmp{k}', 16, 8192) for k in range(4))
        instances = (
            small.instance('a', 'cmp0', 1, 8192),
            small.instance('b', 'cmp1', 1, 8192),
            small.instance('c', 'cmp2', 1, 6144, locked=True),
            small.instance('d', 'cmp3', 1, 6144, excluded=True),
        )
        found = ask(Snapshot(nodes, instances), {'a': 'cmp1', 'b': 'cmp0'})
        self.assertIn('free 6144 MEMORY_MB on any of cmp2, cmp3', ways(found))
