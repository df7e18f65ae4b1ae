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

"""Plans that keep room for the instances of nodes that fail."""

from __future__ import annotations

import collections
import dataclasses
import unittest

from typing import Any
from unittest import mock

from tests.unit.model import small
from watcher_rearrange import checker
from watcher_rearrange.model.plan import PathSummary
from watcher_rearrange.model.plan import Plan
from watcher_rearrange.model.plan import Status
from watcher_rearrange.model.records import Migration
from watcher_rearrange.model.records import Snapshot
from watcher_rearrange.planning import pipeline
from watcher_rearrange.planning import reserve
from watcher_rearrange.planning import waits
from watcher_rearrange.snapshot import writer


def plan(strategy: str, nodes: dict[str, int], failures: int) -> Plan:
    """A plan for one instance of 2 vCPUs on each node but the last."""
    snapshot = small.snapshot(
        nodes, {f'i{k}': (host, 2) for k, host in enumerate([*nodes][:-1])}
    )
    given: dict[str, object] = {'failures_to_tolerate': failures}
    if strategy == 'evacuate':
        given['nodes'] = ['c1']
    return pipeline.plan(snapshot, strategy, given)


def waves(found: Plan) -> list[int]:
    """The wave of each action."""
    return list(found.waves().values())


def breaches(nodes: dict[str, int], found: Plan, failures: int) -> list[str]:
    """What the checker says of a plan for the cluster of ``plan``."""
    snapshot = small.snapshot(
        nodes, {f'i{k}': (host, 2) for k, host in enumerate([*nodes][:-1])}
    )
    report = checker.check_plan(
        writer.snapshot_document(snapshot),
        writer.plan_document(found),
        limits=checker.Limits(failures_to_tolerate=failures),
    )
    return [one.rule for one in report.violations]


