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
import unittest

from typing import Any

from tests.unit.model import small
from tests.unit.planning.documents import disabled
from tests.unit.planning.documents import moves
from tests.unit.planning.documents import objective
from tests.unit.planning.documents import plan
from watcher_rearrange.model.errors import BadInput
from watcher_rearrange.model.plan import Plan
from watcher_rearrange.model.plan import Status
from watcher_rearrange.model.records import Aggregate
from watcher_rearrange.model.records import Snapshot


EIGHT = small.snapshot(
    {f'c{k}': 8 for k in range(8)},
    {f'i{k}': (f'c{k // 2}', 2) for k in range(16)},
)
REBALANCE = {'strategy': 'rebalance', 'parameters': {'dimensions': ['VCPU']}}
CONSOLIDATE = {'strategy': 'consolidate'}


def evacuate(*nodes: str, **own: Any) -> dict[str, Any]:
    return {
        'strategy': 'evacuate',
        'parameters': {'nodes': list(nodes), **own},
    }


def combined(*stages: dict[str, Any], **given: Any) -> Plan:
    return plan(EIGHT, 'combined', stages=list(stages), **given)


MEND = {'strategy': 'policy'}


def policy(rule: str, *uuids: str, **fields: Any) -> dict[str, Any]:
    """A policy of one rule on some instances."""
    chosen = {'name': 'the rule', 'instances': {'uuids': list(uuids)}}
    return {'version': 1, 'rules': [{'rule': rule, **chosen, **fields}]}


class TestMending(unittest.TestCase):
    def test_first_what_is_broken(self) -> None:
        apart = policy('spread', 'i0', 'i1')
        found = combined(MEND, CONSOLIDATE, policy=apart)
        self.assertEqual((1, 0), objective(found, 'breaches'))
        self.assertEqual((8, 4), objective(found, 'active_nodes'))

    def test_no_limit_keeps_it_from_mending_first(self) -> None:
        apart = policy('spread', 'i0', 'i1')
        found = combined(MEND, CONSOLIDATE, policy=apart, max_migrations=1)
        (moved,) = moves(found)
        self.assertIn(moved, ('i0', 'i1'))
        self.assertIn('mends', found.actions[0].reason)

    def test_what_only_a_repair_knows(self) -> None:
        # A balance alone would keep all in the rack that they are in.
        racks = {f'r{k}': [f'c{k}', f'c{k + 4}'] for k in range(4)}
        snapshot = dataclasses.replace(
            EIGHT,
            aggregates=tuple(
                Aggregate(name, tuple(hosts)) for name, hosts in racks.items()
            ),
        )
        near = policy('near', 'i0', 'i2', over={'aggregates': list(racks)})
        given = {'stages': [MEND, REBALANCE], 'policy': near}
        found = plan(snapshot, 'combined', **given)
        self.assertEqual((1, 0), objective(found, 'breaches'))
        self.assertEqual(0, objective(found, 'imbalance')[1])
        (mended,) = {'i0', 'i2'} & moves(found).keys()
        others = moves(found).keys() - {mended}
        for action in found.actions:
            said = action.reason == 'mends rule the rule'
            self.assertEqual(action.instance not in others, said)

    def test_the_lonely_are_left_by_those_who_are_there(self) -> None:
        lonely = policy('lonely', 'i0')
        found = combined(MEND, REBALANCE, policy=lonely)
        self.assertEqual((1, 0), objective(found, 'breaches'))
        mended = {
            action.instance
            for action in found.actions
            if action.reason.startswith('mends')
        }
        self.assertLessEqual(mended, {'i0', 'i1'})

    def test_what_mends_is_always_worth_it(self) -> None:
        apart = policy('spread', 'i0', 'i1')
        found = combined(
            MEND, REBALANCE, policy=apart, min_gain_per_migration=50
        )
        self.assertEqual((1, 0), objective(found, 'breaches'))

    def test_the_limit_mends_first(self) -> None:
        crowded = policy('spread', 'i0', 'i1', 'i2', 'i3')
        found = combined(
            evacuate('c7'), MEND, REBALANCE, policy=crowded, max_migrations=3
        )
        reasons = {a.reason.split(' ')[0] for a in found.actions if a.instance}
        self.assertEqual({'evacuates', 'mends'}, reasons)
        self.assertEqual((2, 1), objective(found, 'breaches'))


