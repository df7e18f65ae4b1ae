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

"""Small scenarios of the benchmark :mod:`benchmarks.real_cloud`."""

from __future__ import annotations

from benchmarks import real_cloud
from benchmarks import real_cloud_judge
from benchmarks import real_cloud_scenarios
from benchmarks import real_cloud_table
from tests.functional.minicloud import base


SEED = 0
INSTANCES = 12


class TestScenarios(base.CloudTestCase):
    """Drawn at random, and nothing may go wrong."""

    def _run(self, number: int) -> real_cloud_judge.Row:
        scenario = real_cloud_scenarios.Drawing(
            number, SEED, self.cloud.hosts, INSTANCES
        ).scenario()
        step = real_cloud_judge.Step(scenario.strategy, scenario.parameters)
        row = real_cloud.run(self.session, scenario, [step])
        self.assertEqual([], real_cloud_table.faults(row))
        self.assertEqual(row['migrations'], row['done'])
        return row

    def test_rebalance(self) -> None:
        """Instances are spread."""
        self.assertGreater(self._run(0)['done'], 0)

    def test_evacuate(self) -> None:
        """A node is emptied."""
        self.assertGreater(self._run(2)['done'], 0)
