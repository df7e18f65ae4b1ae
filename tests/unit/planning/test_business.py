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

"""Plans under a policy, and the strategy that mends what is broken."""

from __future__ import annotations

import datetime
import unittest

from collections.abc import Mapping
from typing import Any

from tests.unit.model import small
from tests.unit.planning.documents import moves
from tests.unit.planning.documents import objective
from watcher_rearrange.model import plan as plans
from watcher_rearrange.model.plan import Status
from watcher_rearrange.model.records import Migration
from watcher_rearrange.model.records import Snapshot
from watcher_rearrange.planning import pipeline
from watcher_rearrange.policies.file import reading


NIGHT = datetime.datetime(2026, 1, 5, 23, tzinfo=datetime.timezone.utc)
NODES = {'c0': 4, 'c1': 4, 'c2': 4}


def plan(
    snapshot: Snapshot,
    strategy: str,
    *rules: dict[str, Any],
    migrated: Mapping[str, int] | None = None,
    **given: Any,
) -> plans.Plan:
    """Plan under rules that are named after their kinds."""
    document = {
        'version': 1,
        'rules': [{'name': f'the {one["rule"]}', **one} for one in rules],
    }
    known = pipeline.Business(
        reading.policy_from_document(document), NIGHT, migrated or {}
    )
    return pipeline.plan(snapshot, strategy, given, known)


def names(*names: str) -> dict[str, Any]:
    return {'uuids': list(names)}


class TestRepair(unittest.TestCase):
    def test_nothing_is_broken(self) -> None:
        found = plan(
            small.snapshot(NODES, {'a': ('c0', 1)}),
            'policy',
            {'rule': 'ban', 'instances': names('a'), 'nodes': NAMED_C1},
        )
        self.assertEqual(Status.NO_CHANGE, found.status)

    def test_fence(self) -> None:
        found = plan(
            small.snapshot(NODES, {'a': ('c0', 1), 'b': ('c0', 1)}),
            'policy',
            {'rule': 'fence', 'instances': names('a'), 'nodes': NAMED_C1},
        )
        self.assertEqual({'a': 'c1'}, moves(found))
        self.assertEqual(Status.OPTIMAL, found.status)
        self.assertEqual((1, 0), objective(found, 'breaches'))
        self.assertEqual('mends rule the fence', found.actions[0].reason)

    def test_who_is_in_the_way_makes_room(self) -> None:
        found = plan(
            small.snapshot(NODES, {'a': ('c0', 3), 'b': ('c1', 2)}),
            'policy',
            {'rule': 'fence', 'instances': names('a'), 'nodes': NAMED_C1},
        )
        self.assertEqual('c1', moves(found)['a'])
        (makes_room,) = (a for a in found.actions if a.instance == 'b')
        self.assertIn('makes room', makes_room.reason)

    def test_spread(self) -> None:
        found = plan(
            small.snapshot(NODES, {k: ('c0', 1) for k in 'abc'}),
            'policy',
            {'rule': 'spread', 'instances': names('a', 'b', 'c')},
        )
        self.assertEqual(2, len(set(moves(found).values())))
        self.assertEqual(Status.OPTIMAL, found.status)

    def test_gather_with_the_fewest(self) -> None:
        cluster = {'a': ('c0', 1), 'b': ('c1', 1), 'c': ('c1', 1)}
        found = plan(
            small.snapshot(NODES, cluster),
            'policy',
            {'rule': 'gather', 'instances': names('a', 'b', 'c')},
        )
        self.assertEqual({'a': 'c1'}, moves(found))
        self.assertEqual(Status.OPTIMAL, found.status)

    def test_lonely(self) -> None:
        cluster = {'a': ('c0', 1), 'b': ('c0', 1), 'c': ('c1', 1)}
        found = plan(
            small.snapshot(NODES, cluster),
            'policy',
            {'rule': 'lonely', 'instances': names('a')},
        )
        self.assertEqual(1, len(moves(found)))
        self.assertEqual((1, 0), objective(found, 'breaches'))

    def test_reserve(self) -> None:
        found = plan(
            small.snapshot(NODES, {'a': ('c0', 2), 'b': ('c0', 1)}),
            'policy',
            {
                'rule': 'reserve',
                'nodes': {'names': ['c0']},
                'keep': {'VCPU': 2},
            },
        )
        self.assertEqual(['b'], list(moves(found)))

    def test_a_capacity_that_is_exceeded(self) -> None:
        found = plan(
            small.snapshot(NODES, {'a': ('c0', 3), 'b': ('c0', 2)}), 'policy'
        )
        self.assertEqual(1, len(moves(found)))
        self.assertEqual(Status.OPTIMAL, found.status)

    def test_what_cannot_be_mended_is_told(self) -> None:
        found = plan(
            small.snapshot({'c0': 4}, {'a': ('c0', 1), 'b': ('c0', 1)}),
            'policy',
            {'rule': 'spread', 'instances': names('a', 'b')},
        )
        self.assertEqual((), found.actions)
        self.assertIn('still broken: anti-affinity', found.messages[0])

    def test_no_more_than_wanted(self) -> None:
        found = plan(
            small.snapshot(NODES, {k: ('c0', 1) for k in 'abc'}),
            'policy',
            {
                'rule': 'ban',
                'instances': names('a', 'b', 'c'),
                'nodes': {'names': ['c0']},
            },
            max_migrations=2,
        )
        self.assertEqual(2, len(moves(found)))


