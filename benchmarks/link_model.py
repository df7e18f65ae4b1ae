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
"""The published model of links: its reader, and a checker of its own.

Every node has a link of 1000 or 500 Mbit/s, as much in each direction at the
same time. A migration takes, from its start to its end, the rate of the
slower of the two: out of the source, into the destination. An instance
holds its memory and CPU on both nodes meanwhile. How long it takes
is what the published schedules say. The data is that of UCC 2015 (BtrPlace
JSON), which names the rate of each migration, not of each link: in all files
the rates are those of two slow nodes, 0 and 1, and two fast ones.

The checker knows nothing of the planner: it replays start and end times.
"""

from __future__ import annotations

import dataclasses
import json
import pathlib

from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any


SLOW_MBPS = 500
FAST_MBPS = 1000
FAST_NODES = (2, 3)

# Seconds of a migration, by memory in MB and rate in Mbit/s.
DURATION_S = {
    (2000, FAST_MBPS): 20,
    (2000, SLOW_MBPS): 51,
    (3000, FAST_MBPS): 29,
    (3000, SLOW_MBPS): 70,
}


@dataclasses.dataclass(frozen=True)
class Transfer:
    """A migration with its times."""

    instance: int
    source: int
    destination: int
    start_s: float
    end_s: float


@dataclasses.dataclass(frozen=True)
class Case:
    """One instance of the problem.

    :ivar capacity: by resource, then by node
    :ivar demand: by resource, then by instance
    :ivar memory_mb: what a migration copies, by instance
    :ivar host: the node of each instance
    :ivar target: where it shall be
    :ivar link_mbps: by node, in each direction
    :ivar published: the schedule that came with it
    """

    name: str
    capacity: Mapping[str, Mapping[int, int]]
    demand: Mapping[str, Mapping[int, int]]
    memory_mb: Mapping[int, int]
    host: Mapping[int, int]
    target: Mapping[int, int]
    link_mbps: Mapping[int, int]
    published: tuple[Transfer, ...]

    def rate_mbps(self, source: int, destination: int) -> int:
        """Return what a migration takes of both links."""
        return min(self.link_mbps[source], self.link_mbps[destination])

    def duration_s(self, instance: int, source: int, destination: int) -> int:
        """Return how long a migration takes."""
        rate = self.rate_mbps(source, destination)
        return DURATION_S[self.memory_mb[instance], rate]


def makespan_s(transfers: Sequence[Transfer]) -> float:
    """Return when the last one ends."""
    return max((transfer.end_s for transfer in transfers), default=0.0)


def load(path: pathlib.Path) -> Case:
    """Read a case.

    :raises ValueError: if its schedule does not follow the model of links
    """
    with open(path, encoding='utf-8') as file:
        data = json.load(file)
    origin, actions = data['origin'], data['actions']
    views = [v for v in origin['views'] if v['id'] == 'shareableResource']
    nodes = sorted(map(int, origin['mapping']['onlineNodes']))
    host = _hosts(origin)
    case = Case(
        name=path.stem,
        capacity={v['rcId']: _by_number(v['nodes']) for v in views},
        demand={v['rcId']: _by_number(v['vms']) for v in views},
        memory_mb={
            int(vm): attributes['memUsed']
            for vm, attributes in origin['attributes']['vms'].items()
        },
        host=host,
        target={**host, **{a['vm']: a['to'] for a in actions}},
        link_mbps={
            n: FAST_MBPS if n in FAST_NODES else SLOW_MBPS for n in nodes
        },
        published=tuple(
            Transfer(a['vm'], a['from'], a['to'], a['start'], a['end'])
            for a in actions
        ),
    )
    for action in actions:
        if action['bw'] != case.rate_mbps(action['from'], action['to']):
            raise ValueError(f'{path}: no link explains {action}')
    return case


def _hosts(origin: Mapping[str, Any]) -> dict[int, int]:
    return {
        vm: int(node)
        for node, on in origin['mapping']['onlineNodes'].items()
        for vm in on['runningVMs']
    }


def _by_number(amounts: Mapping[str, int]) -> dict[int, int]:
    return {int(name): amount for name, amount in amounts.items()}


def problems(case: Case, transfers: Sequence[Transfer]) -> list[str]:
    """Return everything that is wrong with a schedule.

    Amounts grow only when a migration starts, so these moments are all that
    need to be looked at. Whoever ends at that moment holds nothing any more.
    """
    found = list(_journeys(case, transfers))
    for now_s in sorted({transfer.start_s for transfer in transfers}):
        found += _overloads(case, transfers, now_s)
        found += _congestion(case, transfers, now_s)
    return found


def _journeys(case: Case, transfers: Sequence[Transfer]) -> Iterator[str]:
    """Whether everybody goes, step by step and in time, to the target."""
    host, free_s = dict(case.host), dict.fromkeys(case.host, 0.0)
    for t in sorted(transfers, key=lambda t: t.start_s):
        if t.source != host[t.instance] or t.start_s < free_s[t.instance]:
            yield f'{t}: the instance is not there'
        needed_s = case.duration_s(t.instance, t.source, t.destination)
        if t.end_s - t.start_s != needed_s:
            yield f'{t}: takes {needed_s} s'
        host[t.instance], free_s[t.instance] = t.destination, t.end_s
    for vm, node in case.target.items():
        if host[vm] != node:
            yield f'instance {vm} ends on {host[vm]} and not on {node}'


def _overloads(
    case: Case, transfers: Sequence[Transfer], now_s: float
) -> Iterator[str]:
    held = {(vm, node) for vm, node in case.host.items()}
    for t in sorted(transfers, key=lambda t: t.start_s):
        if t.end_s <= now_s:
            held.discard((t.instance, t.source))
        if t.start_s <= now_s:
            held.add((t.instance, t.destination))
    for resource, capacity in case.capacity.items():
        for node, most in capacity.items():
            used = sum(
                case.demand[resource][vm] for vm, n in held if n == node
            )
            if used > most:
                yield f'{now_s} s: {used} of {most} {resource} on {node}'


def _congestion(
    case: Case, transfers: Sequence[Transfer], now_s: float
) -> Iterator[str]:
    sent = dict.fromkeys(case.link_mbps, 0)
    received = dict.fromkeys(case.link_mbps, 0)
    for t in transfers:
        if t.start_s <= now_s < t.end_s:
            rate_mbps = case.rate_mbps(t.source, t.destination)
            sent[t.source] += rate_mbps
            received[t.destination] += rate_mbps
    for way, rates in (('out of', sent), ('into', received)):
        for node, rate in rates.items():
            if rate > case.link_mbps[node]:
                yield f'{now_s} s: {rate} Mbit/s {way} {node}'
