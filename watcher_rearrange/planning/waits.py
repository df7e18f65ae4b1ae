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

"""What actions must wait for so that a reserve is kept in any order.

Whatever has been done at a moment, some action is the last of the list that
has begun. All that it waits for is done, nothing behind it has begun, and of
the others before it nothing is known. So it is enough to look, for each
action, at the moment of which just this is known: while it is under way, and
when it is done. What fails is as if it had not begun.

Of several actions in a row it may be enough to know what they all wait for.
So halves of the list are looked at first, and of these the halves, for the
nodes for which more must be known; the same by the checker.

Where the reserve cannot be shown to be kept, the action waits for those
before it, the first of the list first, as few as will do. Many in a row may
wait for the same ones: that is looked at once for all of them. So a large
plan is shown to be good fast; then fewer wait together, for as long as there
is time.
"""

from __future__ import annotations

import dataclasses
import time

from collections.abc import Sequence
from typing import NamedTuple

from watcher_rearrange.constraints.doubt import Doubt
from watcher_rearrange.constraints.doubt import Whereabouts
from watcher_rearrange.constraints.reserve import Reserve
from watcher_rearrange.model.cluster import Bools
from watcher_rearrange.model.cluster import Cluster
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.model.plan import DISABLE_SERVICE
from watcher_rearrange.model.plan import Action
from watcher_rearrange.path.graph.pools import Ancestors


# So many actions in a row at most wait for the same ones where there is time.
# More take less time to be looked at, but longer to be carried out.
FINER = (16, 4)

# In a plan of so many actions each waits by itself.
SMALL = 32

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


@dataclasses.dataclass(frozen=True)
class Proof:
    """The first actions of a list, as many as keep a reserve in any order.

    :ivar parents: whom each waits for then, as positions in the list
    :ivar left: services among them that must stay as they are
    :ivar late: whether the time was over before the others were looked at
    """

    parents: tuple[tuple[int, ...], ...]
    left: frozenset[int] = frozenset()
    late: bool = False


