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

"""Short ways to write snapshots and plans down in tests."""

from __future__ import annotations

from typing import Any

from watcher_rearrange import checker


Document = dict[str, Any]


def node(hostname: str, memory_mb: int = 100, **more: Any) -> Document:
    """A compute node with memory only."""
    inventories = {'MEMORY_MB': {'total': memory_mb}}
    return {'hostname': hostname, 'inventories': inventories, **more}


def instance(
    uuid: str, host: str, memory_mb: int = 60, **more: Any
) -> Document:
    """An instance that needs memory only."""
    allocations = {'MEMORY_MB': memory_mb}
    return {'uuid': uuid, 'host': host, 'allocations': allocations, **more}


def group(policy: str, *members: str, **more: Any) -> Document:
    """A server group."""
    return {'uuid': 'g', 'policy': policy, 'members': list(members), **more}


def snapshot(
    nodes: list[Document], instances: list[Document], **more: Any
) -> Document:
    """A snapshot."""
    return {
        'version': 1,
        'compute_nodes': nodes,
        'instances': instances,
        **more,
    }


def move(
    name: str, uuid: str, source: str, destination: str, *parents: str
) -> Document:
    """A live migration that waits for its parents."""
    return {
        'id': name,
        'type': 'live_migrate',
        'instance': uuid,
        'source': source,
        'destination': destination,
        'parents': list(parents),
    }


def service(name: str, change: str, hostname: str, *parents: str) -> Document:
    """A change of a compute service, 'enable' or 'disable'."""
    return {
        'id': name,
        'type': f'{change}_service',
        'node': hostname,
        'parents': list(parents),
    }


def plan(*actions: Document, status: str = 'FEASIBLE') -> Document:
    """A plan."""
    return {'version': 1, 'status': status, 'actions': list(actions)}


def small_cluster(
    nodes: dict[str, Document] | None = None,
    a: Document | None = None,
    **more: Any,
) -> Document:
    """a (60 MiB) and b (30 MiB) on n1, nothing on n2 and n3.

    :param nodes: other properties of nodes, by hostname
    :param a: other properties of a
    """
    other = nodes or {}
    return snapshot(
        [node(name, **other.get(name, {})) for name in ('n1', 'n2', 'n3')],
        [instance('a', 'n1', **(a or {})), instance('b', 'n1', 30)],
        **more,
    )


def breaches(
    cluster: Document, *actions: Document, **options: Any
) -> list[tuple[str, tuple[str, ...]]]:
    """Rule and things of whatever the checker finds."""
    report = checker.check_plan(cluster, plan(*actions), **options)
    return [(found.rule, found.things) for found in report.violations]


# Moves a of the small cluster.
MOVE = move('1', 'a', 'n1', 'n2')
