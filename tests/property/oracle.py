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

"""Shortest paths by an exhaustive search that is written a second time.

Plain dicts and tuples, nothing of the project: what capacity is, what may
move and which path is shortest are all worked out again here.
"""

from __future__ import annotations

import heapq

from collections.abc import Iterator
from collections.abc import Mapping
from typing import Any


Hosts = tuple[str, ...]


class Oracle:
    """The placements of a snapshot document and the moves between them."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._instances = document['instances']
        self._capacity = {
            node['hostname']: {
                rc: int(
                    (inventory['total'] - inventory.get('reserved', 0))
                    * inventory.get('allocation_ratio', 1.0)
                )
                for rc, inventory in node['inventories'].items()
            }
            for node in document['compute_nodes']
        }
        # Who goes live does so from a hypervisor to none that is older.
        self._version = {
            node['hostname']: node.get('hypervisor_version')
            for node in document['compute_nodes']
        }

    def migrations(self, placement: Mapping[str, str]) -> int | None:
        """Return the fewest migrations to a placement, None if no path."""
        start = tuple(i['host'] for i in self._instances)
        goal = tuple(
            placement.get(i['uuid'], i['host']) for i in self._instances
        )
        best = {start: 0}
        queue = [(_misplaced(start, goal), 0, start)]
        while queue:
            _, cost, here = heapq.heappop(queue)
            if here == goal:
                return cost
            if cost > best[here]:
                continue
            for after in self._neighbours(here):
                if cost + 1 < best.get(after, cost + 2):
                    best[after] = cost + 1
                    estimate = cost + 1 + _misplaced(after, goal)
                    heapq.heappush(queue, (estimate, cost + 1, after))
        return None

    def _neighbours(self, hosts: Hosts) -> Iterator[Hosts]:
        used: dict[tuple[str, str], int] = {}
        for instance, host in zip(self._instances, hosts, strict=True):
            for rc, amount in instance['allocations'].items():
                used[host, rc] = used.get((host, rc), 0) + amount
        for k, instance in enumerate(self._instances):
            for host, capacity in self._capacity.items():
                if not self._goes(instance, hosts[k], host):
                    continue
                if host != hosts[k] and all(
                    used.get((host, rc), 0) + amount <= capacity.get(rc, 0)
                    for rc, amount in instance['allocations'].items()
                    if amount
                ):
                    yield (*hosts[:k], host, *hosts[k + 1 :])

    def _goes(
        self, instance: Mapping[str, Any], source: str, destination: str
    ) -> bool:
        old, new = self._version[source], self._version[destination]
        if instance.get('state') == 'stopped':
            return True
        return old is None or new is None or new >= old


def _misplaced(hosts: Hosts, goal: Hosts) -> int:
    return sum(a != b for a, b in zip(hosts, goal, strict=True))
