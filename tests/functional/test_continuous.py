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

"""Audits that run again and again."""

from __future__ import annotations

import time

from typing import Any

from tests.embedded.client import ClientError
from tests.functional import base


TIMEOUT_S = 60.0


class TestContinuous(base.FunctionalTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.start(
            base.snapshot(
                [base.node(f'cmp{k}') for k in range(1, 5)],
                [base.instance(k, 'cmp1', 1024) for k in range(1, 9)],
            )
        )

    def _begin(self, **parameters: Any) -> str:
        audit = self.client.create_audit(
            'cloud_rebalancing',
            'rearrange_rebalance',
            parameters,
            audit_type='CONTINUOUS',
            interval='1',
        )
        return str(audit['uuid'])

    def _plans(self, audit: str, count: int) -> list[base.Record]:
        """Wait until the audit has made so many plans."""
        end_s = time.monotonic() + TIMEOUT_S
        while time.monotonic() < end_s:
            plans = self.client.action_plans(audit)
            if len(plans) >= count:
                return plans
            time.sleep(0.2)
        self.fail(f'{len(plans)} of {count} plans: {self.client.audit(audit)}')

    def _approve(self, audit: str, count: int) -> None:
        """Apply the audit's plan, which has so many actions.

        The next run supersedes a plan that is not approved by then, and
        the actions of a new plan come one by one.
        """
        end_s = time.monotonic() + TIMEOUT_S
        while time.monotonic() < end_s:
            plan = self._plans(audit, 1)[-1]
            if len(self.client.actions(plan['uuid'])) == count:
                try:
                    ended, _ = self.apply(plan)
                except ClientError:
                    continue
                if ended['state'] == 'CANCELLED':
                    # The next run was quicker than the applier.
                    continue
                self.assertEqual('SUCCEEDED', ended['state'])
                return
            time.sleep(0.2)
        self.fail(f'no plan of {count} actions')

    def test_plans_nothing_once_it_is_balanced(self) -> None:
        audit = self._begin(threshold_pct=1)
        self._approve(audit, 6)
        done = len(self.client.action_plans(audit))
        later = self._plans(audit, done + 3)[done + 1 :]
        for plan in later:
            self.assertEqual([], self.client.actions(plan['uuid']))
            self.assertEqual('SUCCEEDED', plan['state'])
        self.assertEqual('ONGOING', self.client.audit(audit)['state'])
        self.assert_clean()

    def test_survives_what_it_cannot_read(self) -> None:
        audit = self._begin(dimensions=['cpu_pct'])
        for plan in self._plans(audit, 2):
            self.assertEqual([], self.client.actions(plan['uuid']))
            self.assertIn('No plan: ', plan['status_message'] or '')
        self.assertEqual('ONGOING', self.client.audit(audit)['state'])

    def test_survives_an_unreachable_nova(self) -> None:
        self.cloud.break_api(status=500, path='/compute')
        audit = self._begin(threshold_pct=1)
        self._plans(audit, 1)
        self.cloud.break_api()
        self._approve(audit, 6)
        self.assertEqual('ONGOING', self.client.audit(audit)['state'])
