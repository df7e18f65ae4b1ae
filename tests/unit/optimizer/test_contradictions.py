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

"""Rules that can never hold together."""

from __future__ import annotations

import time
import unittest

from typing import Any
from unittest import mock

from tests.unit.checker.documents import group
from tests.unit.checker.policies import RACKS
from tests.unit.checker.policies import A
from tests.unit.checker.policies import B
from tests.unit.checker.policies import cluster
from tests.unit.checker.policies import vm
from watcher_rearrange.optimizer import contradiction_model
from watcher_rearrange.optimizer import contradictions
from watcher_rearrange.policies.file import reading
from watcher_rearrange.snapshot import reader


CLOUD = cluster(vm('a1', 'n1'), vm('a2', 'n1'), vm('a3', 'n2'), vm('b1', 'n3'))
ZONE_1 = {'zones': ['z1']}


def sets(
    *rules: dict[str, Any],
    cloud: dict[str, Any] = CLOUD,
    time_limit_s: float = 60.0,
) -> contradictions.Findings:
    """What contradicts what; rules are called r0, r1, ..."""
    document = {
        'version': 1,
        'rules': [{'name': f'r{k}', **rule} for k, rule in enumerate(rules)],
    }
    return contradictions.contradictions(
        reading.policy_from_document(document),
        reader.snapshot_from_document(cloud),
        time.monotonic() + time_limit_s,
    )


def rule(kind: str, **more: Any) -> dict[str, Any]:
    if kind != 'reserve':
        more.setdefault('instances', A)
    return {'rule': kind, **more}


class TestContradictions(unittest.TestCase):
    def assert_sets(
        self, expected: str, *rules: dict[str, Any], **more: Any
    ) -> None:
        """Compare with sets such as 'r0 r1, r3'."""
        found = sets(*rules, **more)
        text = ', '.join(' '.join(names) for names in found.sets)
        self.assertEqual((expected, ()), (text, found.undecided))

    def test_fence_and_ban(self) -> None:
        fence = rule('fence', nodes=ZONE_1)
        self.assert_sets('r0 r1', fence, rule('ban', nodes=ZONE_1))
        self.assert_sets('', fence, rule('ban', nodes={'names': ['n1']}))
        self.assert_sets('', fence, rule('ban', nodes=ZONE_1, instances=B))
        self.assert_sets('', fence, rule('ban', nodes=ZONE_1, should=1))

    def test_a_fence_around_nothing(self) -> None:
        self.assert_sets('r0', rule('fence', nodes={'zones': ['z9']}))

    def test_spread_and_gather(self) -> None:
        gather = rule('gather')
        self.assert_sets('r0 r1', gather, rule('spread', at_most=2))
        self.assert_sets('', gather, rule('spread', at_most=3))
        self.assert_sets(
            '', gather, rule('spread', at_most=2), cloud=cluster()
        )

    def test_more_than_there_are_parts(self) -> None:
        self.assert_sets('', rule('spread'))
        self.assert_sets('r0', rule('spread', over='zone'))
        self.assert_sets('', rule('spread', over=RACKS))
        self.assert_sets(
            'r0 r1', rule('spread', over=RACKS), rule('fence', nodes=ZONE_1)
        )

    def test_minimal_sets(self) -> None:
        self.assert_sets(
            'r1 r3',
            rule('spread', instances=B),
            rule('near', over='zone'),
            rule('ban', nodes={'names': ['n9']}),
            rule('spread'),
        )

    def test_several_sets(self) -> None:
        self.assert_sets(
            'r0 r1, r2 r3',
            rule('gather', instances=A),
            rule('spread', instances=A),
            rule('fence', instances=B, nodes=ZONE_1),
            rule('fence', instances=B, nodes={'zones': ['z2']}),
        )

    def test_split_and_gather(self) -> None:
        split = rule('split', others=B)
        everybody = {'names': ['*1']}
        self.assert_sets('r0 r1', split, rule('gather', instances=everybody))
        self.assert_sets('', split, rule('near', over='zone', instances={}))
        self.assert_sets(
            'r0 r1',
            rule('split', others=B, over='zone'),
            rule('near', over='zone', instances={}),
        )

    def test_lonely(self) -> None:
        self.assert_sets('', rule('lonely'), rule('spread'))
        self.assert_sets(
            'r0 r1 r2',
            rule('lonely'),
            rule('spread', over=RACKS),
            rule('fence', instances=B, nodes={'names': ['n[34]']}),
        )

    def test_max_instances(self) -> None:
        most = rule('max_instances', at_most=1)
        self.assert_sets('', most)
        self.assert_sets('r0 r1', most, rule('fence', nodes=ZONE_1))
        self.assert_sets('r0', rule('max_instances', at_most=0))

    def test_who_stays(self) -> None:
        fence = rule('fence', nodes={'names': ['n3']})
        root = rule('root', instances={'names': ['a1']})
        self.assert_sets('r0 r1', fence, root)
        self.assert_sets('r0 r1', fence, rule('only', instances=B))
        self.assert_sets('', fence, rule('only', instances=A))

    def test_reserve_of_more_than_there_is(self) -> None:
        for amount, expected in ((100, ''), (101, 'r0')):
            keep = {'MEMORY_MB': amount}
            self.assert_sets(expected, rule('reserve', nodes={}, keep=keep))

    def test_hard_server_groups_count(self) -> None:
        apart = {
            **CLOUD,
            'server_groups': [group('anti-affinity', 'a1', 'a2')],
        }
        self.assertEqual(
            (('r0', 'server group g'),), sets(rule('gather'), cloud=apart).sets
        )
        # What Nova's rules cannot have among themselves is not the policy's.
        both = [
            group('anti-affinity', 'a1', 'a2'),
            {**group('affinity', 'a1', 'a2'), 'uuid': 'h'},
        ]
        self.assert_sets('', cloud={**CLOUD, 'server_groups': both})

    def test_no_time(self) -> None:
        found = sets(rule('spread'), time_limit_s=0.0)
        self.assertEqual(((), ('r0',)), (found.sets, found.undecided))

    def test_a_server_group_is_not_named_alone(self) -> None:
        apart = [group('anti-affinity', 'a1', 'a2')]
        cloud = {**CLOUD, 'server_groups': apart}
        for rules, expected in (((rule('spread'),), ('r0',)), ((), ())):
            found = sets(*rules, cloud=cloud, time_limit_s=0.0)
            self.assertEqual(((), expected), (found.sets, found.undecided))


