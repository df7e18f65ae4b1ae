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

"""The path to a target that somebody else has chosen."""

from __future__ import annotations

import time

from collections.abc import Callable

import numpy as np

from watcher_rearrange.constraints.movability import MoveOptions
from watcher_rearrange.constraints.rules import Rules
from watcher_rearrange.model.cluster import Cluster
from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.model.plan import Plan
from watcher_rearrange.model.plan import Status
from watcher_rearrange.model.plan import Violation
from watcher_rearrange.model.records import Snapshot
from watcher_rearrange.model.records import Target
from watcher_rearrange.path import finder
from watcher_rearrange.path.moves import Move
from watcher_rearrange.path.moves import Path
from watcher_rearrange.planning import actions
from watcher_rearrange.planning import advice
from watcher_rearrange.policies.limits import Limits


def find_path(
    snapshot: Snapshot,
    target: Target,
    *,
    time_limit_s: float = 60.0,
    seed: int = 0,
    limits: Limits = Limits(),
) -> Plan:
    """Plan the way to a target placement.

    :param seed: not used yet: the search draws no random numbers
    """
    deadline = time.monotonic() + time_limit_s
    cluster = Cluster.from_snapshot(snapshot)
    options = MoveOptions(named_instances=frozenset(target.placement))
    rules = Rules(cluster, options)
    start, wanted = _ends(cluster, target)
    refusals = _refusals(rules, start, wanted, target)
    if refusals:
        return Plan(Status.INFEASIBLE, messages=tuple(refusals))
    path = finder.find(rules, start, wanted, deadline)
    if not path.complete:
        return _blocked(rules, start, wanted, path)
    draft = actions.Draft(rules, start, path.moves, (), _reason(path), limits)
    written, summary = actions.write(draft)
    status = Status.OPTIMAL if path.proved else Status.FEASIBLE
    return Plan(
        status=status if written else Status.NO_CHANGE,
        actions=written,
        path=summary,
        violations_before=tuple(rules.violations(start)),
        violations_after=tuple(rules.violations(Placement(cluster, wanted))),
    )


def _ends(cluster: Cluster, target: Target) -> tuple[Placement, Ints]:
    """The placement once the released are gone, and the wanted nodes."""
    node_of = cluster.node_of.copy()
    for uuid in target.release:
        node_of[cluster.instance_index[uuid]] = -1
    wanted = node_of.copy()
    for uuid, hostname in target.placement.items():
        idx = cluster.instance_index[uuid]
        if node_of[idx] >= 0:
            wanted[idx] = cluster.node_index[hostname]
    return Placement(cluster, node_of), wanted


def _refusals(
    rules: Rules, start: Placement, wanted: Ints, target: Target
) -> list[str]:
    """Why no path can lead to this target, whatever the way."""
    cluster = rules.cluster
    end = Placement(cluster, wanted)
    found = []
    for idx in np.flatnonzero(start.node_of != wanted).tolist():
        label = cluster.snapshot.instances[idx].label
        host = cluster.hostname(int(wanted[idx]))
        if idx in rules.movability.stays:
            stays = advice.why_it_stays(rules, start, cluster.receives, idx)
            found.append(f'{stays}, but its target is {host}')
        elif not rules.eligible[rules.class_of[idx], wanted[idx]]:
            found.append(f'{label} may not run on {host}, its target')
    found += _overfull(rules, start, end, target)
    before = {(v.rule, v.things): v.current for v in _groups(rules, start)}
    for violation in _groups(rules, end):
        key = (violation.rule, violation.things)
        if violation.current > before.get(key, -1.0):
            found.append(f'in the target, {violation}')
    return found


def _groups(rules: Rules, placement: Placement) -> list[Violation]:
    return rules.groups.violations(placement)


def _overfull(
    rules: Rules, start: Placement, end: Placement, target: Target
) -> list[str]:
    """Nodes that the target, with what it provisions, fills too much."""
    cluster = rules.cluster
    used = end.used.copy()
    arriving = np.zeros_like(used)
    moved = np.flatnonzero(start.node_of != end.node_of)
    np.add.at(arriving, end.node_of[moved], cluster.demand[moved])
    problems = []
    for item in target.provision:
        node_idx = cluster.node_index[item.host]
        for name, amount in item.allocations.items():
            if name not in cluster.resource_classes:
                if amount:
                    problems.append(
                        f'{item.host} has no {name} for {item.uuid}'
                    )
                continue
            rc_idx = cluster.resource_classes.index(name)
            used[node_idx, rc_idx] += amount
            arriving[node_idx, rc_idx] += amount
    for node, rc in np.argwhere((used > cluster.capacity) & (arriving > 0)):
        problems.append(
            f'in the target, {cluster.hostname(int(node))} would have '
            f'{used[node, rc]} {cluster.resource_classes[rc]} in use of '
            f'{cluster.capacity[node, rc]}'
        )
    return problems


def _blocked(rules: Rules, start: Placement, wanted: Ints, path: Path) -> Plan:
    cluster = rules.cluster
    messages = []
    for idx in path.blocked:
        instance = cluster.snapshot.instances[idx]
        messages.append(
            f'no way found for {instance.label} from '
            f'{cluster.hostname(int(start.node_of[idx]))} to '
            f'{cluster.hostname(int(wanted[idx]))}'
        )
    status = Status.INFEASIBLE if path.proved else Status.TIME_LIMIT
    if path.proved:
        messages.insert(0, 'every reachable placement was tried: no path')
    return Plan(status, messages=tuple(messages))


def _reason(path: Path) -> Callable[[Move], str]:
    displaced = {m.instance for m in path.moves if m.displacement}

    def reason(move: Move) -> str:
        if move.displacement:
            return 'out of the way for a while'
        if move.instance in displaced:
            return 'to its target, from a temporary host'
        return 'to its target'

    return reason
