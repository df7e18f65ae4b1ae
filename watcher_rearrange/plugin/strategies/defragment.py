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

"""The strategy rearrange_defragment."""

from __future__ import annotations

from watcher_rearrange.plugin.readers import flavors
from watcher_rearrange.plugin.readers import watcher_model
from watcher_rearrange.plugin.strategies import base
from watcher_rearrange.plugin.strategies import limits


class Defragment(base.RearrangeStrategy):
    """Make room for more instances of the flavors that the audit names.

    *Description*

    Moves instances so that free room that is scattered over the compute
    nodes comes together: for as many instances of the flavors as possible,
    or, where the audit says how many, for these at the same time with as
    few migrations as that takes.

    *Requirements*

    None. A flavor whose size the audit does not give is read from Nova.
    """

    NAME = 'rearrange_defragment'
    DISPLAY_NAME = 'Rearrange: defragment'
    GOAL = 'cloud_consolidation'
    LIMITS = (limits.MAX_MIGRATIONS, limits.TIME_LIMIT)

    def _read(self, all_images: bool) -> watcher_model.Reading:
        wanted = self.input_parameters.get('flavors', {})
        return flavors.add(super()._read(all_images), wanted)
