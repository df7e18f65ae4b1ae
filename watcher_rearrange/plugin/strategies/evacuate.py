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

"""The strategy rearrange_evacuate."""

from __future__ import annotations

from watcher_rearrange.plugin.strategies import base


class Evacuate(base.RearrangeStrategy):
    """Empty the compute nodes that the audit names.

    *Description*

    Disables the services of the named compute nodes and moves their
    instances to the others. Where not all of them fit, it moves the largest
    useful part and says which instances stay and why.

    *Requirements*

    None.
    """

    NAME = 'rearrange_evacuate'
    DISPLAY_NAME = 'Rearrange: evacuate'
    GOAL = 'cloud_evacuation'
