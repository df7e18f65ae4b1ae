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
"""Google machine reassignment (ROADEF/EURO challenge 2012): its files."""

from __future__ import annotations

import dataclasses
import pathlib

from collections.abc import Iterator

import numpy as np

from watcher_rearrange.model.cluster import Bools
from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.objectives.dimensions import Floats


@dataclasses.dataclass(frozen=True, eq=False)
class Machines:
    """The machines.

    :ivar neighbourhood: int64[n_machines]
    :ivar location: int64[n_machines]
    :ivar capacity: float64[n_machines, n_resources]
    :ivar safety: float64[n_machines, n_resources]
    :ivar distance: float64[n_machines, n_machines], machine move cost
    """

    neighbourhood: Ints
    location: Ints
    capacity: Floats
    safety: Floats
    distance: Floats


@dataclasses.dataclass(frozen=True, eq=False)
class Instance:
    """One instance of the challenge; a process is an instance to place.

    :ivar transient: bool[n_resources]
    :ivar load_weight: float64[n_resources]
    :ivar spread: int64[n_services], the fewest locations
    :ivar needs: for each service those that it depends on
    :ivar service: int64[n_processes]
    :ivar demand: float64[n_processes, n_resources]
    :ivar move_cost: float64[n_processes]
    :ivar balances: resource 1, resource 2, target, weight
    :ivar weights: of process, service and machine move cost
    :ivar start: int64[n_processes]
    """

    transient: Bools
    load_weight: Floats
    machines: Machines
    spread: Ints
    needs: tuple[tuple[int, ...], ...]
    service: Ints
    demand: Floats
    move_cost: Floats
    balances: tuple[tuple[int, int, int, int], ...]
    weights: tuple[int, int, int]
    start: Ints


def read(model: pathlib.Path, assignment: pathlib.Path) -> Instance:
    """Read an instance from its two files."""
    numbers = map(int, model.read_text(encoding='ascii').split())
    n_resources = next(numbers)
    resources = _table(numbers, n_resources, 2)
    machines = _machines(numbers, n_resources)
    spread, needs = _services(numbers)
    processes = _table(numbers, next(numbers), n_resources + 2)
    balances = tuple(
        (next(numbers), next(numbers), next(numbers), next(numbers))
        for _ in range(next(numbers))
    )
    start = assignment.read_text(encoding='ascii').split()
    return Instance(
        resources[:, 0] > 0,
        resources[:, 1].astype(float),
        machines,
        spread,
        needs,
        processes[:, 0],
        processes[:, 1:-1].astype(float),
        processes[:, -1].astype(float),
        balances,
        (next(numbers), next(numbers), next(numbers)),
        np.array([int(word) for word in start], dtype=np.int64),
    )


def _table(numbers: Iterator[int], n_rows: int, n_columns: int) -> Ints:
    values = [next(numbers) for _ in range(n_rows * n_columns)]
    return np.array(values, dtype=np.int64).reshape(n_rows, n_columns)


def _machines(numbers: Iterator[int], n_resources: int) -> Machines:
    count = next(numbers)
    table = _table(numbers, count, 2 + 2 * n_resources + count)
    capacity, safety, distance = np.split(
        table[:, 2:].astype(float), [n_resources, 2 * n_resources], axis=1
    )
    return Machines(table[:, 0], table[:, 1], capacity, safety, distance)


def _services(
    numbers: Iterator[int],
) -> tuple[Ints, tuple[tuple[int, ...], ...]]:
    spread, needs = [], []
    for _ in range(next(numbers)):
        spread.append(next(numbers))
        needs.append(tuple(next(numbers) for _ in range(next(numbers))))
    return np.array(spread, dtype=np.int64), tuple(needs)
