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

"""The independent checker of placements and plans.

It shares no code with the parts that make plans: it reads the parsed JSON
documents and needs the standard library only.
"""

from __future__ import annotations

from watcher_rearrange.checker.limits import Limits
from watcher_rearrange.checker.placement import check_placement
from watcher_rearrange.checker.plan import check_plan
from watcher_rearrange.checker.policy import Policy
from watcher_rearrange.checker.policy import broken_rules
from watcher_rearrange.checker.policy_moves import Circumstances
from watcher_rearrange.checker.policy_wording import POLICY_RULES
from watcher_rearrange.checker.report import Report
from watcher_rearrange.checker.violation import RULES
from watcher_rearrange.checker.violation import Violation


__all__ = (
    'POLICY_RULES',
    'RULES',
    'Circumstances',
    'Limits',
    'Policy',
    'Report',
    'Violation',
    'broken_rules',
    'check_placement',
    'check_plan',
)
