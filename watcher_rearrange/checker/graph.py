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

"""The parents of a plan: known, acyclic, listed first; one chain a move."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from collections.abc import Sequence
from dataclasses import dataclass

from watcher_rearrange.checker.actions import Action
from watcher_rearrange.checker.report import Findings
from watcher_rearrange.checker.violation import Violation


@dataclass(frozen=True)
class Graph:
    """Who waits for whom, by position in the list of actions.

    :ivar parents: positions of the parents of each action
    :ivar children: positions of the actions that name it as a parent
    :ivar ancestors: a bit for each action that must have succeeded before
        this one starts
    """

    parents: tuple[tuple[int, ...], ...]
    children: tuple[tuple[int, ...], ...]
    ancestors: tuple[int, ...]

    def before(self, first: int, second: int) -> bool:
        """Whether the second starts only once the first has succeeded."""
        return bool(self.ancestors[second] >> first & 1)


def bits(mask: int) -> Iterator[int]:
    """Positions of the bits that are set, lowest first."""
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low


def read_graph(actions: Sequence[Action], findings: Findings) -> Graph | None:
    """The graph, or None where the parents do not make one."""
    known = len(findings)
    findings.add(_names(actions), 'parents')
    if len(findings) > known:
        return None
    position = {action.id: i for i, action in enumerate(actions)}
    parents = tuple(
        tuple(position[parent] for parent in action.parents)
        for action in actions
    )
    children: list[list[int]] = [[] for _action in actions]
    for i, needed in enumerate(parents):
        for parent in needed:
            children[parent].append(i)
    ancestors, order = _ancestors(parents, children)
    if len(order) < len(actions):
        findings.add([_cycle(actions, parents, set(order))], 'parents')
        return None
    findings.add(_list_order(actions, parents), 'parents')
    return Graph(parents, tuple(map(tuple, children)), tuple(ancestors))


def chains(actions: Sequence[Action], graph: Graph) -> Iterator[Violation]:
    """Each move of an instance waits for the move of it before."""
    last: dict[str, int] = {}
    for i, action in enumerate(actions):
        if not action.migrates:
            continue
        before = last.get(action.instance)
        if before is not None and not graph.before(before, i):
            things = (action.id, actions[before].id, action.instance)
            yield Violation('chain', things)
        last[action.instance] = i


def displacements(actions: Sequence[Action]) -> Iterator[Violation]:
    """Marked are just the moves to a host that is not the final one."""
    final = {
        action.instance: action.destination
        for action in actions
        if action.migrates
    }
    for action in actions:
        if action.displacement is None:
            continue
        needed = action.destination != final[action.instance]
        if action.displacement != needed:
            things = (action.id, action.instance)
            yield Violation(
                'displacement',
                things,
                str(action.displacement).lower(),
                str(needed).lower(),
            )


def _names(actions: Sequence[Action]) -> Iterator[Violation]:
    """No id twice, no parent that is not there."""
    count = Counter(action.id for action in actions)
    for name, uses in count.items():
        if uses > 1:
            yield Violation('duplicate_id', (name,), uses, 1, 'actions')
    for action in actions:
        for parent in action.parents:
            if parent not in count:
                yield Violation('unknown_parent', (action.id, parent))


def _ancestors(
    parents: Sequence[Sequence[int]], children: Sequence[Sequence[int]]
) -> tuple[list[int], list[int]]:
    """Ancestors, and an order that leaves out what a circle holds back."""
    ancestors = [0] * len(parents)
    missing = [len(needed) for needed in parents]
    order = [i for i, count in enumerate(missing) if not count]
    for i in order:
        for child in children[i]:
            ancestors[child] |= ancestors[i] | 1 << i
            missing[child] -= 1
            if not missing[child]:
                order.append(child)
    return ancestors, order


def _cycle(
    actions: Sequence[Action],
    parents: Sequence[Sequence[int]],
    ordered: set[int],
) -> Violation:
    """One circle, found by going from parent to parent."""
    here = next(i for i in range(len(actions)) if i not in ordered)
    path: list[int] = []
    while here not in path:
        path.append(here)
        here = next(i for i in parents[here] if i not in ordered)
    circle = sorted(path[path.index(here) :])
    return Violation('cycle', tuple(actions[i].id for i in circle))


def _list_order(
    actions: Sequence[Action], parents: Sequence[Sequence[int]]
) -> Iterator[Violation]:
    for i, needed in enumerate(parents):
        for parent in needed:
            if parent > i:
                things = (actions[i].id, actions[parent].id)
                yield Violation('list_order', things, i + 1, parent + 1)