NAMED_C1 = {'names': ['c1']}


BUDGET = {'name': 'another', 'rule': 'budget'}


class TestWhoMoves(unittest.TestCase):
    def evacuated(
        self, *rules: dict[str, Any], **known: Any
    ) -> dict[str, str]:
        cluster = {'a': ('c0', 1), 'b': ('c0', 1), 'c': ('c0', 1)}
        snapshot = small.snapshot(NODES, cluster)
        found = plan(snapshot, 'evacuate', *rules, nodes=['c0'], **known)
        return moves(found)

    def test_root(self) -> None:
        rule = {'rule': 'root', 'instances': names('a')}
        self.assertEqual({'b', 'c'}, set(self.evacuated(rule)))

    def test_only(self) -> None:
        rule = {'rule': 'only', 'instances': names('a')}
        self.assertEqual({'a'}, set(self.evacuated(rule)))

    def test_quiet_hours(self) -> None:
        for hours, moved in (('22:00-06:00', 2), ('06:00-22:00', 3)):
            rule = {
                'rule': 'quiet_hours',
                'instances': names('a'),
                'hours': [hours],
            }
            self.assertEqual(moved, len(self.evacuated(rule)), hours)

    def test_budget(self) -> None:
        everybody = names('a', 'b', 'c')
        rule = {'rule': 'budget', 'instances': everybody, 'migrations': 2}
        self.assertEqual(2, len(self.evacuated(rule)))
        self.assertEqual(1, len(self.evacuated(rule, migrated={'a': 1})))
        self.assertEqual({}, self.evacuated(rule, migrated={'a': 2}))

    def test_only_who_is_over_a_budget_stays(self) -> None:
        found = self.evacuated(
            {'rule': 'budget', 'instances': names('a', 'b'), 'migrations': 1},
            {**BUDGET, 'instances': names('c'), 'migrations': 1},
        )
        self.assertEqual(2, len(found))
        self.assertIn('c', found)

    def test_each_project(self) -> None:
        snapshot = Snapshot(
            tuple(small.node(name, 8) for name in NODES),
            tuple(
                small.instance(f'{project}{k}', 'c0', project_id=project)
                for project in ('p', 'q')
                for k in range(3)
            ),
        )
        rule = {'rule': 'budget', 'migrations': 2, 'each': 'project'}
        found = plan(
            snapshot, 'evacuate', rule, nodes=['c0'], migrated={'p0': 1}
        )
        self.assertEqual(
            'pqq', ''.join(sorted(uuid[0] for uuid in moves(found)))
        )

    def test_a_budget_proves_nothing_unless_it_is_empty(self) -> None:
        snapshot = small.snapshot({'c0': 4, 'c1': 4}, {'a': ('c0', 1)})
        rule = {'rule': 'budget', 'instances': names('a')}
        given = {'nodes': ['c0'], 'all_or_nothing': True}
        for most, status in ((1, Status.NO_CHANGE), (0, Status.INFEASIBLE)):
            found = plan(
                snapshot,
                'evacuate',
                {**rule, 'migrations': most},
                migrated={'a': 1},
                **given,
            )
            self.assertIs(status, found.status)

    def test_a_migration_under_way_is_charged(self) -> None:
        snapshot = small.snapshot(
            NODES,
            {'a': ('c1', 1), 'b': ('c0', 1)},
            migrations=(Migration('a', 'c1', 'c2'),),
        )
        rule = {
            'rule': 'budget',
            'instances': names('a', 'b'),
            'migrations': 1,
        }
        found = plan(snapshot, 'evacuate', rule, nodes=['c0'])
        self.assertEqual({}, moves(found))

    def test_priority(self) -> None:
        everybody = names('a', 'b', 'c')
        for first in 'abc':
            found = self.evacuated(
                {'rule': 'budget', 'instances': everybody, 'migrations': 1},
                {'rule': 'priority', 'instances': names(first), 'value': 9},
            )
            self.assertEqual({first}, set(found))


