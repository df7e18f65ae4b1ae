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

Where the reserve cannot be shown to be kept then, the action waits for those
before it, the first of the list first, as few as will do.
"""

from __future__ import annotations

import dataclasses
import time

from collections.abc import Iterator
from collections.abc import Sequence

from watcher_rearrange.constraints.doubt import Doubt
from watcher_rearrange.constraints.reserve import Reserve
from watcher_rearrange.model.cluster import Bools
from watcher_rearrange.model.cluster import Cluster
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.model.plan import DISABLE_SERVICE
from watcher_rearrange.model.plan import Action
from watcher_rearrange.path.graph.pools import Ancestors


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
        self.most = len(
            reserve.untolerated(Placement(cluster), cluster.receives)
        )

    @property
    def late(self) -> bool:
        """Whether the time is over."""
        return time.monotonic() >= self._until_s

    def proof(self, actions: Sequence[Action]) -> Proof:
        """Return as many of the first actions as keep the reserve.

        :param actions: parents before children
        """
        walk = _Walk(self._cluster, actions)
        parents = []
        for k in range(len(actions)):
            if self.late:
                break
            found = self._parents(walk, k)
            if found is None:
                if not walk.is_needless(k):
                    break
                # Nobody waits for it: the service is left as it is.
                walk.left.add(k)
            walk.wait(k, found or [])
            parents.append(tuple(found or ()))
        late = len(parents) < len(actions) and self.late
        return Proof(tuple(parents), frozenset(walk.left), late)

    def _parents(self, walk: _Walk, k: int) -> list[int] | None:
        """Whom an action must wait for; None where nothing helps."""
        if self._is_kept(walk, k, walk.needed(k, 0)):
            return walk.needed(k, 0)
        if not k or not self._is_kept(walk, k, walk.needed(k, k)):
            return None
        low, high = 0, k
        while high - low > 1 and not self.late:
            middle = (low + high) // 2
            if self._is_kept(walk, k, walk.needed(k, middle)):
                high = middle
            else:
                low = middle
        return walk.needed(k, high)

    def _is_kept(self, walk: _Walk, k: int, parents: list[int]) -> bool:
        """Whether enough have room around an action, in any order."""
        receives = walk.receives(k)
        for placement, doubts in walk.around(k, parents):
            found = self._reserve.untolerated(placement, receives, doubts)
            if len(found) > self.most:
                return False
        return True


class _Walk:
    """The actions of a list, one after the other.

    :ivar left: those that are not carried out
    """

    def __init__(self, cluster: Cluster, actions: Sequence[Action]) -> None:
        self.left: set[int] = set()
        self._cluster = cluster
        self._actions = actions
        self._legs = [self._leg(action) for action in actions]
        self._ancestors = Ancestors(len(actions))
        position = {action.id: k for k, action in enumerate(actions)}
        self._own = [
            [position[parent] for parent in action.parents]
            for action in actions
        ]
        self._waited_for = {k for own in self._own for k in own}

    def is_needless(self, k: int) -> bool:
        """Whether an action changes a service that nobody waits for."""
        return self._legs[k] is None and k not in self._waited_for

    def needed(self, k: int, count: int) -> list[int]:
        """Return the parents of an action that waits for the first ones.

        :param count: how many of the list, beside its own parents
        """
        first = [j for j in range(count) if j not in self.left]
        if not first:
            return self._own[k]
        return self._ancestors.reduced([*self._own[k], *first])

    def wait(self, k: int, parents: list[int]) -> None:
        """Let an action wait."""
        self._ancestors.of[k] = self._ancestors.closure(parents)

    def receives(self, k: int) -> Bools:
        """Return bool[n_nodes], open for sure once an action has begun."""
        receives = self._cluster.receives.copy()
        for j, action in enumerate(self._actions[: k + 1]):
            if action.type == DISABLE_SERVICE and j not in self.left:
                receives[self._cluster.node_index[action.node]] = False
        return receives

    def around(
        self, k: int, parents: list[int]
    ) -> Iterator[tuple[Placement, dict[int, Doubt]]]:
        """Yield the moments at which an action is the last that has begun."""
        done = self._ancestors.closure(parents)
        hosts: dict[int, tuple[int, ...]] = {}
        for j, leg in enumerate(self._legs[:k]):
            if leg is not None:
                instance, node = leg
                before = hosts.get(instance) or self._first(instance)
                known = done >> j & 1
                hosts[instance] = (node,) if known else (*before, node)
        own = self._legs[k]
        if own is None:
            yield self._moment(hosts, {})
            return
        instance, node = own
        before = hosts.get(instance) or self._first(instance)
        yield self._moment(hosts, {instance: Doubt(before, (node,))})
        yield self._moment({**hosts, instance: (node,)}, {})

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

    def _moment(
        self, hosts: dict[int, tuple[int, ...]], held: dict[int, Doubt]
    ) -> tuple[Placement, dict[int, Doubt]]:
        node_of = self._cluster.node_of.copy()
        for instance, nodes in hosts.items():
            node_of[instance] = nodes[0]
        doubts = {
            instance: Doubt(nodes)
            for instance, nodes in hosts.items()
            if len(nodes) > 1
        }
        return Placement(self._cluster, node_of), {**doubts, **held}
