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


class Rule:
    """A rule over the nodes that instances are on."""

    name = ''

    def __init__(self, n_nodes: int) -> None:
        self.n_nodes = n_nodes
        self.node_of: Ints = np.zeros(0, dtype=np.int64)

    def reset(self, node_of: Ints) -> None:
        """Follow this placement, int64[n_instances], from now on."""
        self.node_of = node_of.copy()

    def excess(self) -> float:
        """Return by how much the rule is broken; 0 where it is kept."""
        raise NotImplementedError

    def tolerate(self) -> None:
        """Count as broken, from now on, only what gets worse than now."""

    def shift_allowed(self, instances: Ints) -> Bools:
        """Return bool[n, n_nodes]: where each may go, or stay."""
        raise NotImplementedError

    def swap_allowed(self, left: Ints, right: Ints) -> Bools:
        """Return bool[n]: which pairs look as if they could trade places.

        Pairs that are let pass are checked once they have moved.
        """
        return np.ones(len(left), dtype=np.bool_)

    def move(self, instance: int, to: int) -> None:
        """Follow an instance to another node."""
        raise NotImplementedError

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

    def swap_allowed(self, left: Ints, right: Ints) -> Bools:
        """Return bool[n]: which pairs could trade places."""
        one = self._eligible[self._class_of[left], self.node_of[right]]
        other = self._eligible[self._class_of[right], self.node_of[left]]
        allowed: Bools = one & other
        return allowed

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
