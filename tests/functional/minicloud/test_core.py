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

"""Each goal once, through all the real services."""

from __future__ import annotations

from tests.functional.minicloud import base
from tests.functional.minicloud import tenant


class TestGoals(base.CloudTestCase):
    """An audit, a plan, its application and what Nova says then."""

    def test_evacuate(self) -> None:
        """A node is emptied and closed."""
        self.boot(
            *(
                tenant.Wish(f'vm{number}', f'cmp0{number % 2 + 1}')
                for number in range(6)
            )
        )
        plan = self.plan('rearrange_evacuate', nodes=['cmp01'])
        ended = self.operator.apply(plan.uuid)
        self.assertEqual('SUCCEEDED', ended.state, ended.status_message)
        self.assertNotIn('cmp01', self.hosts().values())
        self.assertEqual(3, len(self.truth.migrations()))
        self.assert_clean()
