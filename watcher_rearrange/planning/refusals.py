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

"""Why no path can lead to a target, whatever the way."""

from __future__ import annotations

import dataclasses

import numpy as np

from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.planning import advice
from watcher_rearrange.planning.question import Question


@dataclasses.dataclass(frozen=True)
class Refusal:
    """A rule that the target itself breaks.

    :ivar text: for the operator
    :ivar instances: those whose target it is; one of them has to be given
        another, or all of them where there is only one
    """

    text: str
    instances: tuple[int, ...]


def refusals(question: Question) -> list[Refusal]:
    """Return every reason, each found without any search."""
    return [
        *_of_instances(question),
        *_of_nodes(question),
        *_of_groups(question),
    ]


def _of_instances(question: Question) -> list[Refusal]:
    """Who must not move, or may not be on its target node."""
    rules, cluster = question.rules, question.cluster
    found = []
    for idx in question.misplaced:
        node = int(question.wanted[idx])
        host = cluster.hostname(node)
        if idx in rules.movability.stays:
            stays = advice.why_it_stays(
                rules, question.start, cluster.receives, idx
            )
            found.append(Refusal(f'{stays}, but its target is {host}', (idx,)))
        elif not rules.eligible[rules.class_of[idx], node]:
            text = f'{question.label(idx)} may not run on {host}, its target'
            found.append(Refusal(text, (idx,)))
    return found


def _of_nodes(question: Question) -> list[Refusal]:
    """Nodes that the target, with what it provisions, fills too much."""
    cluster = question.cluster
    used, arriving, found = _provisioned(question)
    moved = np.array(question.misplaced, dtype=np.int64)
    np.add.at(arriving, question.wanted[moved], cluster.demand[moved])
    for node, rc in np.argwhere((used > cluster.capacity) & (arriving > 0)):
        text = (
            f'in the target, {cluster.hostname(int(node))} would have '
            f'{used[node, rc]} {cluster.resource_classes[rc]} in use of '
            f'{cluster.capacity[node, rc]}'
        )
        asking = (question.wanted[moved] == node) & (
            cluster.demand[moved, rc] > 0
        )
        found.append(Refusal(text, tuple(moved[asking].tolist())))
    return found


def _provisioned(question: Question) -> tuple[Ints, Ints, list[Refusal]]:
    """What is in use at the end, what of it is provisioned, what cannot."""
    cluster = question.cluster
    used = question.end.used.copy()
    arriving = np.zeros_like(used)
    found = []
    for item in question.target.provision:
        node = cluster.node_index[item.host]
        for name, amount in item.allocations.items():
            if name in cluster.resource_classes:
                rc = cluster.resource_classes.index(name)
                used[node, rc] += amount
                arriving[node, rc] += amount
            elif amount:
                text = f'{item.host} has no {name} for {item.uuid}'
                found.append(Refusal(text, ()))
    return used, arriving, found


def _of_groups(question: Question) -> list[Refusal]:
    """Server groups whose policy is broken more than now."""
    groups = question.rules.groups
    before = {
        (violation.rule, violation.things): violation.current
        for violation in groups.violations(question.start)
    }
    misplaced = set(question.misplaced)
    found = []
    for violation in groups.violations(question.end):
        key = (violation.rule, violation.things)
        if violation.current <= before.get(key, -1.0):
            continue
        members = {
            member
            for group in groups.groups
            # Names are not unique, so the thing has the UUID in it.
            if group.record.uuid in violation.things[0]
            for member in group.members.tolist()
        }
        text = f'in the target, {violation}'
        found.append(Refusal(text, tuple(sorted(members & misplaced))))
    return found
