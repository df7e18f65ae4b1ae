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

"""An operator evacuates a node with a browser; then Nova is asked."""

from __future__ import annotations

import os
import pathlib
import unittest

from typing import Any

from tests.functional.minicloud import base
from tests.functional.minicloud import browser as browsers
from tests.functional.minicloud import dashboard
from tests.functional.minicloud import tenant


SCOPE = """\
- compute:
  - exclude:
    - compute_nodes:
      - name: cmp06
"""
TEMPLATE = 'maintenance'
AUDIT = 'empty-cmp01'
MAX_STATE_S = 300.0


class TestHorizon(base.CloudTestCase):
    """Template, audit, plan, indicators, actions, approval."""

    browser: browsers.Browser

    @classmethod
    def setUpClass(cls) -> None:
        """Start the dashboard, where there is one, and the browser."""
        if missing := browsers.missing():
            raise unittest.SkipTest(
                f'{" and ".join(missing)} missing; try: apt-get install '
                f'--no-install-recommends {" ".join(missing)}'
            )
        if not dashboard.is_installed():
            raise unittest.SkipTest(
                'no Horizon; ./minicloud test horizon installs it'
            )
        super().setUpClass()
        if dashboard.NAME not in cls.cloud.processes.running():
            cls.cloud.start(dashboard.NAME)
            cls.addClassCleanup(cls.cloud.processes.stop, [dashboard.NAME])
        pictures = os.environ.get('MINICLOUD_PICTURES')
        cls.browser = browsers.Browser(
            cls.cloud.layout,
            pathlib.Path(pictures or cls.cloud.layout.log / 'pictures'),
        )
        cls.addClassCleanup(cls.browser.quit)

    def test_evacuate(self) -> None:
        """The whole way, with a picture of each page."""
        self._boot()
        self._create_template()
        self._create_audit()
        plan = self._read_plan()
        self._read_action()
        self._approve(plan)
        self.assertEqual(0, list(self.hosts().values()).count('cmp01'))
        self.assertEqual(0, list(self.hosts().values()).count('cmp06'))
        self.assertEqual(5, len(self.truth.migrations()))
        self.assert_clean()

    def _boot(self) -> None:
        sizes = ((2, 4096), (4, 8192), (1, 2048))
        self.boot(
            *(
                tenant.Wish(
                    f'web{number}', f'cmp0{number % 3 + 1}', *sizes[number % 2]
                )
                for number in range(12)
            ),
            tenant.Wish('db', 'cmp01', *sizes[2]),
        )

    def _create_template(self) -> None:
        browser = self.browser
        browser.open('audit_templates/create/')
        browser.fill(
            name=TEMPLATE,
            description='Empty compute nodes; cmp06 is left alone.',
            goal='Cloud Evacuation',
            strategy='Rearrange: evacuate',
            scope=SCOPE,
        )
        browser.picture('template')
        browser.submit()
        self.assertIn(TEMPLATE, str(browser.table('audit_templates')))

    def _create_audit(self) -> None:
        browser = self.browser
        browser.open('audits/create/')
        browser.fill(
            audit_template=TEMPLATE,
            audit_name=AUDIT,
            audit_type='ONESHOT',
            parameters='{"nodes": ["cmp01"]}',
        )
        browser.until(lambda: browser.shows('#strategy-info'))
        browser.picture('audit', 1000)
        browser.submit()
        audit = self.operator.client.audit.get(AUDIT)
        ended = self.operator.wait_audit(audit.uuid)
        self.assertEqual('SUCCEEDED', ended.state, ended.status_message)

    def _read_plan(self) -> Any:
        browser = self.browser
        plan = self.operator.plan(self.operator.client.audit.get(AUDIT).uuid)
        browser.open('action_plans/')
        browser.picture('plans')
        browser.follow(plan.uuid)
        browser.picture('plan')
        shown = {
            name: (unit, float(value))
            for name, _, unit, value in browser.table(
                'related_efficacy_indicators'
            )
        }
        self.assertEqual(('nodes', 1), shown['nodes_evacuated'])
        self.assertEqual(('migrations', 5), shown['live_migrations'])
        self.assertIn(plan.status_message, browser.text())
        return plan

    def _read_action(self) -> None:
        browser = self.browser
        rows = browser.table('related_wactions')
        [move, *_] = [row for row in rows if 'Migrate' in row[1]]
        browser.follow(move[0])
        browser.picture('action')
        parameters = dict(browser.table('parameters'))
        self.assertEqual('cmp01', parameters['source_node'])

    def _approve(self, plan: Any) -> None:
        browser = self.browser
        browser.open('action_plans/')
        browser.click(f'[id$="{plan.uuid}__action_start_action_plan"]')
        browser.until(lambda: browser.shows('.alert-success'))
        ended = self.operator.wait_plan(plan.uuid, seconds=MAX_STATE_S)
        self.assertEqual('SUCCEEDED', ended.state, ended.status_message)
        browser.open(f'action_plans/{plan.uuid}/detail')
        browser.picture('done')
        states = {row[2] for row in browser.table('related_wactions')}
        self.assertEqual({'Succeeded'}, states)
