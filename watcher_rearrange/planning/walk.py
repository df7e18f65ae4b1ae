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

"""Actions in their order, and what is known while they are carried out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from watcher_rearrange.constraints.doubt import Doubt
from watcher_rearrange.model.cluster import Bools
from watcher_rearrange.model.cluster import Cluster
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.model.plan import DISABLE_SERVICE
from watcher_rearrange.model.plan import Action
from watcher_rearrange.path.graph.pools import Ancestors


# The arguments with which a reserve is asked.
View = tuple[Placement, Bools, dict[int, Doubt]]

# Whether the last action that has begun is under way or done.
RUNS = 'runs'
IS_DONE = 'is done'


class Moment(NamedTuple):
    """Some time while the actions of a list are carried out.

    :ivar begun: how many of the first actions may have begun
    :ivar done: a bit for each action that is done for sure
    :ivar last: what the last of them does, where that is known
    :ivar left: those of them that are not carried out
    """

    begun: int
    done: int
    last: str
    left: frozenset[int]


class Walk:
    """The actions of a list, one after the other.

    :ivar parents: whom each waits for
    :ivar left: those that are not carried out
    :ivar changed: whether somebody waits for others, or is left out
    :ivar together: how many at most wait for the same ones
    :ivar window: how many before it the last one did not wait for
    """

    def __init__(
        self, cluster: Cluster, actions: Sequence[Action], together: int = 1
    ) -> None:
        self.together = together
        position = {action.id: k for k, action in enumerate(actions)}
        self.parents = [
            [position[parent] for parent in action.parents]
            for action in actions
        ]
        self.left: set[int] = set()
        self.changed = False
        self.window = 0
        self._cluster = cluster
        self._actions = actions
        self._legs = [self._leg(action) for action in actions]
        self._waited_for = {k for own in self.parents for k in own}
        self._ancestors = Ancestors(len(actions))
        self.follow(0)

    def is_needless(self, k: int) -> bool:
        """Whether an action changes a service that nobody waits for."""
        return self._legs[k] is None and k not in self._waited_for

    def leave(self, k: int) -> None:
        """Leave an action out that is needless."""
        self.changed = True
        self.left.add(k)
        for j in range(k + 1, len(self._actions)):
            if k in self.parents[j]:
                others = [p for p in self.parents[j] if p != k]
                self.parents[j] = [*others, *self.parents[k]]
        self.follow(k)

    def needed(self, k: int, count: int) -> list[int]:
        """Return the parents of an action that waits for the first ones.

        :param count: how many of the list, beside its own parents
        """
        first = [j for j in range(count) if j not in self.left]
        return self._ancestors.reduced([*self.parents[k], *first])

    def _first_ones(self, count: int) -> int:
        """A bit for each of the first ones that are carried out."""
        left = sum(1 << k for k in self.left if k < count)
        return (1 << count) - 1 & ~left

    def wait(self, k: int, parents: list[int]) -> None:
        """Let an action wait; those behind it are to follow."""
        self.changed = True
        self.parents[k] = parents
        self._ancestors.of[k] = self._ancestors.closure(parents)

    def within(self, span: tuple[int, int], count: int = 0) -> Moment:
        """Return when any of some actions is the last that has begun.

        :param count: of the first ones, which are done then
        """
        first, end = span
        done = (1 << first) - 1
        for k in range(first, end):
            done &= self._ancestors.of[k]
        return self._moment(end, done | self._first_ones(count), '')

    def around(self, k: int, parents: list[int]) -> list[Moment]:
        """Return when an action is the last that has begun."""
        done = self._ancestors.closure(parents)
        if self._legs[k] is None:
            return [self._moment(k + 1, done, '')]
        return [self._moment(k + 1, done, last) for last in (RUNS, IS_DONE)]

    def view(self, moment: Moment) -> View:
        """Return what is known at a moment."""
        hosts = self._hosts(moment)
        doubts = {
            instance: Doubt(nodes)
            for instance, nodes in hosts.items()
            if len(nodes) > 1
        }
        leg = self._legs[moment.begun - 1]
        if moment.last == RUNS and leg is not None:
            instance, node = leg
            doubts[instance] = Doubt(hosts[instance], (node,))
        node_of = self._cluster.node_of.copy()
        for instance, nodes in hosts.items():
            node_of[instance] = nodes[0]
        receives = self._cluster.receives.copy()
        for j, action in enumerate(self._actions[: moment.begun]):
            if action.type == DISABLE_SERVICE and j not in moment.left:
                receives[self._cluster.node_index[action.node]] = False
        return Placement(self._cluster, node_of), receives, doubts

    def _moment(self, begun: int, done: int, last: str) -> Moment:
        left = frozenset(k for k in self.left if k < begun)
        return Moment(begun, done, last, left)

    def _hosts(self, moment: Moment) -> dict[int, tuple[int, ...]]:
        """Where those may be that are moved, one node after the other."""
        hosts: dict[int, tuple[int, ...]] = {}
        for j, leg in enumerate(self._legs[: moment.begun]):
            if leg is None:
                continue
            instance, node = leg
            before = hosts.get(instance) or self._first(instance)
            is_last = j == moment.begun - 1
            if is_last and moment.last == RUNS:
                hosts[instance] = before
            elif is_last and moment.last == IS_DONE or moment.done >> j & 1:
                hosts[instance] = (node,)
            else:
                hosts[instance] = (*before, node)
        return hosts

    def follow(self, k: int) -> None:
        """Find out who waits for whom from an action on."""
        for j in range(k, len(self._actions)):
            self._ancestors.of[j] = self._ancestors.closure(self.parents[j])

    def _leg(self, action: Action) -> tuple[int, int] | None:
        """Which instance an action brings to which node, if any."""
        if not action.is_migration:
            return None
        return (
            self._cluster.instance_index[action.instance],
            self._cluster.node_index[action.destination],
        )

    def _first(self, instance: int) -> tuple[int, ...]:
        return (int(self._cluster.node_of[instance]),)
