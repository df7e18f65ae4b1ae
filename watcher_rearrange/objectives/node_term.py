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

"""Terms that are a sum over the nodes of a function of their load."""

from __future__ import annotations

import numpy as np

from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.objectives.dimensions import Floats
from watcher_rearrange.objectives.term import Term


EVERY = slice(None)


class NodeTerm(Term):
    """The sum over nodes of ``cost``, which a subclass gives.

    :param demand: float64[n_instances, n_dims]
    :param origin: float64[n_nodes, n_dims], the load of empty nodes; what
        the function needs may be subtracted already
    """

    def __init__(self, demand: Floats, origin: Floats) -> None:
        super().__init__(len(origin))
        self.demand = np.ascontiguousarray(demand, dtype=float)
        self.origin = np.ascontiguousarray(origin.T, dtype=float)
        self.load = self.origin.copy()
        self.costs = np.zeros(self.n_nodes)

    def cost(self, load: Floats, nodes: Ints | slice) -> Floats:
        """Return float64[..., n]: what nodes with such a load cost.

        :param load: float64[..., n_dims, n]
        :param nodes: int64[n], whose load that is
        """
        raise NotImplementedError

    def reset(self, node_of: Ints) -> None:
        """Follow this placement, int64[n_instances], from now on."""
        super().reset(node_of)
        self.load = self.origin.copy()
        placed = node_of >= 0
        np.add.at(self.load.T, node_of[placed], self.demand[placed])
        self.costs = self.cost(self.load, EVERY)

    def value(self) -> float:
        """Return the value of the placement that is followed."""
        return float(self.costs.sum())

    def node_values(self) -> Floats:
        """Return float64[n_nodes]: what each node adds to the value."""
        return self.costs.copy()

    def shift_deltas(self, instances: Ints) -> Floats:
        """Return float64[n, n_nodes]: the change for each destination."""
        demand = self.demand[instances]
        home = self.node_of[instances]
        deltas = self.cost(self.load + demand[:, :, None], EVERY)
        deltas -= self.costs
        leave = self.cost(self.load[:, home] - demand.T, home)
        deltas += (leave - self.costs[home])[:, None]
        deltas[np.arange(len(instances)), home] = 0.0
        return deltas

    def trade_deltas(self, instances: Ints) -> Floats:
        """Return float64[n, n_nodes]: what each would add to each node."""
        demand = self.demand[instances]
        load = self.load.copy()
        np.subtract.at(load.T, self.node_of[instances], demand)
        deltas = self.cost(load + demand[:, :, None], EVERY)
        deltas -= self.cost(load, EVERY)
        return deltas

    def swap_deltas(self, one: int, others: Ints) -> Floats:
        """Return float64[n]: changes when one trades places with others."""
        net = (self.demand[others] - self.demand[one]).T
        here, there = int(self.node_of[one]), self.node_of[others]
        at = slice(here, here + 1)
        deltas = self.cost(self.load[:, at] + net, at)
        deltas += self.cost(self.load[:, there] - net, there)
        deltas -= self.costs[there] + self.costs[here]
        deltas[there == here] = 0.0
        return deltas

    def move(self, instance: int, to: int) -> None:
        """Follow an instance to another node."""
        home = int(self.node_of[instance])
        self.load[:, home] -= self.demand[instance]
        self.load[:, to] += self.demand[instance]
        self.node_of[instance] = to
        both = _pair(home, to)
        self.costs[both] = self.cost(self.load[:, both], both)

    def trade(self, instances: Ints, to: Ints) -> None:
        """Follow several to other nodes at once."""
        home, demand = self.node_of[instances], self.demand[instances]
        np.subtract.at(self.load.T, home, demand)
        np.add.at(self.load.T, to, demand)
        self.node_of[instances] = to
        both = np.concatenate([home, to])
        self.costs[both] = self.cost(self.load[:, both], both)


def _pair(one: int, other: int) -> slice | Ints:
    """Select two places, as a view for speed."""
    low, high = min(one, other), max(one, other)
    if low == high:
        return slice(low, low + 1)
    return slice(low, high + 1, high - low)
