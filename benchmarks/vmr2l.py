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

"""Two snapshots of a public cloud (VMR2L, ByteDance, EuroSys 2025).

``python -m benchmarks.vmr2l medium.json -o snapshot.json`` writes such a
file as a snapshot. All clusters of the file become one: every host is named
after its cluster and has it as its availability zone, but an instance may go
to any of them unless ``--pin`` is given.

The data names the NUMA node, or the two, that an instance is on. Nova does
not have that in Placement by default, nor does a snapshot:

- By default the NUMA nodes of a host are summed up. That loses the rule that
  a one-NUMA instance has to fit on one of them: a host with 4 + 4 free CPUs
  takes an instance of 8 here, which it could not in the cloud that the data
  comes from. Such a plan may be optimistic; see :func:`numa_misfits`.
- With ``numa`` each NUMA node has two resource classes of its own, so that
  an instance keeps the NUMA node (0 or 1) that it is on, on whatever host.
  Every plan for that is a plan for the real cluster, but not the other way
  round: an instance could change to the other NUMA node when it moves.

The memory in use is that of the instances. The file's own count of free
memory differs from it on 10 to 14 % of the NUMA nodes; free CPU agrees on all.
"""

from __future__ import annotations

import argparse
import collections
import json
import os
import pathlib
import sys
import uuid

from collections.abc import Iterator
from collections.abc import Sequence
from typing import Any

from watcher_rearrange.model import errors
from watcher_rearrange.model import records
from watcher_rearrange.snapshot import writer


VARIABLE = 'REARRANGE_BENCH_DATA'
_NAMESPACE = uuid.UUID('0f3c3c0a-52f5-5b7c-8a55-5b6a7d2a1f10')


def find(folder: str | None, name: str) -> pathlib.Path | None:
    """Return a data file, or None after saying that it is not there.

    :param folder: of the files, or one that has them in ``vmr2l``; by
        default what the environment variable names
    """
    root = folder or os.environ.get(VARIABLE)
    if root:
        for place in (pathlib.Path(root), pathlib.Path(root, 'vmr2l')):
            if (place / name).is_file():
                return place / name
    where = f'{root} has no {name}' if root else f'no folder, no {VARIABLE}'
    print(f'skipped: {where}')
    return None


def load(path: pathlib.Path) -> dict[str, Any]:
    """Return the parsed data file."""
    with open(path, encoding='utf-8') as file:
        data: dict[str, Any] = json.load(file)
    return data


def snapshot(
    data: dict[str, Any], *, numa: bool = False, pin: bool = False
) -> records.Snapshot:
    """Return the clusters of a file as one.

    :param numa: let an instance keep the NUMA node it is on
    :param pin: let an instance stay in its cluster
    """
    clusters = data['cluster_list']
    return records.Snapshot(
        compute_nodes=tuple(
            _node(cluster['cluster_name'], host, numa)
            for cluster in clusters
            for host in cluster['host_info']
        ),
        instances=tuple(
            _instance(cluster['cluster_name'], instance, numa, pin)
            for cluster in clusters
            for instance in cluster['vm_instance']
        ),
    )


def numa_misfits(data: dict[str, Any], host_of: dict[str, str]) -> int:
    """Count the hosts whose instances do not fit on their NUMA nodes.

    Who has not moved keeps its NUMA node; for those that arrived every
    choice is tried.

    :param host_of: the hostname of each instance's UUID
    """
    room: dict[str, list[list[float]]] = {}
    arrived: dict[str, list[dict[str, Any]]] = collections.defaultdict(list)
    for cluster in data['cluster_list']:
        name = cluster['cluster_name']
        for host in cluster['host_info']:
            room[_hostname(name, host['node_id'])] = [
                [part['total_cpu'], part['memory_huge_total_mb']]
                for part in sorted(host['numa'], key=lambda p: p['node'])
            ]
        for instance in cluster['vm_instance']:
            here = host_of[_uuid(instance['instance_id'])]
            if here == _hostname(name, instance['host_id']):
                _take(room[here], instance['numa'])
            else:
                arrived[here].append(instance)
    return sum(not _fit(room[host], new) for host, new in arrived.items())