class TestReserve(unittest.TestCase):
    def test_nothing_changes_where_there_is_room(self) -> None:
        nodes = {'c1': 4, 'c2': 4, 'c3': 4, 'c4': 4}
        found = [plan('evacuate', nodes, k) for k in (0, 1)]
        self.assertEqual(found[0].actions, found[1].actions)
        self.assertEqual((), found[1].messages)

    def test_freed_nodes_stay_enabled_as_room(self) -> None:
        # Two nodes hold the instances of all four.
        nodes = {'c1': 4, 'c2': 4, 'c3': 4, 'c4': 4, 'c5': 4}
        without = plan('consolidate', nodes, 0)
        disabled = [a for a in without.actions if not a.is_migration]
        self.assertTrue(disabled)
        found = plan('consolidate', nodes, 2)
        self.assertLess(
            len([a for a in found.actions if not a.is_migration]),
            len(disabled),
        )
        self.assertIn('stay enabled', found.messages[0])
        self.assertIs(Status.FEASIBLE, found.status)

    def test_room_is_there_in_every_order(self) -> None:
        # While an instance moves it is on two nodes of five.
        nodes = {'c1': 4, 'c2': 4, 'c3': 4, 'c4': 4, 'c5': 3}
        without, found = (plan('consolidate', nodes, k) for k in (0, 2))
        self.assertEqual({1: 2, 2: 2}, collections.Counter(waves(without)))
        first, second = found.actions
        self.assertEqual((first.id,), second.parents)
        self.assertGreaterEqual(second.starts_s, first.estimated_s)
        self.assertIn('s longer', found.messages[1])
        self._every_parent_is_needed(nodes, found)

    def test_freed_nodes_are_room_until_all_have_moved(self) -> None:
        nodes = {'c1': 4, 'c2': 4, 'c3': 4, 'c4': 4, 'c5': 4}
        found = plan('consolidate', nodes, 2)
        first, second, last = found.actions
        self.assertEqual([(), ()], [first.parents, second.parents])
        self.assertEqual((first.id, second.id), last.parents)
        self.assertEqual(1, len(found.messages))
        self._every_parent_is_needed(nodes, found)

    def _every_parent_is_needed(
        self, nodes: dict[str, int], found: Plan
    ) -> None:
        self.assertEqual([], breaches(nodes, found, 2))
        for action in found.actions:
            # Nobody waits any more.
            alone = dataclasses.replace(action, parents=())
            actions = tuple(
                alone if one is action else one for one in found.actions
            )
            wrong = dataclasses.replace(found, actions=actions)
            rules = ['reserve'] if action.parents else []
            self.assertEqual(rules, breaches(nodes, wrong, 2))

    def test_the_bound_is_of_what_is_kept(self) -> None:
        nodes = {'c1': 4, 'c2': 4, 'c3': 2}
        without, found = (plan('consolidate', nodes, k) for k in (0, 1))
        self.assertEqual(['live_migrate'], [a.type for a in found.actions])
        self.assertLess(
            found.path.makespan_bound_s, without.path.makespan_bound_s
        )
        self.assertEqual(found.path.makespan_s, found.path.makespan_bound_s)

    def test_migrations_take_the_room_of_two(self) -> None:
        nodes = {'c1': 4, 'c2': 4, 'c3': 4, 'c4': 4, 'c5': 4}
        found = plan('consolidate', nodes, 3)
        self.assertEqual((), found.actions)

    def test_what_nobody_has_looked_at_is_left_out(self) -> None:
        nodes = {'c1': 4, 'c2': 4, 'c3': 4, 'c4': 4}
        with mock.patch.object(waits.Waits, '_is_late', new=True):
            found = plan('evacuate', nodes, 1)
        self.assertEqual((), found.actions)
        self.assertIn('time limit', found.messages[0])

    def test_what_was_shown_stands_when_the_time_is_over(self) -> None:
        nodes = {'c1': 4, 'c2': 4, 'c3': 4, 'c4': 4, 'c5': 3}
        expected = plan('consolidate', nodes, 2)
        proof = waits.Waits.proof
        found: list[waits.Proof] = []

        def once(self: waits.Waits, *given: Any) -> waits.Proof:
            late = mock.patch.object(waits.Waits, '_is_late', new=bool(found))
            with late:
                found.append(proof(self, *given))
            return found[-1]

        with mock.patch.object(waits.Waits, 'proof', new=once):
            again = plan('consolidate', nodes, 2)
        self.assertEqual([False, True], [one.late for one in found[:2]])
        self.assertEqual(expected.actions, again.actions)

    def test_many_actions_wait_for_the_same_ones(self) -> None:
        snapshot = small.snapshot(
            {f'c{k:02}': 8 for k in range(24)},
            {f'i{k:02}': (f'c{k:02}', 3) for k in range(24)},
        )
        document = writer.snapshot_document(snapshot)
        counts = []
        for finest in (1, 16):
            with (
                mock.patch.object(reserve, 'SMALL', new=0),
                mock.patch.object(reserve, 'FINER', new=(finest,)),
            ):
                found = pipeline.plan(
                    snapshot, 'consolidate', {'failures_to_tolerate': 3}
                )
            report = checker.check_plan(
                document,
                writer.plan_document(found),
                limits=checker.Limits(failures_to_tolerate=3),
            )
            self.assertEqual((), report.violations)
            counts.append(sum(bool(a.parents) for a in found.actions))
            self.assertEqual(12, found.path.migrations)
        self.assertLessEqual(*counts)

    def test_a_policy_is_not_known_to_nova(self) -> None:
        nodes = {'c1': 4, 'c2': 4, 'c3': 4}
        snapshot = small.snapshot(nodes, {'a': ('c1', 2), 'b': ('c2', 2)})
        rules: tuple[dict[str, object], ...] = (
            {'rule': 'gather', 'instances': {'uuids': ['a', 'b']}},
            {'rule': 'spread', 'instances': {'uuids': ['a', 'b']}},
            {'rule': 'reserve', 'nodes': {}, 'keep': {'VCPU': 3}},
        )
        for rule in rules:
            policy = {'version': 1, 'rules': [{'name': 'x', **rule}]}
            found = pipeline.plan(
                snapshot,
                'evacuate',
                {'failures_to_tolerate': 1, 'policy': policy, 'nodes': ['c3']},
            )
            self.assertEqual(('c3',), tuple(a.node for a in found.actions))
            self.assertEqual((), found.messages, rule)

    def test_nobody_takes_the_room_that_is_kept(self) -> None:
        nodes = {'c1': 4, 'c2': 2, 'c3': 2}
        self.assertEqual(1, plan('evacuate', nodes, 0).path.migrations)
        found = plan('evacuate', nodes, 1)
        self.assertEqual(0, found.path.migrations)
        self.assertIn('left out', found.messages[0])

    def test_a_node_is_not_closed_where_it_is_the_room(self) -> None:
        found = plan('evacuate', {'c1': 4, 'c2': 4, 'c3': 1}, 1)
        self.assertEqual((), found.actions)
        self.assertIs(Status.NO_CHANGE, found.status)
        self.assertEqual(PathSummary(), found.path)

    def test_a_part_may_be_of_no_use(self) -> None:
        """What is not proved to be impossible is not said to be late."""
        snapshot = small.snapshot(
            {'c1': 4, 'c2': 2, 'c3': 2}, {'i0': ('c1', 2), 'i1': ('c2', 2)}
        )
        given = {'nodes': ['c1'], 'all_or_nothing': True}
        found = pipeline.plan(
            snapshot, 'evacuate', {**given, 'failures_to_tolerate': 1}
        )
        self.assertEqual((), found.actions)
        self.assertIs(Status.NO_CHANGE, found.status)
        self.assertIn('left out', found.messages[0])
        self.assertIn('nothing is done', found.messages[1])

    def test_who_is_migrating_already_is_company_nowhere(self) -> None:
        # a and b are company for each other, until both are on one node.
        snapshot = small.snapshot(
            {'c1': 8, 'c2': 8, 'c3': 8, 'c4': 8},
            {'a': ('c1', 2), 'b': ('c2', 2), 'm': ('c3', 2)},
            server_groups=(small.together('a', 'b', 'm'),),
            migrations=(Migration('m', 'c3', 'c4', 'running'),),
        )
        given = {'nodes': ['c1']}
        found = pipeline.plan(snapshot, 'evacuate', given)
        self.assertEqual(1, found.path.migrations)
        document = writer.snapshot_document(snapshot)

        def rules() -> list[str]:
            report = checker.check_plan(
                document,
                writer.plan_document(found),
                limits=checker.Limits(failures_to_tolerate=1),
            )
            return [one.rule for one in report.violations]

        self.assertEqual(['reserve'], rules())
        # Where it stays, it is company.
        document['migrations'][0]['status'] = 'completed'
        self.assertEqual([], rules())
        found = pipeline.plan(
            snapshot, 'evacuate', {**given, 'failures_to_tolerate': 1}
        )
        self.assertEqual(0, found.path.migrations)

    def test_what_is_broken_already_may_stay_so(self) -> None:
        nodes = {'c1': 8, 'c2': 8}
        snapshot = small.snapshot(
            nodes, {'a': ('c1', 6), 'b': ('c1', 1), 'c': ('c2', 6)}
        )
        found = pipeline.plan(
            snapshot,
            'rebalance',
            {'failures_to_tolerate': 1, 'dimensions': ['VCPU']},
        )
        self.assertIn('instances of 2 nodes', ' '.join(found.messages))


