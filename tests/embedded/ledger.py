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

"""Who holds how much of what on which compute node, as Placement counts."""

from __future__ import annotations

import math

from collections.abc import Callable
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


#: The largest integer that Placement stores: no limit of its own.
NO_LIMIT = 2147483647

Resources = Mapping[str, int]


@dataclass(frozen=True)
class Inventory:
    """What a compute node offers of one resource class."""

    total: int
    reserved: int = 0
    allocation_ratio: float = 1.0
    min_unit: int = 1
    max_unit: int = NO_LIMIT
    step_size: int = 1

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Inventory:
        return cls(**document)

    @property
    def capacity(self) -> int:
        return math.floor((self.total - self.reserved) * self.allocation_ratio)


@dataclass(frozen=True)
class Overload:
    """A moment at which a node held more of a class than its capacity."""

    time_s: float
    host: str
    resource_class: str
    used: int
    capacity: int


class Ledger:
    """The allocations of every consumer: instances and migration records.

    An instance that migrates is two consumers, as in Placement: its
    migration record holds the source, the instance the destination.

    :param inventories: of each host, by resource class
    :param clock: returns the present in seconds
    """

    def __init__(
        self,
        inventories: Mapping[str, Mapping[str, Inventory]],
        clock: Callable[[], float],
    ) -> None:
        self.inventories = inventories
        self.overloads: list[Overload] = []
        self._clock = clock
        self._used: dict[str, dict[str, int]] = {
            host: dict.fromkeys(classes, 0)
            for host, classes in inventories.items()
        }
        self._held: dict[str, tuple[str, Resources]] = {}
        self._consumers: dict[str, dict[str, Resources]] = {
            host: {} for host in inventories
        }
        self._excused: frozenset[tuple[str, str]] = frozenset()
        self._watching = False

    def watch(self) -> None:
        """Record overloads from now on, save where there is one already."""
        self._excused = frozenset(
            (host, name)
            for host, used in self._used.items()
            for name, amount in used.items()
            if amount > self.capacity(host, name)
        )
        self._watching = True

    def capacity(self, host: str, resource_class: str) -> int:
        """Return 0 for a class that the host has no inventory of."""
        inventory = self.inventories[host].get(resource_class)
        return inventory.capacity if inventory else 0

    def used(self, host: str) -> Resources:
        return dict(self._used[host])

    def consumers(self, host: str) -> dict[str, Resources]:
        return dict(self._consumers[host])

    def allocation(self, consumer: str) -> tuple[str, Resources] | None:
        """Return the host and the amounts that a consumer holds."""
        return self._held.get(consumer)

    def hold(self, consumer: str, host: str, resources: Resources) -> None:
        """Allocate; whether that is permitted is for the rules to say."""
        self.release(consumer)
        self._held[consumer] = (host, resources)
        self._consumers[host][consumer] = resources
        used = self._used[host]
        for name, amount in resources.items():
            used[name] = used.get(name, 0) + amount
        if self._watching:
            self._look_for_overload(host, resources)

    def release(self, consumer: str) -> None:
        held = self._held.pop(consumer, None)
        if held is None:
            return
        host, resources = held
        del self._consumers[host][consumer]
        for name, amount in resources.items():
            self._used[host][name] -= amount

    def free(self, host: str) -> dict[str, int]:
        """Return the room left in each class, negative if overloaded."""
        return {
            name: inventory.capacity - self._used[host][name]
            for name, inventory in self.inventories[host].items()
        }

    def shortage(self, host: str, resources: Resources) -> str | None:
        """Say, with numbers, why an allocation does not fit; None if so."""
        for name, amount in resources.items():
            if amount == 0:
                continue
            inventory = self.inventories[host].get(name)
            if inventory is None:
                return f'{host} has no {name}'
            used = self._used[host].get(name, 0)
            if used + amount > inventory.capacity:
                return (
                    f'{host} has {inventory.capacity - used} {name} of '
                    f'{inventory.capacity} free, {amount} needed'
                )
            if not _is_permitted_amount(inventory, amount):
                return f'{host} does not give {amount} {name} at once'
        return None

    def _look_for_overload(self, host: str, resources: Resources) -> None:
        for name in resources:
            used = self._used[host][name]
            capacity = self.capacity(host, name)
            if used > capacity and (host, name) not in self._excused:
                self.overloads.append(
                    Overload(self._clock(), host, name, used, capacity)
                )


def _is_permitted_amount(inventory: Inventory, amount: int) -> bool:
    return (
        inventory.min_unit <= amount <= inventory.max_unit
        and amount % inventory.step_size == 0
    )
