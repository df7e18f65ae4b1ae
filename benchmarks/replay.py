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

"""A strict cloud in which a plan of any method is carried out.

It starts whatever the plan's order allows while a worker is free, in the
order of the plan. A migration holds its room on both ends until it is done,
and is refused at its start as Nova would refuse it: no room, another
member of an anti-affinity group there, a destination that is disabled or
down. What is refused stays where it is and the plan goes on, as Watcher's
applier does; the actions of a guarded plan that depend on it are skipped.
"""

from __future__ import annotations

import collections
import dataclasses
import heapq

from collections.abc import Mapping
from collections.abc import Sequence

from watcher_rearrange.model import inventory
from watcher_rearrange.model import records


MIGRATE = 'migrate'
DISABLE = 'disable'
ENABLE = 'enable'

# Seconds of a migration: these and one per GiB; of another action: one.
LATENCY_S = 5.0
MB_PER_S = 1024.0


@dataclasses.dataclass(frozen=True)
class Step:
    """An action of a plan.

    :ivar thing: UUID of the instance, or hostname of the service's node
    :ivar parents: ids of the steps that must be over before
    """

    id: str
    kind: str
    thing: str
    source: str = ''
    destination: str = ''
    parents: tuple[str, ...] = ()


@dataclasses.dataclass
class Outcome:
    """What came of a plan.

    :ivar host_of: where the instances are in the end
    :ivar moved: the instance of every migration that was done
    :ivar refused: how many migrations were refused, by reason
    :ivar skipped: how many actions a guard held back
    :ivar disabled: the nodes that the plan disabled
    """

    host_of: dict[str, str]
    moved: list[str] = dataclasses.field(default_factory=list)
    refused: collections.Counter[str] = dataclasses.field(
        default_factory=collections.Counter
    )
    skipped: int = 0
    disabled: set[str] = dataclasses.field(default_factory=set)
    makespan_s: float = 0.0


class Cloud:
    """Rooms, groups and services, as the plan changes them."""

    def __init__(self, snapshot: records.Snapshot) -> None:
        self.instances = {i.uuid: i for i in snapshot.instances}
        self.host_of = {i.uuid: i.host for i in snapshot.instances}
        nodes = snapshot.compute_nodes
        self.receives = {n.hostname: n.receives for n in nodes}
        self.free = {
            n.hostname: {
                rc: inventory.capacity(i) for rc, i in n.inventories.items()
            }
            for n in nodes
        }
        self.on: dict[str, collections.Counter[str]] = {
            n.hostname: collections.Counter() for n in nodes
        }
        self.groups: dict[str, list[records.ServerGroup]] = {}
        for group in snapshot.server_groups:
            if group.policy == records.ANTI_AFFINITY:
                for member in group.members:
                    self.groups.setdefault(member, []).append(group)
        for uuid, host in self.host_of.items():
            self.hold(uuid, host, 1)

    def hold(self, uuid: str, host: str, sign: int) -> None:
        """Take (1) or give back (-1) an instance's room on a node."""
        for rc, amount in self.instances[uuid].allocations.items():
            self.free[host][rc] -= sign * amount
        self.on[host][uuid] += sign

    def refusal(self, step: Step) -> str:
        """Return why a migration cannot start, '' if it can."""
        uuid, host = step.thing, step.destination
        if self.host_of[uuid] != step.source:
            return 'not on its source'
        if self.on[host][uuid]:
            return 'migrating already'
        if not self.receives[host]:
            return 'node disabled'
        allocations = self.instances[uuid].allocations
        if any(self.free[host][rc] < n for rc, n in allocations.items()):
            return 'no room'
        for group in self.groups.get(uuid, ()):
            there = sum(self.on[host][m] > 0 for m in group.members)
            if there >= group.max_server_per_host:
                return 'group'
        return ''


class Replay:
    """One run of a plan.

    :param guarded: whether what depends on a refused action is skipped
    """

    def __init__(
        self,
        snapshot: records.Snapshot,
        steps: Sequence[Step],
        *,
        workers: int,
        guarded: bool,
    ) -> None:
        self._cloud = Cloud(snapshot)
        self._steps: Mapping[str, Step] = {s.id: s for s in steps}
        self._workers = workers
        self._guarded = guarded
        self._order = {step.id: k for k, step in enumerate(steps)}
        self._missing = {s.id: len(set(s.parents)) for s in steps}
        self._children: dict[str, list[str]] = {s.id: [] for s in steps}
        for step in steps:
            for parent in set(step.parents):
                self._children[parent].append(step.id)
        self._failed: set[str] = set()
        self._ready = [
            (self._order[s.id], s.id) for s in steps if not s.parents
        ]
        self._running: list[tuple[float, int, str]] = []
        self._now = 0.0
        self.outcome = Outcome(self._cloud.host_of)

    def run(self) -> Outcome:
        """Carry out the plan."""
        heapq.heapify(self._ready)
        while self._ready or self._running:
            while self._ready and len(self._running) < self._workers:
                _, step_id = heapq.heappop(self._ready)
                self._start(self._steps[step_id])
            if self._running:
                self._now, _, step_id = heapq.heappop(self._running)
                self._end(self._steps[step_id])
        self.outcome.makespan_s = self._now
        return self.outcome

    def _start(self, step: Step) -> None:
        if self._guarded and self._failed.intersection(step.parents):
            self.outcome.skipped += 1
            self._over(step, failed=True)
            return
        duration = 1.0
        if step.kind == MIGRATE:
            refusal = self._cloud.refusal(step)
            if refusal:
                self.outcome.refused[refusal] += 1
                self._over(step, failed=True)
                return
            self._cloud.hold(step.thing, step.destination, 1)
            allocations = self._cloud.instances[step.thing].allocations
            memory_mb = allocations.get('MEMORY_MB', 0)
            duration = LATENCY_S + memory_mb / MB_PER_S
        end = self._now + duration
        heapq.heappush(self._running, (end, self._order[step.id], step.id))

    def _end(self, step: Step) -> None:
        if step.kind == MIGRATE:
            self._cloud.hold(step.thing, step.source, -1)
            self._cloud.host_of[step.thing] = step.destination
            self.outcome.moved.append(step.thing)
        else:
            self._cloud.receives[step.thing] = step.kind == ENABLE
            disabled = self.outcome.disabled
            disabled.discard(step.thing)
            if step.kind == DISABLE:
                disabled.add(step.thing)
        self._over(step, failed=False)

    def _over(self, step: Step, *, failed: bool) -> None:
        if failed:
            self._failed.add(step.id)
        for child in self._children[step.id]:
            self._missing[child] -= 1
            if not self._missing[child]:
                heapq.heappush(self._ready, (self._order[child], child))