def _take(room: list[list[float]], parts: Sequence[dict[str, Any]]) -> None:
    for part in parts:
        room[part['node']][0] -= part['cpu']
        room[part['node']][1] -= part['mem_mb']


def _fit(room: list[list[float]], new: list[dict[str, Any]]) -> bool:
    """Whether the NUMA nodes have room, whichever each instance takes."""
    for instance in new:
        if len(instance['numa']) > 1:
            _take(room, instance['numa'])
    # Every state that some choice for the instances so far leads to.
    states = {tuple(map(tuple, room))}
    for instance in new:
        if len(instance['numa']) == 1:
            states = {
                tuple(map(tuple, left))
                for state in states
                for left in _choices(state, instance['numa'][0])
            }
    return any(min(map(min, state)) >= 0 for state in states)


def _choices(
    state: tuple[tuple[float, ...], ...], part: dict[str, Any]
) -> Iterator[list[list[float]]]:
    for node in range(len(state)):
        left = [list(amounts) for amounts in state]
        _take(left, [{**part, 'node': node}])
        if min(left[node]) >= 0:
            yield left


def _uuid(name: str) -> str:
    return str(uuid.uuid5(_NAMESPACE, name))


def _hostname(cluster: str, node_id: str) -> str:
    return f'{cluster}-{node_id}'.replace('_', '-')


def _classes(part: dict[str, Any]) -> tuple[str, str]:
    prefix = f'CUSTOM_NUMA{part["node"]}'
    return f'{prefix}_VCPU', f'{prefix}_MEMORY_MB'


def _node(
    cluster: str, host: dict[str, Any], numa: bool
) -> records.ComputeNode:
    totals = {
        'VCPU': int(host['node_cpu']),
        'MEMORY_MB': int(host['node_mem_mb']),
    }
    for part in host['numa'] if numa else ():
        cpu, memory = _classes(part)
        totals[cpu] = int(part['total_cpu'])
        totals[memory] = int(part['memory_huge_total_mb'])
    hostname = _hostname(cluster, host['node_id'])
    return records.ComputeNode(
        hostname=hostname,
        uuid=_uuid(hostname),
        availability_zone=cluster,
        inventories={rc: records.Inventory(n) for rc, n in totals.items()},
    )


def _instance(
    cluster: str, instance: dict[str, Any], numa: bool, pin: bool
) -> records.Instance:
    parts = instance['numa']
    allocations = {
        'VCPU': int(sum(part['cpu'] for part in parts)),
        'MEMORY_MB': int(sum(part['mem_mb'] for part in parts)),
    }
    for part in parts if numa else ():
        cpu, memory = _classes(part)
        allocations[cpu] = int(part['cpu'])
        allocations[memory] = int(part['mem_mb'])
    return records.Instance(
        uuid=_uuid(instance['instance_id']),
        name=instance['instance_id'],
        host=_hostname(cluster, instance['host_id']),
        allocations=allocations,
        excluded=not instance['allow_migration'],
        flavor_extra_specs={'hw:numa_nodes': str(len(parts))},
        pinned_az=cluster if pin else '',
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Write a snapshot file."""
    parser = argparse.ArgumentParser(
        prog='python -m benchmarks.vmr2l',
        description='Convert a VMR2L file to a snapshot.',
    )
    parser.add_argument('file', help='medium.json or large.json')
    parser.add_argument('-o', '--output', required=True, metavar='SNAPSHOT')
    parser.add_argument(
        '--numa', action='store_true', help='keep NUMA nodes apart'
    )
    parser.add_argument(
        '--pin', action='store_true', help='keep instances in their cluster'
    )
    given = parser.parse_args(arguments)
    path = pathlib.Path(given.file)
    found = find(str(path.parent), path.name)
    if found is None:
        return 0
    result = snapshot(load(found), numa=given.numa, pin=given.pin)
    try:
        writer.write_json(writer.snapshot_document(result), given.output)
    except errors.BadInput as error:
        print(error, file=sys.stderr)
        return 2
    nodes, instances = len(result.compute_nodes), len(result.instances)
    print(f'{nodes} compute nodes, {instances} instances: {given.output}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
