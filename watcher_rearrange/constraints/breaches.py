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

"""How much of the rules is broken, in numbers of instances."""

from __future__ import annotations

import numpy as np

from watcher_rearrange.constraints.rules import Rules
from watcher_rearrange.model.placement import Placement


class Breaches:
    """Breaches of all rules that must hold.

    A resource class that a node is too full of counts 1, an instance on a
    wrong node 1, a group or a relation the instances that are too many.
    """

    name = 'breaches'
    unit = 'breaches'

    def __init__(self, rules: Rules) -> None:
        self._rules = rules

    def value(self, placement: Placement) -> float:
        """Return how many there are."""
        rules = self._rules
        full = placement.used > rules.cluster.capacity
        outside = rules.fences.outside(placement)
        count = int(full.sum()) + int(rules.unsuitable(placement).sum())
        count += sum(fence.weight is None for fence, _ in outside)
        count += sum(
            rules.groups.excess(placement, group)
            for group in rules.groups.groups
        )
        count += sum(
            rules.relations.excess(placement, relation)
            for relation in rules.relations.relations
            if relation.record.weight is None
        )
        return float(count)

    def lower_bound(self) -> float:
        """Return 0."""
        return 0.0


class ShouldBreaches:
    """Breaches of the rules of a policy that should hold, weighted."""

    name = 'should_breaches'
    unit = 'weighted breaches'

    def __init__(self, rules: Rules) -> None:
        self._rules = rules

    def value(self, placement: Placement) -> float:
        """Return the sum of their weights."""
        rules = self._rules
        weights = [
            fence.weight or 0.0 for fence, _ in rules.fences.outside(placement)
        ]
        weights += [
            (relation.record.weight or 0.0)
            * rules.relations.excess(placement, relation)
            for relation in rules.relations.relations
        ]
        return float(np.sum(weights))

    def lower_bound(self) -> float:
        """Return 0."""
        return 0.0


NAMES = (Breaches.name, ShouldBreaches.name)
