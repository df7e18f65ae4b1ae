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

"""Every state of a plan, and whether everybody finds a place if nodes fail.

Nothing clever: all sets of actions that may be done, with all that may be
under way, and all places of everybody who has to start anew.
"""

from __future__ import annotations

import itertools

from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st


MOST_ACTIONS = 6

Document = dict[str, Any]
Hosts = dict[str, str]
Held = tuple[str, str]


@st.composite
def clusters(draw: st.DrawFn) -> Document:
    """Draw a small cluster in which most may fail, but not much more."""
    sizes = draw(st.lists(st.integers(3, 6), min_size=3, max_size=4))
    instances = []
    for k, size in enumerate(sizes):
        left = size - draw(st.integers(1, 3))
        while left > 0 and draw(st.integers(0, 3)):
            amount = draw(st.integers(1, min(left, 2)))
            left -= amount
            instances.append((f'cmp{k}', amount))
    uuids = [
        f'00000000-0000-4000-9000-{k:012d}' for k in range(len(instances))
    ]
    document = {
        'version': 1,
        'compute_nodes': [
            {
                'hostname': f'cmp{k}',
                'inventories': {
                    'VCPU': {'total': size},
                    'MEMORY_MB': {'total': 1},
                },
            }
            for k, size in enumerate(sizes)
        ],
        'instances': [
            {'uuid': uuid, 'host': host, 'allocations': {'VCPU': amount}}
            for uuid, (host, amount) in zip(uuids, instances, strict=True)
        ],
    }
    if len(uuids) > 2 and draw(st.booleans()):
        document['server_groups'] = [
            {
                'uuid': 'g',
                'policy': draw(st.sampled_from(('anti-affinity', 'affinity'))),
                'members': uuids[: draw(st.integers(2, 3))],
                'max_server_per_host': draw(st.integers(1, 2)),
            }
        ]
    if uuids and draw(st.booleans()):
        moving = draw(st.sampled_from(document['instances']))
        names = [one['hostname'] for one in document['compute_nodes']]
        document['migrations'] = [
            {
                'instance': moving['uuid'],
                'source': moving['host'],
                'destination': draw(
                    st.sampled_from([n for n in names if n != moving['host']])
                ),
                'status': draw(st.sampled_from(('running', 'queued'))),
            }
        ]
    return document


def worst(document: Document, plan: Document, failures: int) -> int:
    """Return the most nodes of any state whose failure strands somebody."""
    return max(
        _stranding(document, *state, failures)
        for state in _states(document, plan['actions'])
    )


def _states(
    document: Document, actions: list[Document]
) -> Iterator[tuple[Hosts, list[Held], set[str]]]:
    """Where everybody is, who holds room where else, and what is closed."""
    begins = list(_begins(document))
    for flags in itertools.product((0, 1, 2), repeat=len(actions)):
        done = {a['id'] for a, f in zip(actions, flags, strict=True) if f == 2}
        begun = [a for a, f in zip(actions, flags, strict=True) if f]
        if not all(done.issuperset(a['parents']) for a in begun):
            continue
        for start, other_ends in begins:
            hosts, held, closed = dict(start), list(other_ends), set()
            sound = True
            for action in begun:
                if 'node' in action and action['node']:
                    closed.add(action['node'])
                    continue
                uuid, node = action['instance'], action['destination']
                sound = sound and hosts[uuid] == action['source']
                if action['id'] in done:
                    hosts[uuid] = node
                else:
                    held.append((uuid, node))
            if sound:
                yield hosts, held, closed


def _begins(document: Document) -> Iterator[tuple[Hosts, list[Held]]]:
    """Where everybody may be before the plan, and who holds room where else.

    Who is migrating already may have arrived, or not.
    """
    hosts = {one['uuid']: one['host'] for one in document['instances']}
    moving = document.get('migrations', [])
    ends = [(one['source'], one['destination']) for one in moving]
    for arrived in itertools.product((0, 1), repeat=len(moving)):
        now, held = dict(hosts), []
        for one, both, there in zip(moving, ends, arrived, strict=True):
            now[one['instance']] = both[there]
            held.append((one['instance'], both[1 - there]))
        yield now, held


def _stranding(
    document: Document,
    hosts: Hosts,
    held: list[Held],
    closed: set[str],
    failures: int,
) -> int:
    """How many nodes strand somebody if they fail with the fullest others.

    Nobody has memory, so that the first ones count as the fullest.
    """
    nodes = [one['hostname'] for one in document['compute_nodes']]
    used = [node for node in nodes if node in hosts.values()]
    count = 0
    for node in used:
        others = [one for one in used if one != node]
        failed = {node, *others[: failures - 1]}
        room = _Room(document, hosts, held, failed | closed)
        fallen = [uuid for uuid, host in hosts.items() if host in failed]
        for uuid in fallen:
            room.leave(uuid)
        count += not room.takes(fallen)
    return count


class _Room:
    """Nodes and who is there."""

    def __init__(
        self,
        document: Document,
        hosts: Hosts,
        held: list[Held],
        shut: set[str],
    ) -> None:
        self._size = {
            one['uuid']: one['allocations']['VCPU']
            for one in document['instances']
        }
        self._most = {
            one['hostname']: one['inventories']['VCPU']['total']
            for one in document['compute_nodes']
        }
        self._groups = document.get('server_groups', [])
        self._hosts = dict(hosts)
        self._held = held
        self._open = [node for node in self._most if node not in shut]

    def leave(self, uuid: str) -> None:
        """Take an instance away."""
        del self._hosts[uuid]

    def takes(self, uuids: list[str]) -> bool:
        """Whether all find places, in whatever order."""
        if not uuids:
            return True
        for k, uuid in enumerate(uuids):
            rest = uuids[:k] + uuids[k + 1 :]
            for node in self._open:
                if self._fits(uuid, node):
                    self._hosts[uuid] = node
                    found = self.takes(rest)
                    del self._hosts[uuid]
                    if found:
                        return True
            if not self._groups:
                # Then the order does not matter.
                return False
        return False

    def _fits(self, uuid: str, node: str) -> bool:
        there = [one for one, host in self._hosts.items() if host == node]
        there += [one for one, other in self._held if other == node]
        used = sum(self._size[one] for one in there)
        if used + self._size[uuid] > self._most[node]:
            return False
        return all(
            self._suits(group, uuid, node, there)
            for group in self._groups
            if uuid in group['members']
        )

    def _suits(
        self, group: Document, uuid: str, node: str, there: list[str]
    ) -> bool:
        others = set(group['members']) - {uuid}
        if group['policy'] == 'anti-affinity':
            company = len(others.intersection(there))
            return bool(company < group['max_server_per_host'])
        places = {self._hosts[one] for one in others if one in self._hosts}
        return not places or node in places
