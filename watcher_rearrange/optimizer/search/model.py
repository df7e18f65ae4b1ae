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
"""The one description that both engines work on: rules and weighted terms."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from watcher_rearrange.model.cluster import Bools
from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.objectives.dimensions import Floats
from watcher_rearrange.objectives.term import Term
from watcher_rearrange.optimizer.search.rules import Rule


class Model:
    """A placement that terms and rules follow together.

    :param terms: with their weights
    :param rules: none of them gets more broken than it was at the start
    :ivar node_of: int64[n_instances]; change it by :meth:`move` only
    """

    def __init__(
        self,
        node_of: Ints,
        terms: Sequence[tuple[float, Term]],
        rules: Sequence[Rule],
    ) -> None:
        self.terms = tuple(terms)
        self.rules = tuple(rules)
        self.n_nodes = self.terms[0][1].n_nodes
        self.node_of = node_of.copy()
        self.reset(node_of)
        for rule in self.rules:
            rule.tolerate()
        self._allowed_excess = (self.excess() + 1e-6).tolist()

    def reset(self, node_of: Ints) -> None:
        """Go to another placement, int64[n_instances]."""
        self.node_of = node_of.copy()
        for _, term in self.terms:
            term.reset(node_of)
        for rule in self.rules:
            rule.reset(node_of)

    def value(self) -> float:
        """Return the weighted sum of the terms."""
        return sum(weight * term.value() for weight, term in self.terms)

    def excess(self) -> Floats:
        """Return float64[n_rules]: by how much each rule is broken."""
        return np.array([rule.excess() for rule in self.rules])

    @property
    def valid(self) -> bool:
        """Whether no rule is more broken than at the start."""
        return all(
            rule.excess() <= allowed
            for rule, allowed in zip(
                self.rules, self._allowed_excess, strict=True
            )
        )

    def lower_bound(self) -> float | None:
        """Return the sum of the terms' bounds, if all have one."""
        total = 0.0
        for weight, term in self.terms:
            bound = term.lower_bound()
            if bound is None:
                return None
            total += weight * bound
        return total

    def node_values(self) -> Floats:
        """Return float64[n_nodes]: what each node adds to the value."""
        total = np.zeros(self.n_nodes)
        for weight, term in self.terms:
            total += weight * term.node_values()
        return total

    def shift_deltas(self, instances: Ints) -> Floats:
        """Return float64[n, n_nodes]: changes; infinite if not allowed."""
        deltas = np.zeros((len(instances), self.n_nodes))
        for weight, term in self.terms:
            deltas += weight * term.shift_deltas(instances)
        deltas[~self.shift_allowed(instances)] = np.inf
        return deltas

    def shift_allowed(self, instances: Ints) -> Bools:
        """Return bool[n, n_nodes]: where each may go, or stay."""
        allowed = np.ones((len(instances), self.n_nodes), dtype=np.bool_)
        for rule in self.rules:
            allowed &= rule.shift_allowed(instances)
        return allowed

    def trade_deltas(self, instances: Ints) -> Floats:
        """Return float64[n, n_nodes]: what each would add to each node.

        All of these have left their nodes; infinite where not allowed.
        """
        deltas = np.zeros((len(instances), self.n_nodes))
        for weight, term in self.terms:
            deltas += weight * term.trade_deltas(instances)
        allowed = np.ones(deltas.shape, dtype=np.bool_)
        for rule in self.rules:
            allowed &= rule.trade_allowed(instances)
        deltas[~allowed] = np.inf
        return deltas

    def swappable(self, one: int, others: Ints) -> Ints:
        """Return int64[n]: who may be able to trade places with one."""
        others = others[self.node_of[others] != self.node_of[one]]
        for rule in self.rules:
            others = others[rule.swap_allowed(one, others)]
        return others

    def swap_deltas(self, one: int, others: Ints) -> Floats:
        """Return float64[n]: changes when one trades places with others."""
        deltas = np.zeros(len(others))
        for weight, term in self.terms:
            deltas += weight * term.swap_deltas(one, others)
        return deltas

    def cleared(self, instances: Ints) -> Bools:
        """Return bool[n, n_nodes]: where each may go if others leave."""
        cleared = np.ones((len(instances), self.n_nodes), dtype=np.bool_)
        for rule in self.rules:
            cleared &= rule.cleared(instances)
        return cleared

    def relief(self, one: int, node: int, others: Ints) -> Floats:
        """Return float64[n]: how much it would help if each of them left."""
        relief = np.zeros(len(others))
        for rule in self.rules:
            relief += rule.relief(one, node, others)
        return relief

    def in_the_way(self, one: int, node: int, others: Ints) -> int:
        """Return how many of the others have to leave before one arrives."""
        return max(
            (rule.in_the_way(one, node, others) for rule in self.rules),
            default=0,
        )

    def sizes(self) -> Floats:
        """Return float64[n_instances]: how hard each is to place."""
        sizes = np.zeros(len(self.node_of))
        for rule in self.rules:
            sizes = np.maximum(sizes, rule.sizes())
        return sizes

    def trade(self, instances: Ints, to: Ints) -> None:
        """Move several at once."""
        for _, term in self.terms:
            term.trade(instances, to)
        for rule in self.rules:
            rule.trade(instances, to)
        self.node_of[instances] = to

    def move(self, instance: int, to: int) -> None:
        """Move one instance."""
        if self.node_of[instance] == to:
            return
        for _, term in self.terms:
            term.move(instance, to)
        for rule in self.rules:
            rule.move(instance, to)
        self.node_of[instance] = to