class TestParts(unittest.TestCase):
    """Plans of which only a part can be kept."""

    def test_not_all_is_lost_where_services_come_last(self) -> None:
        # In the plan that is found, services come before migrations.
        sizes = [12, 12, 12, 8, 8]
        snapshot = small.snapshot(
            {f'cmp{k}': size for k, size in enumerate(sizes)},
            {
                'a': ('cmp2', 6),
                'b': ('cmp2', 1),
                'c': ('cmp3', 2),
                'd': ('cmp4', 1),
                'e': ('cmp1', 1),
                'f': ('cmp0', 2),
                'g': ('cmp1', 1),
            },
            server_groups=(small.together('a', 'c', 'f'),),
        )
        found = pipeline.plan(
            snapshot,
            'consolidate',
            {'spare_nodes': 0, 'failures_to_tolerate': 1},
        )
        self.assertEqual(3, found.path.migrations)
        self.assertEqual(5, len(found.actions))

    def kept(self, document: Snapshot, counts: list[int]) -> Plan:
        """A consolidation of which so much is shown, one look after another.

        After these, all is shown that can be.
        """
        proof = waits.Waits.proof

        def some(self: waits.Waits, *given: Any) -> waits.Proof:
            found = proof(self, *given)
            if counts:
                parents = found.parents[: counts.pop(0)]
                found = dataclasses.replace(found, parents=parents)
            return found

        with (
            mock.patch.object(waits.Waits, 'proof', new=some),
            mock.patch.object(reserve, 'SMALL', new=0),
            mock.patch.object(reserve, 'FINER', new=()),
        ):
            return pipeline.plan(
                document, 'consolidate', {'failures_to_tolerate': 1}
            )

    def test_what_was_shown_is_kept_where_less_is_not(self) -> None:
        snapshot = small.snapshot(
            {f'c{k}': 8 for k in range(4)},
            {f'i{k}': (f'c{k}', 2) for k in range(4)},
        )
        self.assertEqual(3, self.kept(snapshot, []).path.migrations)
        # Nothing is shown of the plan that is made of the first migration.
        found = self.kept(snapshot, [1, 0])
        self.assertEqual(1, found.path.migrations)
        self.assertNotIn('longer', ' '.join(found.messages))

    def test_what_gains_nothing_is_not_kept(self) -> None:
        snapshot = small.snapshot(
            {'c1': 8, 'c2': 8, 'c3': 8},
            {
                'a': ('c1', 1),
                'b': ('c1', 1),
                'c': ('c2', 3),
                'd': ('c2', 1),
                'e': ('c2', 1),
            },
        )
        self.assertEqual(2, self.kept(snapshot, []).path.migrations)
        # With one of them, its node is not free.
        found = self.kept(snapshot, [1])
        self.assertEqual((), found.actions)
        self.assertIs(Status.NO_CHANGE, found.status)


