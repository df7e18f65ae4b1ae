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

"""Actions that wait for more than they did, with their times.

They stay in their order. Who waits for whom so that the concurrency limits
are kept is found out anew, and when each starts follows from that.
"""

from __future__ import annotations

import dataclasses
import heapq
import types

from collections.abc import Mapping
from collections.abc import Sequence

from watcher_rearrange.model.plan import Action
from watcher_rearrange.path.graph.chains import Chains
from watcher_rearrange.path.graph.pools import Pool
from watcher_rearrange.path.timing import syncs
from watcher_rearrange.policies.limits import Limits


Key = tuple[str, str]

# Positions of actions in their list.
Parents = Sequence[Sequence[int]]


def waiting(
    actions: Sequence[Action],
    parents: Parents,
    limits: Limits,
    lags: Mapping[int, syncs.Lags] = types.MappingProxyType({}),
) -> tuple[Action, ...]:
    """Return actions that have other parents.

    :param actions: parents before children
    :param parents: the new ones
    :param lags: how long after the end of others some start, by position
    """
    table = _Table(actions, parents, limits)
    ends_s: list[float] = []
    found: list[Action] = []
    for action, own, after in zip(actions, parents, table.after, strict=True):
        late = lags.get(len(found), ())
        start_s = max(
            (
                *(ends_s[k] for k in (*own, *after)),
                *(ends_s[k] + lag_s for k, lag_s in late),
            ),
            default=0.0,
        )
        ends_s.append(start_s + action.estimated_s)
        found.append(
            dataclasses.replace(
                action,
                parents=tuple(actions[k].id for k in own),
                after=tuple(actions[k].id for k in after),
                starts_s=round(start_s, 1),
            )
        )
    return tuple(found)


class _Table:
    """Actions started in their order, each as early as it can be.

    :ivar after: for each those that must be over before it, for the limits
        alone
    """

    def __init__(
        self, actions: Sequence[Action], parents: Parents, limits: Limits
    ) -> None:
        self._actions = actions
        self._limits = limits
        self._chains = Chains(len(actions))
        self._pools: dict[Key, Pool] = {}
        self._free: dict[Key, int] = {}
        # Who runs, as (end, position).
        self._running: list[tuple[float, int]] = []
        self.after: list[list[int]] = []
        ends_s: list[float] = []
        now_s = 0.0
        for k, own in enumerate(parents):
            now_s = max([now_s, *(ends_s[parent] for parent in own)])
            self._end_by(now_s)
            while not all(self._pool(key) for key in self._keys(k)):
                now_s = self._running[0][0]
                self._end_by(now_s)
            self._start(k, list(own))
            ends_s.append(now_s + actions[k].estimated_s)
            heapq.heappush(self._running, (ends_s[k], k))

    def _keys(self, k: int) -> list[Key]:
        """What is limited of what an action needs."""
        action = self._actions[k]
        if not action.is_migration:
            return []
        limits = self._limits
        return [
            key
            for key, most in (
                (('outgoing', action.source), limits.max_outgoing),
                (('incoming', action.destination), limits.max_incoming),
                (('parallel', ''), limits.max_parallel),
            )
            if most is not None
        ]

    def _pool(self, key: Key) -> int:
        """How much of something limited is free."""
        if key not in self._pools:
            most = getattr(self._limits, f'max_{key[0]}')
            self._pools[key] = Pool(most, self._chains.ancestors)
            self._free[key] = most
        return self._free[key]

    def _start(self, k: int, parents: list[int]) -> None:
        keys = self._keys(k)
        for key in keys:
            self._free[key] -= 1
        self._chains.link(k, parents, [(self._pools[key], 1) for key in keys])
        self.after.append(
            [p for p in self._chains.parents[k] if p not in parents]
        )

    def _end_by(self, now_s: float) -> None:
        """End what is over by then."""
        while self._running and self._running[0][0] <= now_s:
            _, k = heapq.heappop(self._running)
            for key in self._keys(k):
                self._pools[key].give(k, 1)
                self._free[key] += 1
