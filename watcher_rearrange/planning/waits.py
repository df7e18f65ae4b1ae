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
wait for the same ones: that is looked at once for all of them.
"""

from __future__ import annotations

import dataclasses
import time

from collections.abc import Callable
from collections.abc import Sequence

from watcher_rearrange.constraints.doubt import Whereabouts
from watcher_rearrange.constraints.reserve import Reserve
from watcher_rearrange.model.cluster import Cluster
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.model.plan import Action
from watcher_rearrange.planning.walk import Moment
from watcher_rearrange.planning.walk import Walk


@dataclasses.dataclass(frozen=True)
class Proof:
    """The first actions of a list, as many as keep a reserve in any order.

    :ivar parents: whom each waits for then, as positions in the list
    :ivar left: services among them that must stay as they are
    :ivar late: whether the time was over before the others were looked at
    :ivar changed: whether somebody waits for others than before, or is left
    """

    parents: tuple[tuple[int, ...], ...]
    left: frozenset[int] = frozenset()
    late: bool = False
    changed: bool = False


class Waits:
    """Finds out what actions must wait for.

    :param cluster: as Nova knows it, without the rules of a policy
    :ivar until_s: on the clock of ``time.monotonic``
    :ivar most: the nodes whose instances have no room already at the start
    """

    def __init__(
        self, cluster: Cluster, reserve: Reserve, until_s: float
    ) -> None:
        self._cluster = cluster
        self._reserve = reserve
        self.until_s = until_s
        self._hopeless = frozenset(
            reserve.untolerated(Placement(cluster), cluster.receives)
        )
        self._nodes = frozenset(range(cluster.n_nodes)) - self._hopeless
        self.most = len(self._hopeless)
        # Which node had no room the last time.
        self._last = -1
        # By moment, whether the instances of a node have no room.
        self._known: dict[Moment, dict[int, bool]] = {}

    def proof(self, actions: Sequence[Action], together: int) -> Proof:
        """Return as many of the first actions as keep the reserve.

        :param actions: parents before children
        :param together: so many at most wait for the same ones
        """
        self._known = {}
        walk = Walk(self._cluster, actions, together)
        count = self._first_bad(walk, (0, len(actions)), self._nodes)
        return Proof(
            tuple(tuple(walk.parents[k]) for k in range(count)),
            frozenset(k for k in walk.left if k < count),
            count < len(actions) and self._is_late,
            walk.changed,
        )

    def are_needless(self, actions: Sequence[Action]) -> bool:
        """Whether nobody has to wait for more than they do."""
        if not actions:
            return True
        self._known = {}
        walk = Walk(self._cluster, actions)
        moment = walk.within((0, len(actions)))
        return self._is_good_at(walk, moment, self._nodes)

    @property
    def _is_late(self) -> bool:
        return time.monotonic() >= self.until_s

    def _first_bad(
        self, walk: Walk, span: tuple[int, int], nodes: frozenset[int]
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
        self, walk: Walk, span: tuple[int, int], nodes: frozenset[int]
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
        count = self._fewest(walk, first, (end - first) // 2, is_enough)
        for k in range(first, end):
            walk.wait(k, walk.needed(k, count))
        walk.follow(end)
        return True

    def _is_good_at(
        self, walk: Walk, moment: Moment, nodes: frozenset[int]
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

    def _is_good(self, walk: Walk, k: int, nodes: frozenset[int]) -> bool:
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
        self, walk: Walk, k: int, nodes: frozenset[int]
    ) -> list[int] | None:
        """Whom an action must wait for; None where nothing helps.

        :param nodes: those that have to become better by that
        """

        def is_enough(count: int) -> bool:
            return not self._bad(walk, k, walk.needed(k, count), nodes)

        if not k or not is_enough(k):
            return None
        return walk.needed(k, self._fewest(walk, k, 1, is_enough))

    def _fewest(
        self,
        walk: Walk,
        most: int,
        apart: int,
        is_enough: Callable[[int], bool],
    ) -> int:
        """The least number of first actions to wait for that is enough.

        :param most: so many are
        :param apart: by how much it may be too many, at most
        """
        low, high = 0, most
        # The same as for the last one that waits may well do.
        middle = max(1, most - walk.window)
        while high - low > apart and not self._is_late:
            if is_enough(middle):
                high = middle
            else:
                low = middle
            middle = (low + high) // 2
        walk.window = most - high
        return high

    def _bad(
        self, walk: Walk, k: int, parents: list[int], nodes: frozenset[int]
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
        self, walk: Walk, moment: Moment, nodes: frozenset[int]
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
