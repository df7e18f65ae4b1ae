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
"""The terms of a composed objective, for one cluster.

Only nodes that are up and enabled are judged, and who is on them: the
others are left alone.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from watcher_rearrange.constraints.rules import Rules
from watcher_rearrange.model import errors
from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.objectives import hinge
from watcher_rearrange.objectives.dimensions import Dimensions
from watcher_rearrange.objectives.dimensions import Floats
from watcher_rearrange.objectives.disruption import Disruption
from watcher_rearrange.objectives.migration_cost import MigrationCost
from watcher_rearrange.objectives.slots import Slots
from watcher_rearrange.objectives.used_nodes import UsedNodes
from watcher_rearrange.objectives.variance import Variance
from watcher_rearrange.planning import flavors
from watcher_rearrange.planning import node_limits
from watcher_rearrange.planning.aim import Aim
from watcher_rearrange.planning.aim import Spread
from watcher_rearrange.policies import terms
from watcher_rearrange.policies.defragment import FlavorWish
from watcher_rearrange.policies.terms import TermWish


MB_PER_GB = 1024.0


class Aims:
    """Makes the terms that an operator names.

    :param limit: int64[n_nodes, n_rc], how full a node may be filled
    :param least_cost: what nodes in use cost at least, float64[n_nodes]
    """

    def __init__(
        self, rules: Rules, limit: Ints, least_cost: Callable[[Floats], float]
    ) -> None:
        self._rules = rules
        self._cluster = rules.cluster
        self._limit = limit
        self._least_cost = least_cost
        self._nodes = self._cluster.receives
        self._there = self._nodes[self._cluster.node_of]
        self._makers: dict[str, Callable[[TermWish], Aim]] = {
            'active_nodes': self._active_nodes,
            'imbalance': self._imbalance,
            'instance_count': self._instance_count,
            'soft_threshold': self._soft_threshold,
            'headroom': self._headroom,
            'proportion': self._proportion,
            'fragmentation': self._fragmentation,
            'migrations': self._migrations,
            'moved_gb': self._moved_gb,
            'disruption': self._disruption,
        }

    def of(self, wish: TermWish) -> Aim:
        """Return the aim that is asked for.

        :raises BadInput: with every problem and where it is
        """
        try:
            return self._makers[wish.name](wish)
        except errors.BadInput as error:
            raise errors.BadInput(
                [f'{wish.place}.{problem}' for problem in error.problems]
            ) from error

    def _active_nodes(self, wish: TermWish) -> Aim:
        given = wish.options['node_costs']
        costs = node_limits.costs(self._cluster, given)
        costs = np.where(self._nodes, costs, 0.0)
        n_instances = self._cluster.n_instances
        classes = Dimensions.of(self._cluster, self._cluster.real_classes)
        demand, capacity = self._judged(classes)
        share = np.full(capacity.shape[1], 1.0 / max(1, capacity.shape[1]))
        # The fullest node with room is the one to fill up.
        slope = -0.5 * float(costs.sum())
        return Aim(
            'active_node_cost' if given else 'active_nodes',
            'cost units' if given else 'nodes',
            lambda start: UsedNodes(n_instances, costs),
            bound=self._least_cost(costs),
            one=float(costs[costs > 0].min()) if costs.any() else 1.0,
            pack=lambda: ((slope, Variance(demand, capacity, share)),),
            costs=costs,
        )

    def _imbalance(self, wish: TermWish) -> Aim:
        found = self._dimensions(wish.options['dimensions'])
        demand, capacity = self._judged(found)
        given = wish.options['weights']
        weight = np.array([given.get(name, 1.0) for name in found.names])
        weight /= max(float(weight.sum()), 1e-9)
        means = demand.sum(axis=0) / capacity.sum(axis=0)
        spread = Spread(demand, capacity, weight, float(weight @ means))
        return spread.aim(wish, 100.0, 'percentage points')

    def _instance_count(self, wish: TermWish) -> Aim:
        demand = self._there[:, None].astype(float)
        capacity = self._nodes[:, None].astype(float)
        n_nodes = max(1, int(self._nodes.sum()))
        more = int(self._there.sum()) % n_nodes / n_nodes
        mean = float(self._there.sum()) / n_nodes
        spread = Spread(
            demand, capacity, np.ones(1), mean, more * (1.0 - more)
        )
        return spread.aim(wish, 1.0, 'instances')

    def _soft_threshold(self, wish: TermWish) -> Aim:
        given = wish.options['utilization_pct']
        found = self._dimensions(list(given), 'utilization_pct')
        share = np.array([given[name] / 100.0 for name in found.names])
        return self._above(wish, found, found.capacity * share)

    def _headroom(self, wish: TermWish) -> Aim:
        given = wish.options['free']
        found = self._dimensions(list(given), 'free')
        free = np.array([float(given[name]) for name in found.names])
        return self._above(wish, found, np.maximum(found.capacity - free, 0))

    def _above(
        self, wish: TermWish, found: Dimensions, threshold: Floats
    ) -> Aim:
        demand, capacity = self._judged(found)
        threshold = np.where(self._nodes[:, None], threshold, 0.0)
        weight = self._pct_of_a_node(capacity)
        return Aim(
            wish.name,
            '% of a node',
            lambda start: hinge.SoftThreshold(demand, threshold, weight),
        )

    def _proportion(self, wish: TermWish) -> Aim:
        found = self._dimensions(wish.options['dimensions'])
        demand, capacity = self._judged(found)
        pairs: tuple[hinge.Pair, ...] = ()
        if len(found.names) == 2:
            one, other = capacity.sum(axis=0)
            ratio = wish.options['ratio'] or float(other / one)
            first, second = self._pct_of_a_node(capacity)
            pairs = (
                hinge.Pair(0, 1, ratio, second),
                hinge.Pair(1, 0, 1.0 / ratio, first),
            )
        return Aim(
            wish.name,
            '% of a node',
            lambda start: hinge.Proportion(demand, capacity, pairs),
        )

    def _fragmentation(self, wish: TermWish) -> Aim:
        wishes = [
            FlavorWish.of(name, size)
            for name, size in wish.options['flavors'].items()
        ]
        arrays = flavors.arrays(self._rules, wishes)
        room = np.maximum(self._limit - self._cluster.held, 0)
        whole = Dimensions(
            self._cluster.resource_classes,
            self._cluster.demand.astype(float),
            room.astype(float),
        )
        demand, free = self._judged(whole)
        load = np.zeros_like(free)
        np.add.at(load, self._cluster.node_of, demand)
        over = np.maximum(load - free, 0.0).sum(axis=0)
        return Aim(
            'blocked_slots',
            'slots',
            lambda start: Slots(demand, free, over, arrays),
        )

    def _migrations(self, wish: TermWish) -> Aim:
        return self._cost(
            wish, 'migrations', np.ones(self._cluster.n_instances)
        )

    def _moved_gb(self, wish: TermWish) -> Aim:
        return self._cost(wish, 'GiB', self._cluster.memory_mb / MB_PER_GB)

    def _cost(self, wish: TermWish, unit: str, cost: Floats) -> Aim:
        n_nodes = self._cluster.n_nodes
        return Aim(
            wish.name, unit, lambda start: MigrationCost(start, cost, n_nodes)
        )

    def _disruption(self, wish: TermWish) -> Aim:
        label = np.full(self._cluster.n_instances, -1, dtype=np.int64)
        snapshot = self._cluster.snapshot
        if wish.options['group_by'] == terms.SERVER_GROUP:
            for number, group in enumerate(snapshot.server_groups):
                for uuid in group.members:
                    label[self._cluster.instance_index[uuid]] = number
        else:
            names = sorted({i.project_id for i in snapshot.instances} - {''})
            number_of = {name: number for number, name in enumerate(names)}
            for idx, instance in enumerate(snapshot.instances):
                label[idx] = number_of.get(instance.project_id, -1)
        n_nodes = self._cluster.n_nodes
        return Aim(
            wish.name,
            'instances',
            lambda start: Disruption(start, label, n_nodes),
        )

    def _dimensions(
        self, names: list[str], option: str = 'dimensions'
    ) -> Dimensions:
        """Those that some judged node has."""
        if not self._cluster.n_nodes:
            names = []
        try:
            found = Dimensions.of(self._cluster, names)
        except errors.BadInput as error:
            raise errors.BadInput(
                [
                    problem.replace('dimensions', option, 1)
                    for problem in error.problems
                ]
            ) from error
        there = found.capacity[self._nodes].sum(axis=0) > 0
        return Dimensions(
            tuple(np.array(found.names)[there]),
            found.demand[:, there],
            found.capacity[:, there],
        )

    def _judged(self, found: Dimensions) -> tuple[Floats, Floats]:
        """Demand and capacity of what is judged, 0 for the rest."""
        demand = np.where(self._there[:, None], found.demand, 0.0)
        capacity = np.where(self._nodes[:, None], found.capacity, 0.0)
        return demand, capacity

    def _pct_of_a_node(self, capacity: Floats) -> Floats:
        """float64[n_dims]: what one unit is of a mean node."""
        pct: Floats = 100.0 * self._nodes.sum() / capacity.sum(axis=0)
        return pct
