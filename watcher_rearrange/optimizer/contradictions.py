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

"""Rules of a policy that can never hold together, as minimal sets.

Whether there is any placement that keeps some rules is decided by counts of
equal instances on nodes; what does not fit in one model is left out: room,
and everything that is not in the policy but hard server groups. So what is
called a contradiction is one, and not every one is found. A set is made
minimal by leaving out one rule after the other (deletion filter; Chinneck and
Dravnieks, Locating minimal infeasible constraint sets in linear programs,
ORSA Journal on Computing 3 (1991)).
"""

from __future__ import annotations

import dataclasses
import time

from collections.abc import Sequence

import numpy as np

from watcher_rearrange.model import inventory
from watcher_rearrange.model import records as model
from watcher_rearrange.optimizer.contradiction_model import Case
from watcher_rearrange.optimizer.contradiction_model import possible
from watcher_rearrange.policies.file import records
from watcher_rearrange.policies.file import selection


# The kinds that say where instances may be.
KINDS = frozenset(
    (
        records.FENCE,
        records.BAN,
        records.SPREAD,
        records.GATHER,
        records.NEAR,
        records.LONELY,
        records.ROOT,
        records.SPLIT,
        records.MAX_INSTANCES,
        records.ONLY,
    )
)


@dataclasses.dataclass(frozen=True)
class Findings:
    """What contradicts what.

    :ivar sets: names of rules, each set minimal; there may be others that
        share rules with these
    :ivar undecided: names of rules for which the time was too short
    """

    sets: tuple[tuple[str, ...], ...]
    undecided: tuple[str, ...] = ()


def contradictions(
    policy: records.Policy, snapshot: model.Snapshot, deadline: float
) -> Findings:
    """Find the rules that cannot all hold, wherever instances are.

    Rules that must hold count, and hard server groups. Those whom ``root`` or
    ``only`` keep where they are stay there.

    :param deadline: on the clock of ``time.monotonic``
    :raises BadInput: a node is in two of the aggregates that are parts
    """
    selector = selection.Selector(snapshot)
    sets: list[tuple[str, ...]] = [
        (name,) for name in _overdrawn(policy, snapshot, selector)
    ]
    undecided: list[str] = []
    known = {rule.name for rule in policy.rules}
    cases = [
        Case.of(rule, selector)
        for rule in (*policy.rules, *_of_groups(snapshot))
        if rule.must and rule.kind in KINDS
    ]
    hosts = {n.hostname: k for k, n in enumerate(snapshot.compute_nodes)}
    node_of = np.array(
        [hosts[one.host] for one in snapshot.instances], dtype=np.int64
    )
    for group in _groups(cases):
        if all(case.holds(node_of) for case in group):
            continue
        while (found := _impossible(group, snapshot, deadline)) is not None:
            if not found:
                undecided += [case.rule.name for case in group]
                break
            names = tuple(case.rule.name for case in found)
            if not known.isdisjoint(names):
                sets.append(names)
            group = [case for case in group if case not in found]
    return Findings(
        tuple(dict.fromkeys(sets)), tuple(dict.fromkeys(undecided))
    )


def _overdrawn(
    policy: records.Policy,
    snapshot: model.Snapshot,
    selector: selection.Selector,
) -> list[str]:
    """Return the reserves of more than an empty node has."""
    found = []
    for rule in policy.rules:
        if rule.kind != records.RESERVE or not rule.must:
            continue
        nodes = [snapshot.compute_nodes[k] for k in selector.nodes(rule.nodes)]
        if any(
            _room(node, name) < keep
            for node in nodes
            for name, keep in rule.keep.items()
        ):
            found.append(rule.name)
    return found


def _room(node: model.ComputeNode, name: str) -> int:
    if name not in node.inventories:
        return 0
    return int(inventory.capacity(node.inventories[name]))


def _of_groups(snapshot: model.Snapshot) -> list[records.Rule]:
    """Return what hard server groups ask for, as rules."""
    rules = []
    for group in snapshot.server_groups:
        name = f'server group {group.name or group.uuid}'
        members = records.Instances(uuids=group.members)
        if not group.members:
            continue
        if group.policy == model.AFFINITY:
            rule = records.Rule(name, records.GATHER, instances=members)
        elif group.policy == model.ANTI_AFFINITY:
            rule = records.Rule(
                name,
                records.SPREAD,
                instances=members,
                at_most=group.max_server_per_host,
            )
        else:
            continue
        rules.append(rule)
    return rules


def _groups(cases: Sequence[Case]) -> list[list[Case]]:
    """Return the rules by whom they are about; ``only`` is in each group."""
    everywhere = [c for c in cases if c.rule.kind == records.ONLY]
    tied = _tied([c for c in cases if c.members and c not in everywhere])
    return [[*group, *everywhere] for group in tied]


def _tied(cases: Sequence[Case]) -> list[list[Case]]:
    """Group the rules that are, over several, about the same instances."""
    groups: list[tuple[set[int], list[Case]]] = []
    for case in cases:
        about = set(case.about)
        own = [case]
        apart = []
        for other, members in groups:
            if other.isdisjoint(about):
                apart.append((other, members))
            else:
                about |= other
                own = members + own
        groups = [*apart, (about, own)]
    return [members for _, members in groups]


def _impossible(
    cases: list[Case], snapshot: model.Snapshot, deadline: float
) -> list[Case] | None:
    """Return a minimal set of these rules that cannot all hold.

    :returns: None if they can, nothing if the time was too short
    """
    answer = possible(cases, snapshot, deadline)
    if answer is not False:
        return None if answer else []
    needed = list(cases)
    for case in cases:
        fewer = [one for one in needed if one is not case]
        if possible(fewer, snapshot, deadline) is False:
            needed = fewer
        if time.monotonic() >= deadline:
            break
    return needed