class Waits:
    """Finds out what actions must wait for.

    :param cluster: as Nova knows it, without the rules of a policy
    :param until_s: on the clock of ``time.monotonic``
    :ivar most: the nodes whose instances have no room already at the start
    """

    def __init__(
        self, cluster: Cluster, reserve: Reserve, until_s: float
    ) -> None:
        self._cluster = cluster
        self._reserve = reserve
        self._until_s = until_s
        self._hopeless = frozenset(
            reserve.untolerated(Placement(cluster), cluster.receives)
        )
        self._nodes = frozenset(range(cluster.n_nodes)) - self._hopeless
        self.most = len(self._hopeless)
        # Which node had no room the last time.
        self._last = -1
        # By moment, whether the instances of a node have no room.
        self._known: dict[Moment, dict[int, bool]] = {}

    def proof(self, actions: Sequence[Action]) -> Proof:
        """Return as many of the first actions as keep the reserve.

        :param actions: parents before children
        """
        self._known = {}
        walk, count = self._walk(actions, len(actions))
        if walk.changed and count == len(actions):
            for together in (1,) if count <= SMALL else FINER:
                other, found = self._walk(actions, together)
                if found < count:
                    break
                walk = other
        count = self._again(walk, count)
        late = count < len(actions) and self._is_late
        return Proof(
            tuple(tuple(walk.parents[k]) for k in range(count)),
            frozenset(k for k in walk.left if k < count),
            late,
        )

    def _walk(
        self, actions: Sequence[Action], together: int
    ) -> tuple[_Walk, int]:
        """Let actions wait; return how many of the first are good then.

        :param together: so many at most wait for the same ones
        """
        walk = _Walk(self._cluster, actions, together)
        return walk, self._first_bad(walk, (0, len(actions)), self._nodes)

    def _again(self, walk: _Walk, count: int) -> int:
        """How many of the first actions are good as the checker sees them.

        What has been shown stays true whatever waits, or is left out, after
        that: either only makes states impossible, or a node that was taken to
        be disabled stay enabled. So if the time is over, it stands. But
        first-fit may miss with more room what it has found with less, and the
        checker begins with what is left in the end.
        """
        while walk.changed:
            walk.changed = False
            found = self._first_bad(walk, (0, count), self._nodes)
            if self._is_late:
                break
            count = found
        return count

    def are_needless(self, actions: Sequence[Action]) -> bool:
        """Whether nobody has to wait for more than they do."""
        if not actions:
            return True
        self._known = {}
        walk = _Walk(self._cluster, actions)
        moment = walk.within((0, len(actions)))
        return self._is_good_at(walk, moment, self._nodes)

    @property
    def _is_late(self) -> bool:
        return time.monotonic() >= self._until_s

    def _first_bad(
        self, walk: _Walk, span: tuple[int, int], nodes: frozenset[int]
    ) -> int:
        """The first action of some that cannot be made good, or the end.

        :param span: the first, and the one behind the last
        :param nodes: of which it is not known that they may fail
        """
        first, end = span
        if first == end or self._is_late:
            return first
        if end - first == 1:
            return end if self._is_good(walk, first, nodes) else first
        nodes = self._hopeless_at(walk, walk.within(span), nodes)
        if not nodes or self._wait_together(walk, span, nodes):
            return end
        middle = (first + end) // 2
        found = self._first_bad(walk, (first, middle), nodes)
        if found < middle:
            return found
        return self._first_bad(walk, (middle, end), nodes)

    def _wait_together(
        self, walk: _Walk, span: tuple[int, int], nodes: frozenset[int]
    ) -> bool:
        """Let several actions wait for the same ones, if that is enough."""
        first, end = span
        if end - first > walk.together:
            return False

        def is_enough(count: int) -> bool:
            moment = walk.within(span, count)
            return self._is_good_at(walk, moment, nodes)

        if not first or not is_enough(first):
            return False
        low, high = 0, first
        middle = max(1, first - walk.window)
        while high - low > (end - first) // 2 and not self._is_late:
            if is_enough(middle):
                high = middle
            else:
                low = middle
            middle = (low + high) // 2
        walk.window = first - high
        for k in range(first, end):
            walk.wait(k, walk.needed(k, high))
        walk.follow(end)
        return True

    def _is_good_at(
        self, walk: _Walk, moment: Moment, nodes: frozenset[int]
    ) -> bool:
        """Whether the instances of some nodes have room at a moment."""
        known = self._known.setdefault(moment, {})
        if any(known.get(node) for node in nodes):
            return False
        # Who had none the last time may have none now.
        order = sorted(
            nodes - known.keys(), key=lambda n: (n != self._last, n)
        )
        view = Whereabouts(*walk.view(moment))
        found = next(self._reserve.stranding(view, order), None)
        if found is None:
            known.update({node: False for node in order})
            return True
        known[found] = True
        self._last = found
        return False

    def _is_good(self, walk: _Walk, k: int, nodes: frozenset[int]) -> bool:
        """Whether an action keeps the reserve, if need be as it waits."""
        bad = self._bad(walk, k, walk.parents[k], nodes)
        if not bad:
            return True
        waiting = self._waiting(walk, k, bad)
        if waiting is not None:
            walk.wait(k, waiting)
            walk.follow(k + 1)
        elif walk.is_needless(k):
            walk.leave(k)
        else:
            return False
        return True

    def _waiting(
        self, walk: _Walk, k: int, nodes: frozenset[int]
    ) -> list[int] | None:
        """Whom an action must wait for; None where nothing helps.

        :param nodes: those that have to become better by that
        """

        def is_enough(count: int) -> bool:
            return not self._bad(walk, k, walk.needed(k, count), nodes)

        if not k or not is_enough(k):
            return None
        low, high = 0, k
        # The same as for the last one that waits may well do.
        middle = max(1, k - walk.window)
        while high - low > 1 and not self._is_late:
            if is_enough(middle):
                high = middle
            else:
                low = middle
            middle = (low + high) // 2
        walk.window = k - high
        return walk.needed(k, high)

    def _bad(
        self, walk: _Walk, k: int, parents: list[int], nodes: frozenset[int]
    ) -> frozenset[int]:
        """Those of some nodes that get too many around an action."""
        bad: frozenset[int] = frozenset()
        for moment in walk.around(k, parents):
            found = self._hopeless_at(walk, moment, nodes)
            count = len(found)
            if found and count <= self.most:
                count += len(self._hopeless_at(walk, moment, self._hopeless))
            if count > self.most:
                bad |= found
        return bad

    def _hopeless_at(
        self, walk: _Walk, moment: Moment, nodes: frozenset[int]
    ) -> frozenset[int]:
        """Those of some nodes whose instances have no room at a moment."""
        known = self._known.setdefault(moment, {})
        new = nodes - known.keys()
        if new:
            view = walk.view(moment)
            found = self._reserve.untolerated(*view, among=new)
            known.update({node: False for node in new})
            known.update({node: True for node in found})
        return frozenset(node for node in nodes if known[node])


class _Walk:
    """The actions of a list, one after the other.

    :ivar parents: whom each waits for
    :ivar left: those that are not carried out
    :ivar changed: whether somebody waits, or is left out, since it was looked
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
