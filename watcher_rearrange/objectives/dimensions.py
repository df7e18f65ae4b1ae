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

"""What can be balanced: resource classes and measured loads, as columns."""

from __future__ import annotations

import dataclasses

from collections.abc import Sequence

import numpy as np

from numpy.typing import NDArray

from watcher_rearrange.model import errors
from watcher_rearrange.model.cluster import Cluster


Floats = NDArray[np.float64]

# Measured loads, and the inventories whose totals they are a share of.
LOADS = {'cpu_pct': ('VCPU', 'PCPU'), 'memory_mb': ('MEMORY_MB',)}


@dataclasses.dataclass(frozen=True, eq=False)
class Dimensions:
    """Demand and capacity per dimension.

    :ivar names: resource classes or loads
    :ivar demand: float64[n_instances, n_dims]
    :ivar capacity: float64[n_nodes, n_dims]
    """

    names: tuple[str, ...]
    demand: Floats
    capacity: Floats

    @classmethod
    def of(cls, cluster: Cluster, names: Sequence[str]) -> Dimensions:
        """Build the columns.

        :raises BadInput: for a name that is neither a resource class of
            the cluster nor a load that was measured
        """
        problems = []
        columns = []
        for name in names:
            if name in cluster.resource_classes:
                columns.append(_allocated(cluster, name))
            elif name in LOADS and _measured(cluster, name):
                columns.append(_load(cluster, name))
            else:
                problems.append(_problem(name))
        if problems:
            raise errors.BadInput(problems)
        return cls(
            tuple(names),
            _table([demand for demand, _ in columns], cluster.n_instances),
            _table([capacity for _, capacity in columns], cluster.n_nodes),
        )


def _table(columns: list[Floats], n_rows: int) -> Floats:
    if not columns:
        return np.zeros((n_rows, 0))
    return np.stack(columns, axis=1)


def _problem(name: str) -> str:
    if name in LOADS:
        return f'dimensions: no instance has a measured {name!r}'
    return f'dimensions: {name!r} is not a resource class of this cluster'


def _measured(cluster: Cluster, name: str) -> bool:
    return any(name in i.load for i in cluster.snapshot.instances)


def _allocated(cluster: Cluster, name: str) -> tuple[Floats, Floats]:
    rc_idx = cluster.resource_classes.index(name)
    return (
        cluster.demand[:, rc_idx].astype(np.float64),
        cluster.capacity[:, rc_idx].astype(np.float64),
    )


def _load(cluster: Cluster, name: str) -> tuple[Floats, Floats]:
    """A load in the physical unit: CPUs kept busy, or MiB touched."""
    classes = LOADS[name]
    demand = []
    for instance in cluster.snapshot.instances:
        load = instance.load.get(name, 0.0)
        if name == 'cpu_pct':
            cpus = sum(instance.allocations.get(rc, 0) for rc in classes)
            load *= cpus / 100.0
        demand.append(load)
    capacity = [
        sum(
            node.inventories[rc].total
            for rc in classes
            if rc in node.inventories
        )
        for node in cluster.snapshot.compute_nodes
    ]
    return np.array(demand, float), np.array(capacity, float)