def full(*instances: Any, **more: Any) -> dict[str, Any]:
    """Nodes of 100 MiB; instances by name, host and MiB."""
    return cluster(
        *(
            {**vm(name, host), 'allocations': {'MEMORY_MB': mb}}
            for name, host, mb in instances
        ),
        **more,
    )


N1 = {'names': ['n1']}


class TestRoom(unittest.TestCase):
    def assert_crowded(
        self, expected: str, cloud: dict[str, Any], *rules: dict[str, Any]
    ) -> None:
        found = sets(*rules, cloud=cloud)
        text = ', '.join(' '.join(names) for names in found.crowded)
        self.assertEqual(
            (expected, (), ()), (text, found.sets, found.undecided)
        )

    def test_more_than_fit_within_a_fence(self) -> None:
        for count, expected in ((4, ''), (5, 'r0')):
            names = [f'a{k}' for k in range(count)]
            cloud = full(*((name, 'n3', 25) for name in names))
            fence = rule('fence', nodes=N1)
            self.assert_crowded(expected, cloud, fence)
            self.assert_crowded('', cloud, rule('fence', nodes=ZONE_1))
            # They are together now.
            second = expected.replace('0', '1')
            self.assert_crowded(second, cloud, rule('gather'), fence)

    def test_one_that_is_larger_than_a_node(self) -> None:
        # Each of two nodes has 100 MiB: 60 and 60 and 60 are too many.
        cloud = full(('a1', 'n3', 60), ('a2', 'n4', 60), ('a3', 'n1', 60))
        self.assert_crowded('r0', cloud, rule('near', over='zone'))
        self.assert_crowded('r0', cloud, rule('fence', nodes=ZONE_1))

    def test_rules_that_want_the_same_room(self) -> None:
        cloud = full(('a1', 'n3', 60), ('b1', 'n3', 60), ('c1', 'n4', 60))
        a, b = (rule('fence', nodes=N1, instances=x) for x in (A, B))
        self.assert_crowded('r0 r1', cloud, a, b)
        self.assert_crowded(
            'r0 r1', cloud, a, rule('gather', instances={'names': ['[ab]1']})
        )
        self.assert_crowded('', cloud, a, rule('ban', nodes=N1, instances=B))

    def test_who_is_in_no_rule_could_be_elsewhere(self) -> None:
        cloud = full(('a1', 'n3', 60), ('b1', 'n1', 60))
        self.assert_crowded('', cloud, rule('fence', nodes=N1))
        root = rule('root', instances=B)
        self.assert_crowded('r0 r1', cloud, rule('fence', nodes=N1), root)

    def test_what_a_node_holds_already_it_may_hold(self) -> None:
        cloud = full(('a1', 'n1', 60), ('a2', 'n1', 60), ('a3', 'n1', 60))
        self.assert_crowded('', cloud, rule('gather'))
        fence = rule('fence', nodes=ZONE_1)
        self.assert_crowded('', cloud, fence)
        self.assert_crowded(
            'r0', cloud, rule('fence', nodes={'names': ['n2']})
        )

    def test_a_class_that_a_node_does_not_have(self) -> None:
        cloud = full(('a1', 'n3', 10))
        cloud['instances'][0]['allocations']['CUSTOM_X'] = 1
        self.assert_crowded('r0', cloud, rule('fence', nodes=N1))

    def test_what_contradicts_anyway_is_not_for_lack_of_room(self) -> None:
        cloud = full(*((f'a{k}', 'n3', 25) for k in range(5)))
        found = sets(
            rule('fence', nodes=N1), rule('ban', nodes=N1), cloud=cloud
        )
        self.assertEqual(((('r0', 'r1'),), ()), (found.sets, found.crowded))

    def test_what_is_too_large_is_taken_to_fit(self) -> None:
        cloud = full(*((f'a{k}', 'n3', 25) for k in range(5)))
        model = contradiction_model._Model
        with (
            mock.patch.object(contradiction_model, 'MOST_COLUMNS', 3),
            mock.patch.object(
                contradiction_model, '_Model', wraps=model
            ) as m_model,
        ):
            self.assert_crowded('', cloud, rule('fence', nodes=N1))
        # Nor is such a programme written, which takes long.
        settings = [call.args[1] for call in m_model.call_args_list]
        self.assertEqual([None], [one.room for one in settings])

    def test_one_group_is_looked_at_once(self) -> None:
        cloud = full(('a1', 'n3', 60), ('b1', 'n4', 60))
        for others, times in ((A, 1), (B, 3)):
            with mock.patch.object(
                contradictions, 'placed', wraps=contradictions.placed
            ) as m_placed:
                self.assert_crowded(
                    '',
                    cloud,
                    rule('fence', nodes=N1),
                    rule('fence', nodes=ZONE_1, instances=others),
                )
            rooms = [call.args[1].room for call in m_placed.call_args_list]
            self.assertEqual(times, sum(one is not None for one in rooms))
