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
equal instances on nodes; what does not fit in one model is left out:
everything that is not in the policy but hard server groups and, where rules
do not contradict each other without it, the room of nodes. So what is called
a contradiction is one, and not every one is found. A set is made minimal, as
far as the time allows, by leaving out one rule after the other (deletion
filter; Chinneck and Dravnieks, Locating minimal infeasible constraint sets in
linear programs, ORSA Journal on Computing 3 (1991)).
"""

from __future__ import annotations

import dataclasses

from collections.abc import Iterable
from collections.abc import Sequence
from collections.abc import Set

import numpy as np

from watcher_rearrange.model import records as model
from watcher_rearrange.optimizer import contradiction_room
from watcher_rearrange.optimizer.contradiction_model import Case
from watcher_rearrange.optimizer.contradiction_model import Setting
from watcher_rearrange.optimizer.contradiction_model import placed
from watcher_rearrange.optimizer.contradiction_room import Room
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

# Of the time that is left, for the room of each group, and of all together.
ROOM_SHARES = (0.1, 0.1)

_STAY = (records.ROOT, records.ONLY)


@dataclasses.dataclass(frozen=True)
class Findings:
    """What contradicts what.

    :ivar sets: names of rules, each set minimal as far as the time allowed;
        there may be others that share rules with these
    :ivar undecided: names of rules of the policy for which the time was too
        short
    :ivar crowded: such sets that could hold together if nodes had more room
    """

    sets: tuple[tuple[str, ...], ...]
    undecided: tuple[str, ...] = ()
    crowded: tuple[tuple[str, ...], ...] = ()


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
    cases = [
        Case.of(rule, selector)
        for rule in (*policy.rules, *_of_groups(snapshot))
        if rule.must and rule.kind in KINDS
    ]
    hosts = {n.hostname: k for k, n in enumerate(snapshot.compute_nodes)}
    home = np.array(
        [hosts[one.host] for one in snapshot.instances], dtype=np.int64
    )
    setting = Setting(home, deadline)
    decided: list[list[Case]] = []
    for group in _groups(cases):
        found, left, known = _all_of(group, setting)
        sets += found
        if known:
            decided.append(left)
        else:
            undecided += [case.rule.name for case in left]
    crowded = _crowded(decided, snapshot, setting)
    names = {rule.name for rule in policy.rules}
    return Findings(
        _of_policy(sets, names),
        tuple(n for n in dict.fromkeys(undecided) if n in names),
        _of_policy(crowded, names),
    )


def _of_policy(
    sets: Iterable[tuple[str, ...]], names: Set[str]
) -> tuple[tuple[str, ...], ...]:
    """Leave out what server groups alone cannot have."""
    own = (one for one in sets if not names.isdisjoint(one))
    return tuple(dict.fromkeys(own))


def _crowded(
    groups: Sequence[list[Case]], snapshot: model.Snapshot, setting: Setting
) -> list[tuple[str, ...]]:
    """Return the sets for which there is no room.

    Rules about different instances may want the same room, so groups are
    looked at one by one and then, if there are several, together. What does
    not become known is taken to fit.
    """
    room = Room.of(snapshot)
    limited = setting.within(ROOM_SHARES[0], room)
    sets: list[tuple[str, ...]] = []
    rest: list[Case] = []
    for group in groups:
        found, left, _ = _all_of(group, limited)
        sets += found
        rest += left
    if len(groups) < 2:
        return sets
    together = list(dict.fromkeys(rest))
    return sets + _all_of(together, setting.within(ROOM_SHARES[1], room))[0]


def _all_of(
    group: list[Case], setting: Setting
) -> tuple[list[tuple[str, ...]], list[Case], bool]:
    """Take minimal sets out of a group until the rest can hold.

    :returns: the sets, the rest, and whether it can
    """
    sets: list[tuple[str, ...]] = []
    while (found := _impossible(group, setting)) is not None:
        if not found:
            return sets, group, False
        sets.append(tuple(case.rule.name for case in found))
        group = [case for case in group if case not in found]
    return sets, group, True


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
            contradiction_room.of_node(node, name) < keep
            for node in nodes
            for name, keep in rule.keep.items()
        ):
            found.append(rule.name)
    return found


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


def _impossible(cases: list[Case], setting: Setting) -> list[Case] | None:
    """Return a set of these rules that cannot all hold, minimal if known.

    Rules come in only when a placement that keeps the others breaks them:
    most never do.

    :returns: None if they can, nothing if the time was too short
    """
    broken = [case for case in cases if not case.holds(setting.home)]
    needed = {case for case in cases if case.rule.kind in _STAY}
    while broken:
        needed.update(broken)
        chosen = [case for case in cases if case in needed]
        known, where = placed(chosen, setting)
        if not known:
            return []
        if where is None:
            return _minimal(chosen, setting)
        broken = [
            case
            for case in cases
            if case not in needed and not case.holds(where)
        ]
    return None


def _minimal(cases: list[Case], setting: Setting) -> list[Case]:
    """Leave out whatever is not needed for the rest to be impossible.

    A rule of which that is not known in time stays.
    """
    needed = list(cases)
    for case in cases:
        fewer = [one for one in needed if one is not case]
        if fewer:
            known, where = placed(fewer, setting)
            if known and where is None:
                needed = fewer
    return needed
