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

"""The flavors that an audit names, as arrays."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from watcher_rearrange.constraints.rules import Rules
from watcher_rearrange.model import errors
from watcher_rearrange.model.cluster import Bools
from watcher_rearrange.model.records import Flavor
from watcher_rearrange.model.records import Instance
from watcher_rearrange.model.records import Snapshot
from watcher_rearrange.objectives.fragmentation import Flavors
from watcher_rearrange.policies.defragment import FlavorWish


def arrays(rules: Rules, wishes: Sequence[FlavorWish]) -> Flavors:
    """Look up the sizes of flavors, and where each can boot.

    :raises BadInput: if there is none, one has no known size, or only some
        have a count
    """
    cluster = rules.cluster
    flavors, problems = _sizes(cluster.snapshot, wishes)
    if not wishes:
        problems.append('flavors: name at least one flavor to make room for')
    counted = [wish.count > 0 for wish in wishes]
    if any(counted) and not all(counted):
        problems.append(
            'flavors: give a count of 1 or more to each of them, or to none'
        )
    if problems:
        raise errors.BadInput(problems)
    classes = cluster.resource_classes
    size = [[f.allocations.get(rc, 0) for rc in classes] for f in flavors]
    shape = len(flavors), len(classes)
    return Flavors(
        tuple(flavor.name for flavor in flavors),
        np.array(size, dtype=np.int64).reshape(shape),
        np.array([_bootable(rules, flavor) for flavor in flavors]),
        np.array([1.0 if w.count else w.weight for w in wishes]),
        np.array([wish.count for wish in wishes], dtype=np.int64),
    )


def _sizes(
    snapshot: Snapshot, wishes: Sequence[FlavorWish]
) -> tuple[list[Flavor], list[str]]:
    known = {flavor.name: flavor for flavor in snapshot.flavors}
    flavors, problems = [], []
    for wish in wishes:
        found = known.get(wish.name)
        if wish.allocations:
            flavors.append(
                Flavor(
                    wish.name,
                    wish.allocations,
                    wish.required_traits,
                    wish.forbidden_traits,
                )
            )
        elif found is not None and any(found.allocations.values()):
            flavors.append(found)
        else:
            problems.append(
                f'flavors.{wish.name}: the size of this flavor is not known; '
                'give it, as {"VCPU": 8, "MEMORY_MB": 16384}'
            )
    return flavors, problems


def _bootable(rules: Rules, flavor: Flavor) -> Bools:
    """bool[n_nodes]: up, enabled, of a kind that the flavor may be on."""
    cluster = rules.cluster
    example = Instance(
        uuid='',
        host='',
        allocations=flavor.allocations,
        flavor=flavor.name,
        required_traits=flavor.required_traits,
        forbidden_traits=flavor.forbidden_traits,
    )
    nodes: Bools = cluster.receives.copy()
    for rule in rules.node_rules:
        nodes &= rule.permitted(example)
    if not {*flavor.allocations} <= {*cluster.resource_classes}:
        # No node has any of it.
        nodes[:] = False
    return nodes