class TestCombination(unittest.TestCase):
    def test_nobody_moves_twice(self) -> None:
        found = combined(evacuate('c0', 'c1'), CONSOLIDATE, REBALANCE)
        instances = [a.instance for a in found.actions if a.is_migration]
        self.assertEqual(len(instances), len(set(instances)))

    def test_each_stage_is_done(self) -> None:
        found = combined(evacuate('c7'), CONSOLIDATE, REBALANCE)
        self.assertEqual(
            (2, 0), objective(found, 'instances_on_evacuated_nodes')
        )
        self.assertEqual((8, 4), objective(found, 'active_nodes'))
        self.assertEqual(0, objective(found, 'imbalance')[1])

    def test_what_was_freed_is_not_filled_again(self) -> None:
        found = combined(CONSOLIDATE, REBALANCE)
        self.assertEqual((8, 4), objective(found, 'active_nodes'))

    def test_nodes_of_all_stages_are_disabled(self) -> None:
        found = combined(
            evacuate('c0'),
            {'strategy': 'consolidate', 'parameters': {'spare_nodes': 0}},
        )
        self.assertIn('c0', disabled(found))
        self.assertEqual(4, len(disabled(found)))

    def test_migrations_are_limited_as_a_whole(self) -> None:
        found = combined(CONSOLIDATE, REBALANCE, max_migrations=4)
        self.assertLessEqual(len(moves(found)), 4)
        self.assertEqual((8, 6), objective(found, 'active_nodes'))

    def test_no_time_for_a_single_migration(self) -> None:
        uneven = small.snapshot(
            {'c0': 8, 'c1': 8, 'c2': 8}, {'i0': ('c1', 2), 'i1': ('c1', 2)}
        )
        for evacuated in ('c1', 'c2'):
            found = plan(
                uneven,
                'combined',
                stages=[evacuate(evacuated), REBALANCE],
                deadline_s=1,
            )
            self.assertFalse(moves(found))
            for row in found.objectives:
                self.assertEqual(row.before, row.after, row.name)

    def test_a_refusal_of_a_stage_refuses_all(self) -> None:
        crowded = small.snapshot(
            {'c0': 4, 'c1': 4}, {'a': ('c0', 4), 'b': ('c1', 4)}
        )
        found = plan(
            crowded,
            'combined',
            stages=[evacuate('c0', all_or_nothing=True), REBALANCE],
        )
        self.assertEqual(Status.INFEASIBLE, found.status)

    def test_messages_and_table_say_the_same(self) -> None:
        # What stays on c0 counts in the balance: c0 is in use.
        nodes = tuple(small.node(f'c{k}') for k in range(4))
        instances = (
            small.instance('stays', 'c0', 6, locked=True),
            *(small.instance(f'i{k}', f'c{k % 4}', 2) for k in range(4)),
            small.instance('large', 'c1', 6),
        )
        found = plan(
            Snapshot(nodes, instances),
            'combined',
            stages=[evacuate('c0'), REBALANCE],
        )
        after = objective(found, 'imbalance')[1]
        self.assertGreater(objective(found, 'nodes_to_evacuate')[1], 0)
        (text,) = [m for m in found.messages if m.startswith('imbalance')]
        self.assertIn(f'imbalance {after:.2f}, wanted', text)
        # Nobody else has disabled c0.
        self.assertNotIn('somebody else', ' '.join(found.messages))

    def test_every_problem_is_named_with_its_stage(self) -> None:
        with self.assertRaises(BadInput) as caught:
            combined(
                evacuate('c77'),
                {
                    'strategy': 'consolidate',
                    'parameters': {'max_utilization_pct': {'GPU': 5}},
                },
            )
        text = '; '.join(caught.exception.problems)
        self.assertIn('evacuate: nodes[0]', text)
        self.assertIn('consolidate: max_utilization_pct', text)
