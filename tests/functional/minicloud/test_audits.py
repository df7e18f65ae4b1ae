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

"""Audits that run again and again, and those that wait for an event."""

from __future__ import annotations

from typing import Any

from tests.functional.minicloud import command_line
from tests.functional.minicloud import operator_case
from tests.functional.minicloud import processes as proc
from tests.functional.minicloud import tenant


LONG_S = 300.0


class TestAudits(operator_case.OperatorTestCase):
    """Of a rebalancing."""

    def create(self, *words: str, **parameters: Any) -> str:
        """Create an audit and return its UUID."""
        made = self.openstack.show(
            'audit',
            'create',
            *operator_case.chosen('rearrange_rebalance'),
            *words,
            *operator_case.given(parameters),
        )
        uuid: str = made['UUID']
        return uuid

    def wait_plans(self, audit: str, count: int) -> list[Any]:
        """Wait until an audit has made so many plans; oldest first."""
        proc.wait_for(
            lambda: len(self.operator.plans(audit)) >= count,
            f'{count} plans of audit {audit}',
            LONG_S,
        )
        return self.operator.plans(audit)

    def crowd(self, host: str, count: int) -> dict[str, str]:
        """Boot so many instances on one compute."""
        return self.boot(
            *(
                tenant.Wish(f'{host}-{number}', host, 4, 4096)
                for number in range(count)
            )
        )

    def wait_even(self, audit: str) -> None:
        """Wait until the audit finds nothing to do any more."""

        def even() -> bool:
            latest = self.operator.plans(audit)[-1:]
            return any(
                (plan.status_message or '').startswith('NO_CHANGE')
                for plan in latest
            )

        proc.wait_for(even, f'audit {audit} to be content', LONG_S)

    def test_continuous(self) -> None:
        """A plan that nobody starts gives way to that of the next run."""
        self.crowd('cmp01', 6)
        audit = self.create('-t', 'CONTINUOUS', '-i', '10')
        self.wait_plans(audit, 1)
        self.crowd('cmp02', 2)
        plans = self.wait_plans(audit, 3)
        self.assertEqual({'CANCELLED'}, {plan.state for plan in plans[:-2]})
        shown = self.openstack.show('audit', 'show', audit)
        self.assertEqual('ONGOING', shown['State'])
        self.openstack.run(
            'audit', 'update', audit, 'replace', 'state=CANCELLED'
        )
        self.assertEqual([], self.truth.migrations())

    def test_automatic(self) -> None:
        """With --auto-trigger it follows the changes by itself."""
        made = self.crowd('cmp01', 6)
        audit = self.create(
            '-t', 'CONTINUOUS', '-i', '10', '--auto-trigger', threshold_pct=5
        )
        self.wait_plans(audit, 1)
        self.wait_even(audit)
        first = len(self.truth.migrations())
        self.assertGreater(first, 0)
        for uuid in list(made.values())[:2]:
            self.connection.compute.delete_server(uuid)
        self.crowd('cmp04', 6)
        done = len(self.operator.plans(audit))
        self.wait_plans(audit, done + 2)
        self.wait_even(audit)
        self.assertGreater(len(self.truth.migrations()), first)
        states = {plan.state for plan in self.operator.plans(audit)}
        self.assertLessEqual(states, {'SUCCEEDED', 'CANCELLED'})
        self.assert_clean()

    def test_event(self) -> None:
        """Watcher's webhook starts it, as often as it is called."""
        audit = self.create('-t', 'EVENT', threshold_pct=5)
        shown = self.openstack.show('audit', 'show', audit)
        self.assertEqual('PENDING', shown['State'])
        for count, host in ((1, 'cmp01'), (2, 'cmp04')):
            self.crowd(host, 6)
            self.trigger(audit)
            self.wait_plans(audit, count)
            self.openstack.wait('audit', audit, {'SUCCEEDED'})
            plan = self.openstack.plan(audit)
            self.assertGreater(command_line.indicators(plan)['migrations'], 0)
            self.apply(plan)

    def trigger(self, audit: str) -> None:
        """Do what an alarm does: the command line has no word for it."""
        url = self.cloud.layout.url('watcher')
        answer = self.connection.session.post(
            f'{url}/v1/webhooks/{audit}', json={}
        )
        self.assertEqual(202, answer.status_code)
