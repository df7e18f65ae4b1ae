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
"""Machine reassignment in terms and rules of the search engine.

All terms and two of the rules are those that the strategies use:

- load cost: what is above a soft threshold, the safety capacity;
- balance cost: free resources out of proportion;
- process and machine move cost: the migration cost;
- service move cost: the disruption of the group disturbed most;
- capacity, with room held on both ends for transient resources;
- the processes of a service apart, as anti-affinity.
"""

from __future__ import annotations

import numpy as np

from benchmarks.roadef_data import Instance
from benchmarks.roadef_rules import Dependencies
from benchmarks.roadef_rules import Spread
from watcher_rearrange.objectives.disruption import Disruption
from watcher_rearrange.objectives.hinge import Pair
from watcher_rearrange.objectives.hinge import Proportion
from watcher_rearrange.objectives.hinge import SoftThreshold
from watcher_rearrange.objectives.migration_cost import MigrationCost
from watcher_rearrange.objectives.term import Term
from watcher_rearrange.optimizer.search.apart import Apart
from watcher_rearrange.optimizer.search.model import Model
from watcher_rearrange.optimizer.search.room import Room
from watcher_rearrange.optimizer.search.room import Transient
from watcher_rearrange.optimizer.search.rules import Rule


def model(data: Instance) -> Model:
    """Return an instance as the search engine knows it."""
    return Model(data.start, terms(data), rules(data))


def terms(data: Instance) -> list[tuple[float, Term]]:
    """Return the parts of the cost; their sum is the challenge's."""
    machines = data.machines
    n_nodes = len(machines.capacity)
    process, service, machine = data.weights
    found: list[tuple[float, Term]] = [
        (1.0, SoftThreshold(data.demand, machines.safety, data.load_weight)),
        (
            1.0,
            MigrationCost(
                data.start,
                process * data.move_cost,
                n_nodes,
                machine * machines.distance,
            ),
        ),
        (float(service), Disruption(data.start, data.service, n_nodes)),
    ]
    if data.balances:
        pairs = tuple(
            Pair(one, other, float(target), float(weight))
            for one, other, target, weight in data.balances
        )
        found.append((1.0, Proportion(data.demand, machines.capacity, pairs)))
    return found


def rules(data: Instance) -> list[Rule]:
    """Return the hard constraints."""
    machines = data.machines
    n_nodes = len(machines.capacity)
    transient = Transient(data.start, data.transient)
    found: list[Rule] = [
        Room(
            data.demand,
            machines.capacity,
            transient if data.transient.any() else None,
        ),
        Apart(data.service, n_nodes),
    ]
    if np.any(data.spread > 1):
        found.append(Spread(data.service, machines.location, data.spread))
    if any(data.needs):
        found.append(
            Dependencies(data.service, machines.neighbourhood, data.needs)
        )
    return found
