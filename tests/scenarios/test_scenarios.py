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

"""Small clusters as an operator knows them, and what must come of them."""

from __future__ import annotations

import json
import pathlib
import unittest

from collections import Counter
from typing import Any

from watcher_rearrange import checker
from watcher_rearrange.planning import pipeline
from watcher_rearrange.snapshot import reader
from watcher_rearrange.snapshot import writer


HERE = pathlib.Path(__file__).parent


class Scenario(unittest.TestCase):
    """One snapshot file; every plan for it goes through the checker."""

    name = ''

    def setUp(self) -> None:
        super().setUp()
        self.document = self.read(self.name)
        self.host = {i['uuid']: i['host'] for i in self.document['instances']}

    def read(self, name: str) -> Any:
        path = HERE / f'{name}.json'
        return json.loads(path.read_text(encoding='utf-8'))

    def plan(self, strategy: str, **given: Any) -> dict[str, Any]:
        snapshot = reader.snapshot_from_document(self.document)
        return self.checked(pipeline.plan(snapshot, strategy, given))

    def checked(self, plan: Any, target: Any = None) -> dict[str, Any]:
        document = writer.plan_document(plan)
        report = checker.check_plan(self.document, document, target)
        self.assertEqual([], [str(v) for v in report.violations])
        return document

    def migrations(self, plan: dict[str, Any]) -> list[dict[str, Any]]:
        return [a for a in plan['actions'] if 'instance' in a]

    def hosts_after(self, plan: dict[str, Any]) -> dict[str, str]:
        host = dict(self.host)
        for action in self.migrations(plan):
            host[action['instance']] = action['destination']
        return host

    def apply(self, plan: dict[str, Any]) -> None:
        """The cluster once the plan is done."""
        self.host = self.hosts_after(plan)
        for instance in self.document['instances']:
            instance['host'] = self.host[instance['uuid']]
        for action in plan['actions']:
            if action['type'] == 'disable_service':
                for node in self.document['compute_nodes']:
                    if node['hostname'] == action['node']:
                        node['status'] = 'disabled'
                        node['disabled_reason'] = action['reason']


class TestFullRack(Scenario):
    """Rack a (two full nodes) is to be freed; rack b has less room."""

    name = 'full_rack'

    def test_one_node_after_the_other(self) -> None:
        plan = self.plan('evacuate', nodes=['a1'])
        self.assertEqual('OPTIMAL', plan['status'])
        self.assertNotIn('a1', self.hosts_after(plan).values())
        self.assertEqual('disable_service', plan['actions'][0]['type'])

    def test_the_whole_rack(self) -> None:
        plan = self.plan('evacuate', nodes=['a1', 'a2'])
        self.assertEqual('FEASIBLE', plan['status'])
        left = Counter(self.hosts_after(plan).values())
        # Of 30 free vCPUs 28 can be used if rack b closes its ranks.
        self.assertEqual(7, 8 - left['a1'] - left['a2'])
        self.assertEqual(0, min(left['a1'], left['a2']))
        self.assertEqual(1, len(plan['messages']))
        self.assertIn('VCPU more were free', plan['messages'][0])

    def test_the_group_stays_apart(self) -> None:
        plan = self.plan('evacuate', nodes=['a1'])
        host = self.hosts_after(plan)
        members = self.document['server_groups'][0]['members']
        self.assertEqual(3, len({host[uuid] for uuid in members}))

    def test_the_stopped_instance_goes_cold(self) -> None:
        plan = self.plan('evacuate', nodes=['a2'])
        kinds = {a['instance']: a['type'] for a in self.migrations(plan)}
        self.assertEqual('cold_migrate', kinds.pop('a2-web3'))
        self.assertEqual({'live_migrate'}, set(kinds.values()))

    def test_all_or_nothing(self) -> None:
        plan = self.plan('evacuate', nodes=['a1', 'a2'], all_or_nothing=True)
        self.assertEqual('INFEASIBLE', plan['status'])
        self.assertEqual([], plan['actions'])

    def test_a_second_time_there_is_nothing_to_do(self) -> None:
        self.apply(self.plan('evacuate', nodes=['a1', 'a2']))
        again = self.plan('evacuate', nodes=['a1', 'a2'])
        self.assertEqual('NO_CHANGE', again['status'])


