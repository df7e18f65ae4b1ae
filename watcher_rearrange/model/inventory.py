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

"""The only place where the capacity of a compute node is computed."""

from __future__ import annotations

import math

from watcher_rearrange.model import records


def capacity(inventory: records.Inventory | None) -> int:
    """Return how much of a resource class can be allocated.

    Placement compares ``used + requested`` with
    ``(total - reserved) * allocation_ratio``; amounts are whole numbers, so
    the fraction can never be used. A class without an inventory has none.

    :param inventory: the inventory, or None where the node has none
    """
    if inventory is None:
        return 0
    usable = inventory.total - inventory.reserved
    return max(0, math.floor(usable * inventory.allocation_ratio))