class TestTooLate(unittest.TestCase):
    """Who would have to wait for so long that it is too late."""

    def found(self, quiet: dict[str, float], **given: Any) -> Plan:
        """Three migrations of 14 s that take place one by one.

        :param quiet: when quiet hours begin, by instance
        """
        nodes = {f'c{k}': 4 for k in range(6)}
        snapshot = small.snapshot(
            {**nodes, 'c6': 2}, {f'i{k}': (f'c{k}', 2) for k in range(6)}
        )
        instances = tuple(
            dataclasses.replace(one, quiet_from_s=quiet.get(one.uuid))
            for one in snapshot.instances
        )
        snapshot = dataclasses.replace(snapshot, instances=instances)
        given = {'failures_to_tolerate': 3, **given}
        with mock.patch.object(pipeline.quiet, 'marked', new=lambda s, *_: s):
            return pipeline.plan(snapshot, 'consolidate', given)

    def test_who_is_quiet_soon_goes_first(self) -> None:
        for uuid in ('i0', 'i1', 'i2'):
            found = self.found({uuid: 5.0})
            self.assertEqual(3, found.path.migrations)
            self.assertEqual(uuid, found.actions[0].instance)

    def test_others_are_not_left_out_with_who_is_quiet(self) -> None:
        found = self.found({'i0': 5.0, 'i1': 5.0})
        self.assertEqual(['i0', 'i2'], [a.instance for a in found.actions])
        self.assertEqual(
            '1 migrations are left out: they would have to wait for others '
            'and come too late for quiet hours',
            found.messages[0],
        )

    def test_too_late_for_the_deadline(self) -> None:
        found = self.found({}, deadline_s=30)
        self.assertEqual(2, found.path.migrations)
        self.assertLessEqual(found.path.makespan_s, 30)
        self.assertIn('for the deadline', found.messages[0])
