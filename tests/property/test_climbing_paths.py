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

"""Paths where hypervisors differ: each migration goes to none that is older.

More cases: REARRANGE_PATH_CASES=2000 in the environment.
"""

from __future__ import annotations

import random

from typing import Any

from tests.property import test_paths
from watcher_rearrange import checker
from watcher_rearrange.planning import pipeline
from watcher_rearrange.snapshot import reader
from watcher_rearrange.snapshot import writer


VERSIONS = ((6, 6, 6, 8), (6, 6, 8), (6, 8, 8), (6, 6, 7, 8))


def case(seed: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """A snapshot document and a target that is not older for anybody."""
    rng = random.Random(f'{seed} climbing')
    while True:
        document, target = test_paths.case(rng.randrange(10**6))
        nodes, instances = document['compute_nodes'], document['instances']
        some = rng.choice(VERSIONS)
        for node in nodes:
            node['hypervisor_version'] = rng.choice(some)
        for instance in instances:
            instance['state'] = rng.choice(('active', 'active', 'stopped'))
        version = {n['hostname']: n['hypervisor_version'] for n in nodes}
        if len(set(version.values())) > 1 and all(
            version[i['host']] <= version[target['placement'][i['uuid']]]
            for i in instances
            if i['state'] == 'active'
        ):
            return document, target


class TestClimbingPaths(test_paths.OracleCase):
    def test_against_the_oracle(self) -> None:
        tally = self.against_the_oracle(case, self._plan)
        # The cases are of no use if all are of one kind.
        self.assertGreater(tally.detours, test_paths.CASES / 30)
        self.assertGreater(tally.impossible, test_paths.CASES / 10)
        self.assertLessEqual(
            tally.taken, tally.fewest * (1 + test_paths.MOST_ABOVE)
        )

    def _plan(
        self, seed: int, document: dict[str, Any], target: dict[str, Any]
    ) -> dict[str, Any]:
        snapshot = reader.snapshot_from_document(document)
        plan = writer.plan_document(
            pipeline.find_path(
                snapshot, reader.target_from_document(target, snapshot)
            )
        )
        report = checker.check_plan(document, plan, target, interleavings=5)
        self.assertEqual([], [str(v) for v in report.violations], seed)
        return plan
