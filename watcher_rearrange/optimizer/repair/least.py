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

"""How many migrations it takes at least to mend all that is broken."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from watcher_rearrange.constraints.rules import Rules
from watcher_rearrange.model import records
from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.model.placement import Placement


def migrations(rules: Rules, start: Placement) -> int:
    """Return a lower bound on the migrations that mend everything.

    Everybody on a wrong node moves. Of what else is broken, those are
    counted that share no instance with what was counted before.
    """
    found = set(np.flatnonzero(rules.unsuitable(start)).tolist())
    found |= {idx for _, idx in rules.fences.outside(start)}
    used = set(found)
    count = len(found)
    for members, least in _others(rules, start):
        whom = set(members.tolist())
        if not whom & (used - found):
            more = least - len(whom & found)
            if more > 0:
                count += more
                used |= whom
    return count


def _others(rules: Rules, start: Placement) -> Iterable[tuple[Ints, int]]:
    """Yield instances with how many of them have to move at least."""
    for group in rules.groups.groups:
        counts = rules.groups.counts(start, group)
        if group.apart:
            yield group.members, rules.groups.excess(start, group)
        elif counts.any():
            yield group.members, int(counts.sum() - counts.max())
    for relation in rules.relations.relations:
        counts = relation.members.counts(start)
        excess = rules.relations.excess(start, relation)
        if relation.record.kind == records.TOGETHER and counts.any():
            excess = int(counts.sum() - counts.max())
        members = np.concatenate([relation.members.whom, relation.others.whom])
        yield members, excess
    over = start.used > rules.cluster.capacity
    for node in np.flatnonzero(over.any(axis=1)).tolist():
        yield start.instances_on(node), 1
