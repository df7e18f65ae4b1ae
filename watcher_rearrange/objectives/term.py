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

"""What the search engine asks of an objective: exact changes, as arrays.

A term follows one placement, given as the node of every instance. It tells
what the placement costs and by how much that changes with any shift or
swap, and it can write itself into an integer programme over a few nodes.
Whatever keeps to this may be minimised, alone or with others.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.objectives.dimensions import Floats


class Columns(Protocol):
    """The integer programme, as terms and rules see it."""

    def columns(
        self,
        count: int,
        upper: Floats | float = ...,
        cost: Floats | float = ...,
        lower: Floats | float = ...,
        integer: bool = ...,
    ) -> Ints:
        """Add columns; return int64[count], their indices."""

    def row(
        self,
        columns: Ints | Sequence[int],
        factors: Floats | Sequence[float] | float,
        lower: float = ...,
        upper: float = ...,
    ) -> int:
        """Add lower <= factors * columns <= upper."""

    def add_cost(self, columns: Ints, cost: Floats | float) -> None:
        """Let columns cost more."""


class Area(Protocol):
    """Some instances that are placed anew, on some nodes.

    :ivar free: int64[n_free], the instances
    :ivar nodes: int64[n_open], the nodes that they may go to
    :ivar choice: int64[n_free, n_open], the column that says whether an
        instance goes to a node; -1 where it must not
    :ivar node_of: int64[n_instances], where the others are; -1 for free
    """

    free: Ints
    nodes: Ints
    choice: Ints
    node_of: Ints

    @property
    def program(self) -> Columns:
        """What to write into."""


class Follower:
    """Something that follows a placement, which starts empty.

    :ivar node_of: int64[n_instances], the placement
    """

    def __init__(self, n_nodes: int) -> None:
        self.n_nodes = n_nodes
        self.node_of: Ints = np.zeros(0, dtype=np.int64)

    def reset(self, node_of: Ints) -> None:
        """Follow this placement, int64[n_instances], from now on."""
        self.node_of = node_of.copy()

    def move(self, instance: int, to: int) -> None:
        """Follow an instance to another node."""
        raise NotImplementedError

    def trade(self, instances: Ints, to: Ints) -> None:
        """Follow several to other nodes at once.

        :param instances: int64[n]
        :param to: int64[n]
        """
        for instance, node in zip(
            instances.tolist(), to.tolist(), strict=True
        ):
            self.move(instance, node)


class Term(Follower):
    """A number to be minimised.

    :ivar name: short, as in reports
    :ivar unit: of the value
    :ivar is_linear: whether a programme can have the term
    """

    name = ''
    unit = ''
    is_linear = True

    def value(self) -> float:
        """Return the value of the placement that is followed."""
        raise NotImplementedError

    def shift_deltas(self, instances: Ints) -> Floats:
        """Return float64[n, n_nodes]: the change for each destination.

        :param instances: int64[n]
        """
        raise NotImplementedError

    def trade_deltas(self, instances: Ints) -> Floats:
        """Return float64[n, n_nodes]: what each would add to each node.

        All of these have left their nodes, and no node takes two. Where a
        term cannot tell, the changes of shifts will do.

        :param instances: int64[n]
        """
        return self.shift_deltas(instances)

    def swap_deltas(self, one: int, others: Ints) -> Floats:
        """Return float64[n]: changes when one trades places with others.

        :param one: an instance
        :param others: int64[n], each of them by itself
        """
        raise NotImplementedError

    def node_values(self) -> Floats:
        """Return float64[n_nodes]: what each node adds to the value."""
        return np.zeros(self.n_nodes)

    def lower_bound(self) -> float | None:
        """Return what no placement can be below, or None if unknown."""
        return None

    def write(self, area: Area, weight: float) -> None:
        """Write the term, times a weight, into a programme."""
        raise NotImplementedError


def amounts(area: Area, position: int, demand: Floats) -> tuple[Ints, Floats]:
    """Return who may come to a node of an area and what that brings.

    :param position: of the node among the nodes of the area
    :param demand: float64[n_free]
    :returns: columns and factors, those without demand left out
    """
    columns = area.choice[:, position]
    used = (columns >= 0) & (demand != 0)
    return columns[used], demand[used]
