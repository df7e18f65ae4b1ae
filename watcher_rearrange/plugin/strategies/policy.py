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

"""The strategy rearrange_policy."""

from __future__ import annotations

from watcher_rearrange.plugin.strategies import base
from watcher_rearrange.plugin.strategies import limits


class Policy(base.RearrangeStrategy):
    """Mend the rules that are broken, and nothing else.

    *Description*

    Moves as few instances as it finds so that every rule holds again: those
    of Nova, as server groups, traits and capacities, and those of the policy
    files and of the audit itself. First what must hold, then what should.

    *Requirements*

    None. The rules of the business are read from ``policy_path``.
    """

    NAME = 'rearrange_policy'
    DISPLAY_NAME = 'Rearrange: policy'
    GOAL = 'cloud_rearrangement'
    LIMITS = (limits.MAX_MIGRATIONS, limits.TIME_LIMIT)
