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

"""What the search engine asks of a rule: who may go where, as arrays.

A rule that is broken may not get worse. For one instance a rule answers
exactly. For two at once it gives a first answer, and what it counts as
broken, ``excess``, decides once both have moved.
"""

from __future__ import annotations

import numpy as np

from watcher_rearrange.model.cluster import Bools
from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.objectives.dimensions import Floats
from watcher_rearrange.objectives.term import Area
from watcher_rearrange.objectives.term import Follower


# More than there are instances.
NEVER = 1 << 62


class Rule(Follower):
    """A rule over the nodes that instances are on."""

    name = ''

    def excess(self) -> float:
        """Return by how much the rule is broken; 0 where it is kept."""
        raise NotImplementedError

    def tolerate(self) -> None:
        """Count as broken, from now on, only what gets worse than now."""

    def shift_allowed(self, instances: Ints) -> Bools:
        """Return bool[n, n_nodes]: where each may go, or stay."""
        raise NotImplementedError

    def trade_allowed(self, instances: Ints) -> Bools:
        """Return bool[n, n_nodes]: where each may be able to go.

        All of these have left their nodes, and no node takes two. What is
        let pass is checked once all have moved.
        """
        return self.shift_allowed(instances)

    def swap_allowed(self, one: int, others: Ints) -> Bools:
        """Return bool[n]: with whom one may be able to trade places.

        :param others: int64[n], on other nodes. Who is let pass is checked
            once both have moved
        """
        return np.ones(len(others), dtype=np.bool_)

    def cleared(self, instances: Ints) -> Bools:
        """Return bool[n, n_nodes]: where each may go if others leave."""
        return self.shift_allowed(instances)

    def relief(self, one: int, node: int, others: Ints) -> Floats:
        """Return float64[n]: how much it would help if each of them left.

        :param others: int64[n], on the node that one should go to
        """
        return np.zeros(len(others))

    def in_the_way(self, one: int, node: int, others: Ints) -> int:
        """Return how many of the others have to leave before one arrives.

        :param others: int64[n], on the node, in the order of leaving
        :returns: ``NEVER`` if it does not help when all leave
        """
        return 0

    def possible(self, instances: Ints) -> Bools:
        """Return bool[n, n_nodes]: where each may be, whoever else is."""
        return np.ones((len(instances), self.n_nodes), dtype=np.bool_)

    def sizes(self) -> Floats:
        """Return float64[n_instances]: how hard each is to place."""
        return np.zeros(len(self.node_of))

    def write(self, area: Area) -> None:
        """Write the rule into a programme."""
        raise NotImplementedError


class Eligible(Rule):
    """An instance may only go to nodes that are eligible for its class.

    :param class_of: int64[n_instances], the row of the next
    :param eligible: bool[n_classes, n_nodes]
    """

    name = 'eligible'

    def __init__(self, class_of: Ints, eligible: Bools) -> None:
        super().__init__(eligible.shape[1])
        self._class_of = class_of
        self._eligible = eligible

    def excess(self) -> float:
        """Return how many are where they should not be."""
        everybody = np.arange(len(self.node_of))
        fine = self._eligible[self._class_of[everybody], self.node_of]
        return float((~fine).sum())

    def shift_allowed(self, instances: Ints) -> Bools:
        """Return bool[n, n_nodes]: where each may go, or stay."""
        return self.possible(instances)

    def swap_allowed(self, one: int, others: Ints) -> Bools:
        """Return bool[n]: with whom one could trade places."""
        fine = self._eligible[self._class_of[one], self.node_of[others]]
        fine &= self._eligible[self._class_of[others], self.node_of[one]]
        return fine

    def move(self, instance: int, to: int) -> None:
        """Follow an instance to another node."""
        self.node_of[instance] = to

    def possible(self, instances: Ints) -> Bools:
        """Return bool[n, n_nodes]: eligible, or where it is."""
        allowed = self._eligible[self._class_of[instances]]
        allowed[np.arange(len(instances)), self.node_of[instances]] = True
        return allowed

    def write(self, area: Area) -> None:
        """Write nothing: there are no columns for other nodes."""
