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

"""Audit templates with a scope: what is outside stands still."""

from __future__ import annotations

import json
import pathlib
import tempfile

from typing import Any

from tests.functional.minicloud import command_line
from tests.functional.minicloud import operator_case
from tests.functional.minicloud import tenant


INSIDE = ('cmp01', 'cmp02', 'cmp03')

SIZE = {'VCPU': 4, 'MEMORY_MB': 62000, 'DISK_GB': 1, 'count': 1}
HALF_FULL = {'name': 'soft_threshold', 'utilization_pct': {'MEMORY_MB': 10}}
EVACUATE = {'strategy': 'evacuate', 'parameters': {'nodes': ['cmp01']}}

# With these, every strategy has something to do.
PARAMETERS: dict[str, dict[str, Any]] = {
    'rearrange_combined': {'stages': [EVACUATE]},
    'rearrange_consolidate': {'spare_nodes': 0},
    'rearrange_defragment': {'flavors': {'huge': SIZE}},
    'rearrange_evacuate': {'nodes': ['cmp01']},
    'rearrange_optimize': {'objectives': [[HALF_FULL]]},
    'rearrange_rebalance': {'threshold_pct': 1},
}


class TestScope(operator_case.OperatorTestCase):
    """Each strategy in a part of the cloud."""

    def template(self, strategy: str, *scope: dict[str, Any]) -> str:
        """Create an audit template and return its name."""
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / 'scope.json'
            path.write_text(json.dumps([{'compute': list(scope)}]))
            made = self.openstack.show(
                'audittemplate',
                'create',
                f'template-{strategy}',
                operator_case.STRATEGIES[strategy],
                '--strategy',
                strategy,
                '--scope',
                str(path),
            )
        name: str = made['Name']
        return name

    def audit_template(
        self, template: str, **parameters: Any
    ) -> command_line.Row:
        """Run an audit of a template and return its plan."""
        audit = self.openstack.audit(
            '-a', template, *operator_case.given(parameters)
        )
        self.assertEqual('SUCCEEDED', audit['State'], audit['Status Message'])
        return self.openstack.plan(audit['UUID'])

    def aggregate(self, name: str, zone: str | None = None) -> None:
        """Create a host aggregate of what is inside, until the next reset."""
        self.session.restrictions.aggregate(
            name, INSIDE, {'availability_zone': zone} if zone else {}
        )

    def scatter(self) -> dict[str, str]:
        """Boot instances inside and outside and return the hosts."""
        sizes = {'cmp01': 3, 'cmp02': 1, 'cmp03': 1, 'cmp04': 3, 'cmp06': 1}
        self.boot(
            *(
                tenant.Wish(f'{host}-{number}', host, 2, 4096)
                for host, count in sizes.items()
                for number in range(count)
            )
        )
        return self.hosts()

    def assert_inside(self, before: dict[str, str]) -> None:
        """Something has moved, but nothing from or to outside."""
        after = self.hosts()
        moved = {name for name in before if before[name] != after[name]}
        self.assertTrue(moved)
        self.assertLessEqual({before[name] for name in moved}, set(INSIDE))
        self.assertLessEqual({after[name] for name in moved}, set(INSIDE))

    def test_aggregate(self) -> None:
        """Every strategy keeps to a host aggregate."""
        for strategy, parameters in PARAMETERS.items():
            with self.subTest(strategy):
                self.reset()
                self.aggregate('general')
                before = self.scatter()
                self.truth.start()
                template = self.template(
                    strategy, {'host_aggregates': [{'name': 'general'}]}
                )
                self.apply(self.audit_template(template, **parameters))
                self.assert_inside(before)

    def test_zone(self) -> None:
        """An availability zone is a scope too."""
        self.aggregate('first', zone='az1')
        before = self.scatter()
        template = self.template(
            'rearrange_consolidate', {'availability_zones': [{'name': 'az1'}]}
        )
        self.apply(self.audit_template(template, spare_nodes=0))
        self.assert_inside(before)

    def test_excluded(self) -> None:
        """Excluded instances stay, excluded computes get nothing."""
        made = self.boot(
            *(tenant.Wish(f'vm{number}', 'cmp01') for number in range(4))
        )
        template = self.template(
            'rearrange_evacuate',
            {
                'exclude': [
                    {'compute_nodes': [{'name': 'cmp02'}]},
                    {'instances': [{'uuid': made['vm0']}]},
                ]
            },
        )
        plan = self.audit_template(template, nodes=['cmp01'])
        self.apply(plan)
        hosts = self.hosts()
        self.assertEqual('cmp01', hosts.pop('vm0'))
        self.assertFalse({'cmp01', 'cmp02'} & set(hosts.values()), hosts)
        self.assertEqual(1, command_line.indicators(plan)['instances_staying'])
