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

"""Each goal once, through all the real services, as an operator does."""

from __future__ import annotations

from typing import Any

from tests.functional.minicloud import command_line
from tests.functional.minicloud import operator_case
from tests.functional.minicloud import tenant


class TestGoals(operator_case.OperatorTestCase):
    """An audit, a plan, its application and what Nova says then."""

    def achieve(self, strategy: str, **parameters: Any) -> dict[str, float]:
        """Audit, apply the plan and return its indicators."""
        plan = self.audit(strategy, **parameters)
        self.apply(plan)
        found = command_line.indicators(plan)
        planned = found.get('migrations') or (
            found['live_migrations'] + found['cold_migrations']
        )
        self.assertEqual(planned, len(self.truth.migrations()), found)
        return found

    def used(self) -> set[str]:
        """Return the computes that have instances."""
        return set(self.hosts().values())

    def test_listed(self) -> None:
        """Watcher offers every strategy, under its goal."""
        rows = self.openstack.list('strategy', 'list')
        found = {
            row['Name']: row['Goal']
            for row in rows
            if row['Name'].startswith('rearrange_')
        }
        self.assertEqual(operator_case.STRATEGIES, found)
        goals = {r['Name'] for r in self.openstack.list('goal', 'list')}
        self.assertLessEqual(set(operator_case.STRATEGIES.values()), goals)

    def test_evacuate(self) -> None:
        """A compute is closed and emptied; one instance moves cold."""
        made = self.boot(*scattered(6, ('cmp01', 'cmp02')))
        self.stop(made['vm0'])
        found = self.achieve('rearrange_evacuate', nodes=['cmp01'])
        self.assertNotIn('cmp01', self.used())
        self.assertEqual(
            (2, 1), (found['live_migrations'], found['cold_migrations'])
        )
        services = self.connection.compute.services(host='cmp01')
        self.assertEqual(['disabled'], [s.status for s in services])

    def test_consolidate(self) -> None:
        """As few computes as possible are in use, one here."""
        self.boot(*scattered(5, ('cmp01', 'cmp02', 'cmp03')))
        self.achieve('rearrange_consolidate', spare_nodes=0)
        self.assertEqual(1, len(self.used()))

    def test_rebalance(self) -> None:
        """A full compute gives away what makes the cloud uneven."""
        self.boot(*(tenant.Wish(f'vm{n}', 'cmp01', 4, 4096) for n in range(6)))
        found = self.achieve('rearrange_rebalance', threshold_pct=5)
        self.assertLessEqual(found['imbalance_after'], 5)
        self.assertLess(found['imbalance_after'], found['imbalance_before'])

    def test_defragment(self) -> None:
        """After the plan, the flavor that had no room boots."""
        self.boot(
            *(
                tenant.Wish(f'vm{n}', f'cmp{n + 1:02}', 2, 8192)
                for n in range(6)
            )
        )
        # No compute has that much now.
        size = {'VCPU': 4, 'MEMORY_MB': 60000, 'DISK_GB': 1, 'count': 1}
        self.achieve('rearrange_defragment', flavors={'huge': size})
        free = sorted({'cmp03', 'cmp06'} - self.used())
        self.assertEqual(1, len(free), self.hosts())
        self.boot(tenant.Wish('huge', free.pop(), 4, 60000))

    def test_combined(self) -> None:
        """One compute is emptied for good, and the rest levelled."""
        self.boot(
            *(
                tenant.Wish(f'vm{n}', f'cmp0{1 + n % 2}', 4, 4096)
                for n in range(6)
            )
        )
        self.achieve(
            'rearrange_combined',
            stages=[
                {'strategy': 'evacuate', 'parameters': {'nodes': ['cmp01']}},
                {'strategy': 'rebalance', 'parameters': {}},
            ],
        )
        self.assertNotIn('cmp01', self.used())
        self.assertGreater(len(self.used()), 2)

    def test_optimize(self) -> None:
        """A composed objective: nobody above half of its memory."""
        self.boot(*(tenant.Wish(f'vm{n}', 'cmp02', 1, 6144) for n in range(4)))
        objective = {
            'name': 'soft_threshold',
            'utilization_pct': {'MEMORY_MB': 50},
        }
        self.achieve('rearrange_optimize', objectives=[[objective]])
        on_cmp02 = list(self.hosts().values()).count('cmp02')
        self.assertEqual(2, on_cmp02)

    def test_policy(self) -> None:
        """One rule is mended, another says where not to go."""
        self.boot(*scattered(2, ('cmp01',)))
        everybody = {'names': ['vm*']}
        rules = [
            {'name': 'apart', 'rule': 'spread', 'instances': everybody},
            {
                'name': 'kept out',
                'rule': 'ban',
                'instances': everybody,
                'nodes': {'names': ['cmp02']},
            },
        ]
        found = self.achieve(
            'rearrange_policy', policy={'version': 1, 'rules': rules}
        )
        self.assertEqual(2, len(self.used()))
        self.assertNotIn('cmp02', self.used())
        self.assertEqual(1, found['migrations'])
        self.assertEqual(0, found['breaches_after'])


def scattered(count: int, hosts: tuple[str, ...]) -> list[tenant.Wish]:
    """Return small instances on hosts that take turns."""
    return [
        tenant.Wish(f'vm{number}', hosts[number % len(hosts)])
        for number in range(count)
    ]
