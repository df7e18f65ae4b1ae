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

"""Whether a plan leaves room for the instances of nodes that fail.

No order that its parents permit may bring more nodes than at the start into a
state where their failure leaves somebody out.

Each state of a plan has an action that is the last of the list to have begun:
what it waits for is done, what stands behind it has not begun, of the others
it is not known. A view of several actions at once knows what all of them wait
for; where that is not enough for a node, the two halves are looked at, at
last each action while it is under way and when it is done.
"""

from __future__ import annotations

import itertools

from collections.abc import Iterator
from collections.abc import Sequence
from dataclasses import replace

from watcher_rearrange.checker.actions import Action
from watcher_rearrange.checker.cluster import Cluster
from watcher_rearrange.checker.graph import Graph
from watcher_rearrange.checker.outages import Outages
from watcher_rearrange.checker.outages import View
from watcher_rearrange.checker.violation import Violation


def check(
    cluster: Cluster, actions: Sequence[Action], graph: Graph, failures: int
) -> Iterator[Violation]:
    """The first action of the list around which the reserve may be less.

    :param actions: parents before children, and the moves of an instance
        one after the other
    """
    walk = _Walk(Outages(cluster, failures), actions, graph)
    yield from walk.judged((0, len(actions)), walk.others)


class _Walk:
    """The actions of a plan, in the order of its list.

    :ivar others: the nodes whose instances have room elsewhere at the start
    """

    def __init__(
        self, outages: Outages, actions: Sequence[Action], graph: Graph
    ) -> None:
        self._outages = outages
        self._actions = actions
        self._graph = graph
        self._before = outages.hopeless()
        self.others = set(outages.cluster.nodes) - set(self._before)

    def judged(
        self, span: tuple[int, int], nodes: set[str]
    ) -> Iterator[Violation]:
        """What is wrong with some actions, the first of them only.

        :param span: position of the first, and behind the last
        :param nodes: that may be hopeless, as far as is known
        """
        first, end = span
        if end - first > 1:
            nodes = set(self._outages.hopeless(self._view(span), nodes))
            if nodes:
                middle = (first + end) // 2
                halves = ((first, middle), (middle, end))
                found = (
                    one for half in halves for one in self.judged(half, nodes)
                )
                yield from itertools.islice(found, 1)
        elif end > first:
            yield from itertools.islice(self._around(first, nodes), 1)

    def _around(self, i: int, nodes: set[str]) -> Iterator[Violation]:
        """What is wrong while an action runs, and when it is done."""
        action, view = self._actions[i], self._view((i, i + 1))
        views = [('is done', view)]
        if action.migrates:
            # The view has it in doubt.
            source, there = (action.source,), (action.destination,)
            runs = {**view.stations, action.instance: source}
            done = {**view.stations, action.instance: there}
            bound_for = {action.instance: action.destination}
            views = [
                ('runs', replace(view, stations=runs, bound_for=bound_for)),
                ('is done', replace(view, stations=done)),
            ]
        for moment, view in views:
            now = self._outages.hopeless(view, nodes)
            if not now:
                continue
            count = len(now + self._outages.hopeless(view, self._before))
            if count > len(self._before):
                yield Violation(
                    'reserve',
                    (now[0],),
                    count,
                    len(self._before),
                    'nodes',
                    f'some order, action {action.id} {moment}',
                )

    def _view(self, span: tuple[int, int]) -> View:
        """What is known while one of some actions is the last to begin."""
        first, end = span
        done = self._graph.ancestors[first]
        for i in range(first + 1, end):
            done &= self._graph.ancestors[i]
        stations: dict[str, tuple[str, ...]] = {}
        services = []
        for j, action in enumerate(self._actions[:end]):
            if action.migrates:
                behind = stations.get(action.instance, (action.source,))
                if done >> j & 1:
                    behind = ()
                stations[action.instance] = (*behind, action.destination)
            else:
                services.append(j)
        opened = {
            self._actions[j].node
            for j in services
            if done >> j & 1 and self._actions[j].type == 'enable_service'
        }
        closed = self._closed(services, done)
        return View(stations, {}, frozenset(closed), frozenset(opened))

    def _closed(self, services: Sequence[int], done: int) -> Iterator[str]:
        """Nodes that are disabled and not surely enabled again after that."""
        for j in services:
            service = self._actions[j]
            if service.type == 'disable_service' and not any(
                done >> k & 1
                and self._graph.before(j, k)
                and self._actions[k].type == 'enable_service'
                and self._actions[k].node == service.node
                for k in services
            ):
                yield service.node
