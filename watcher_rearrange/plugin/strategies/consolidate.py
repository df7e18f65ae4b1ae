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

"""The strategy rearrange_consolidate."""

from __future__ import annotations

from watcher_rearrange.plugin.strategies import base
from watcher_rearrange.plugin.strategies import limits


class Consolidate(base.RearrangeStrategy):
    """Empty as many compute nodes as possible.

    *Description*

    Moves the instances of some compute nodes to the others, within the
    headroom that the audit asks for, and disables the services of the nodes
    that this frees, but for some spare ones.

    *Requirements*

    None.
    """

    NAME = 'rearrange_consolidate'
    DISPLAY_NAME = 'Rearrange: consolidate'
    GOAL = 'cloud_consolidation'
    LIMITS = (limits.MAX_MIGRATIONS, limits.TIME_LIMIT)
