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
"""An independent judge of machine reassignments.

It reads the two files and the assignment by itself, knows nothing of the
search engine and uses plain integers and loops.
"""

from __future__ import annotations

import collections
import dataclasses

from collections.abc import Sequence


@dataclasses.dataclass(frozen=True)
class Verdict:
    """What an assignment costs and what it breaks."""

    cost: int
    broken: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Machine:
    """A line of the file."""

    near: int
    location: int
    capacity: list[int]
    safety: list[int]
    move_cost: list[int]


class Judge:
    """An instance of the challenge, from the text of its model file.

    :param start: the machine of each process at first
    """

    def __init__(self, text: str, start: Sequence[int]) -> None:
        self.start = list(start)
        words = [int(word) for word in text.split()]
        words.reverse()
        take = words.pop

        def several(count: int) -> list[int]:
            return [take() for _ in range(count)]

        n_resources = take()
        self.resources = [several(2) for _ in range(n_resources)]
        n_machines = take()
        self.machines = [
            Machine(
                take(),
                take(),
                several(n_resources),
                several(n_resources),
                several(n_machines),
            )
            for _ in range(n_machines)
        ]
        self.services = []
        for _ in range(take()):
            spread = take()
            self.services.append((spread, several(take())))
        self.processes = [several(n_resources + 2) for _ in range(take())]
        self.balances = [several(4) for _ in range(take())]
        self.weights = several(3)

    def judge(self, assignment: Sequence[int]) -> Verdict:
        """Judge an assignment: the machine of each process."""
        use = self._use(assignment)
        cost = self._load(use) + self._balance(use) + self._moves(assignment)
        broken = [
            *self._capacity(assignment, use),
            *self._services(assignment),
        ]
        return Verdict(cost, tuple(broken))

    def _use(self, assignment: Sequence[int]) -> list[list[int]]:
        use = [[0] * len(self.resources) for _ in self.machines]
        for process, machine in zip(self.processes, assignment, strict=True):
            for r, amount in enumerate(process[1:-1]):
                use[machine][r] += amount
        return use

    def _load(self, use: list[list[int]]) -> int:
        cost = 0
        for machine, used in zip(self.machines, use, strict=True):
            for r, (_, weight) in enumerate(self.resources):
                cost += weight * max(0, used[r] - machine.safety[r])
        return cost

    def _balance(self, use: list[list[int]]) -> int:
        cost = 0
        for one, other, target, weight in self.balances:
            for machine, used in zip(self.machines, use, strict=True):
                free_one = machine.capacity[one] - used[one]
                free_other = machine.capacity[other] - used[other]
                cost += weight * max(0, target * free_one - free_other)
        return cost

    def _moves(self, assignment: Sequence[int]) -> int:
        process_weight, service_weight, machine_weight = self.weights
        cost = 0
        moved: collections.Counter[int] = collections.Counter()
        for process, old, new in zip(
            self.processes, self.start, assignment, strict=True
        ):
            if old != new:
                cost += process_weight * process[-1]
                moved[process[0]] += 1
            cost += machine_weight * self.machines[old].move_cost[new]
        return cost + service_weight * max(moved.values(), default=0)

    def _capacity(
        self, assignment: Sequence[int], use: list[list[int]]
    ) -> list[str]:
        held = [list(used) for used in use]
        for process, old, new in zip(
            self.processes, self.start, assignment, strict=True
        ):
            for r, (transient, _) in enumerate(self.resources):
                if transient and old != new:
                    held[old][r] += process[1 + r]
        return [
            f'machine {m} holds {held[m][r]} of {machine.capacity[r]} of {r}'
            for m, machine in enumerate(self.machines)
            for r in range(len(self.resources))
            if held[m][r] > machine.capacity[r]
        ]

    def _services(self, assignment: Sequence[int]) -> list[str]:
        where: dict[int, list[int]] = collections.defaultdict(list)
        for process, machine in zip(self.processes, assignment, strict=True):
            where[process[0]].append(machine)
        near = {
            s: {self.machines[m].near for m in on} for s, on in where.items()
        }
        broken = []
        for s, on in where.items():
            spread, needs = self.services[s]
            if len(set(on)) < len(on):
                broken.append(f'service {s} twice on a machine')
            if len({self.machines[m].location for m in on}) < spread:
                broken.append(f'service {s} is not spread enough')
            broken += [
                f'service {s} is without {other} in a neighbourhood'
                for other in needs
                if near[s] - near.get(other, set())
            ]
        return broken
