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

"""The independent judge of a plan under a policy."""

from __future__ import annotations

import unittest

from typing import Any

from watcher_rearrange import checker
from watcher_rearrange.checker import policy as judge
from watcher_rearrange.model.plan import Plan
from watcher_rearrange.snapshot import writer


class JudgedCase(unittest.TestCase):
    def assert_kept(
        self,
        document: dict[str, Any],
        made: Plan,
        policy: judge.Policy,
        interleavings: int,
        limits: checker.Limits = checker.Limits(),
    ) -> dict[str, Any]:
        """Fail if a plan breaks something; return it as a document."""
        plan = writer.plan_document(made)
        report = checker.check_plan(
            document,
            plan,
            interleavings=interleavings,
            limits=limits,
            policy=policy,
        )
        self.assertEqual([], [str(v) for v in report.violations])
        return plan