class TestHotSpot(Scenario):
    """One node has almost all its vCPUs in use, five have a third."""

    name = 'hot_spot'

    def test_it_is_relieved(self) -> None:
        plan = self.plan('rebalance')
        sources = {a['source'] for a in self.migrations(plan)}
        self.assertEqual({'cmp1'}, sources)
        row = plan['objectives'][0]
        self.assertGreater(row['before'], 5)
        self.assertLessEqual(row['after'], 5)

    def test_with_few_migrations(self) -> None:
        plan = self.plan('rebalance')
        self.assertLessEqual(len(self.migrations(plan)), 6)

    def test_the_locked_instance_stays(self) -> None:
        self.assertEqual(
            'cmp1', self.hosts_after(self.plan('rebalance'))['hot0']
        )

    def test_a_second_time_there_is_nothing_to_do(self) -> None:
        self.apply(self.plan('rebalance'))
        self.assertEqual('NO_CHANGE', self.plan('rebalance')['status'])


class TestHeadroom(Scenario):
    """Five nodes a quarter full, and one that waits for a repair."""

    name = 'headroom'

    def _full(self, plan: dict[str, Any]) -> list[int]:
        """The vCPUs in use of the nodes in use."""
        vcpus: Counter[str] = Counter()
        host = self.hosts_after(plan)
        for instance in self.document['instances']:
            vcpus[host[instance['uuid']]] += instance['allocations']['VCPU']
        return [vcpus[name] for name in sorted(vcpus) if name != 'cmp6']

    def test_without_headroom(self) -> None:
        self.assertEqual(2, len(self._full(self.plan('consolidate'))))

    def test_with_headroom(self) -> None:
        plan = self.plan('consolidate', max_utilization_pct={'VCPU': 50})
        full = self._full(plan)
        self.assertEqual(3, len(full))
        self.assertLessEqual(max(full), 8)

    def test_one_spare_node_stays_enabled(self) -> None:
        plan = self.plan('consolidate', spare_nodes=1)
        kinds = Counter(a['type'] for a in plan['actions'])
        self.assertEqual(2, kinds['disable_service'])
        self.assertEqual('disable_service', plan['actions'][-1]['type'])

    def test_the_node_under_repair_is_left_alone(self) -> None:
        plan = self.plan('consolidate')
        for action in self.migrations(plan):
            self.assertNotIn('cmp6', (action['source'], action['destination']))

    def test_a_second_time_there_is_nothing_to_do(self) -> None:
        self.apply(self.plan('consolidate'))
        self.assertEqual('NO_CHANGE', self.plan('consolidate')['status'])


class TestSwap(Scenario):
    """Two large instances are to change places; one host can help out."""

    name = 'swap'

    def test_through_the_temporary_host(self) -> None:
        target = self.read('swap_target')
        snapshot = reader.snapshot_from_document(self.document)
        plan = self.checked(
            pipeline.find_path(
                snapshot, reader.target_from_document(target, snapshot)
            ),
            target,
        )
        self.assertEqual('OPTIMAL', plan['status'])
        first, second, third = plan['actions']
        self.assertEqual('spare', first['destination'])
        self.assertTrue(first['displacement'])
        self.assertEqual([first['id']], second['parents'])
        self.assertEqual([second['id']], third['parents'])


class TestCalm(Scenario):
    """Everything is where it should be."""

    name = 'calm'

    def test_nothing_to_do(self) -> None:
        for strategy in ('rebalance', 'consolidate'):
            plan = self.plan(strategy, **self._given(strategy))
            self.assertEqual('NO_CHANGE', plan['status'], strategy)
            self.assertEqual([], plan['actions'])

    def _given(self, strategy: str) -> dict[str, Any]:
        return {'threshold_pct': 15} if strategy == 'rebalance' else {}
