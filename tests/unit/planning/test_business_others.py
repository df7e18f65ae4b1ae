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

"""What a policy is to strategies whose aim is another one."""

from __future__ import annotations

import unittest

from typing import Any

from tests.unit.model import small
from tests.unit.planning.documents import moves
from tests.unit.planning.test_business import NODES
from tests.unit.planning.test_business import names
from tests.unit.planning.test_business import plan
from watcher_rearrange.model import plan as plans
from watcher_rearrange.model.errors import BadInput
from watcher_rearrange.model.plan import Status
from watcher_rearrange.planning import pipeline
from watcher_rearrange.policies.file import reading


class TestOthers(unittest.TestCase):
    def _consolidate(
        self, cluster: dict[str, tuple[str, int]], *rules: dict[str, Any]
    ) -> plans.Plan:
        snapshot = small.snapshot(NODES, cluster)
        return plan(snapshot, 'consolidate', *rules, spare_nodes=0)

    def test_who_is_kept_apart_stays_apart(self) -> None:
        rule = {'rule': 'split', 'others': names('b')}
        found = self._consolidate(
            {'a': ('c0', 1), 'b': ('c1', 1)}, {**rule, 'instances': names('a')}
        )
        self.assertEqual({}, moves(found))

    def test_the_lonely_are_packed_by_themselves(self) -> None:
        found = self._consolidate(
            {'a': ('c0', 1), 'b': ('c1', 1), 'x': ('c2', 1)},
            {'rule': 'lonely', 'instances': names('a', 'b')},
        )
        self.assertEqual(1, len(moves(found)))
        self.assertNotIn('x', moves(found))
        self.assertEqual((), found.violations_after)

    def test_a_limit_on_everybody(self) -> None:
        cluster = {k: ('c0', 1) for k in 'ab'} | {k: ('c1', 1) for k in 'cd'}
        limit = {'rule': 'max_instances', 'at_most': 3}
        found = self._consolidate({**cluster, 'e': ('c2', 1)}, limit)
        self.assertEqual(['e'], list(moves(found)))
        self.assertEqual(Status.FEASIBLE, found.status)

    def test_what_should_hold_binds_too(self) -> None:
        found = self._consolidate(
            {'a': ('c0', 1), 'b': ('c1', 1)},
            {'rule': 'spread', 'instances': names('a', 'b'), 'should': 1},
        )
        self.assertEqual({}, moves(found))

    def test_a_limit_that_is_broken_is_told_in_its_words(self) -> None:
        cluster = {k: ('c0', 1) for k in 'abc'}
        limit = {'rule': 'max_instances', 'nodes': {'names': ['c0']}}
        found = self._consolidate(cluster, {**limit, 'at_most': 2})
        self.assertEqual(
            [('policy', ('the max_instances',))],
            [(one.rule, one.things) for one in found.violations_after],
        )

    def test_a_rule_with_the_name_of_another(self) -> None:
        rule = {'name': 'x', 'rule': 'root', 'instances': names('a')}
        document = {'version': 1, 'rules': [rule]}
        known = pipeline.Business(reading.policy_from_document(document))
        with self.assertRaises(BadInput) as raised:
            pipeline.plan(
                small.snapshot(NODES, {}),
                'policy',
                {'policy': document},
                known,
            )
        self.assertIn("a rule 'x' too", raised.exception.problems[0])

    def test_the_audits_own_policy_is_checked(self) -> None:
        with self.assertRaises(BadInput) as raised:
            pipeline.plan(
                small.snapshot(NODES, {}),
                'policy',
                {'policy': {'version': 1, 'rules': [{'rule': 'no'}]}},
            )
        self.assertTrue(
            all(p.startswith('policy.') for p in raised.exception.problems)
        )