class TestShould(unittest.TestCase):
    def test_gives_way_to_an_evacuation(self) -> None:
        rule = {
            'rule': 'ban',
            'instances': names('a'),
            'nodes': {'names': ['c1', 'c2']},
        }
        snapshot = small.snapshot(NODES, {'a': ('c0', 1)})
        for more, moved in (({}, 0), ({'should': 3}, 1)):
            found = plan(snapshot, 'evacuate', {**rule, **more}, nodes=['c0'])
            self.assertEqual(moved, len(moves(found)))
        self.assertIn('gave way', found.messages[0])

    def test_is_kept_where_it_can_be(self) -> None:
        rule = {
            'rule': 'ban',
            'instances': names('a'),
            'nodes': {'names': ['c1']},
            'should': 3,
        }
        snapshot = small.snapshot(NODES, {'a': ('c0', 1), 'b': ('c2', 3)})
        found = plan(snapshot, 'evacuate', rule, nodes=['c0'])
        self.assertEqual({'a': 'c2'}, moves(found))

    def test_the_heavier_is_kept(self) -> None:
        """Of two of which one has to give way."""
        document = {
            'version': 1,
            'rules': [
                {
                    'name': name,
                    'rule': 'spread',
                    'instances': names('a', other),
                    'should': weight,
                }
                for name, other, weight in (('one', 'b', 1), ('two', 'c', 9))
            ],
        }
        found = pipeline.plan(
            small.snapshot(
                NODES, {'a': ('c0', 1), 'b': ('c1', 3), 'c': ('c2', 3)}
            ),
            'evacuate',
            {'nodes': ['c0']},
            pipeline.Business(reading.policy_from_document(document), NIGHT),
        )
        self.assertEqual({'a': 'c1'}, moves(found))
        self.assertIn('rules that should hold gave way: one', found.messages)

    def test_a_lighter_one_gives_way_in_its_place(self) -> None:
        """One that the first plan without any of them has kept."""
        document = {
            'version': 1,
            'rules': [
                {
                    'name': name,
                    'rule': 'ban',
                    'instances': names('a'),
                    'nodes': {'names': [node]},
                    'should': weight,
                }
                for name, node, weight in (
                    ('heavy', 'c1', 9),
                    ('light', 'c2', 1),
                )
            ],
        }
        for nodes in (('c0', 'c1', 'c2'), ('c0', 'c2', 'c1')):
            found = pipeline.plan(
                small.snapshot(dict.fromkeys(nodes, 4), {'a': ('c0', 1)}),
                'evacuate',
                {'nodes': ['c0']},
                pipeline.Business(
                    reading.policy_from_document(document), NIGHT
                ),
            )
            self.assertEqual({'a': 'c2'}, moves(found))

    def test_is_mended_after_what_must_hold(self) -> None:
        snapshot = small.snapshot(NODES, {'a': ('c0', 1)})
        must = {'rule': 'ban', 'instances': names('a'), 'nodes': C0}
        should = {
            'rule': 'fence',
            'instances': names('a'),
            'nodes': C0,
            'should': 9,
        }
        found = plan(snapshot, 'policy', must, should)
        self.assertEqual(['a'], list(moves(found)))
        # What gave way is told, and nothing is proved.
        self.assertEqual(Status.FEASIBLE, found.status)
        self.assertEqual((0, 9), objective(found, 'should_breaches'))
        self.assertEqual(1, len(found.violations_after))

    def test_what_gave_way_is_mended_in_the_same_plan(self) -> None:
        # Two that are together leave one after the other.
        found = plan(
            small.snapshot(NODES, {k: ('c0', 1) for k in 'ab'}),
            'policy',
            {'rule': 'fence', 'instances': names('a'), 'nodes': NAMED_C1},
            {'rule': 'gather', 'instances': names('a', 'b'), 'should': 3},
        )
        self.assertEqual({'a': 'c1', 'b': 'c1'}, moves(found))
        self.assertEqual((0, 0), objective(found, 'should_breaches'))
        self.assertEqual((), found.messages)
        self.assertEqual(
            ['mends rule the fence', 'keeps rule the gather'],
            [action.reason for action in found.actions],
        )


C0 = {'names': ['c0']}
