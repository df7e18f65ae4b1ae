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

"""A continuous audit while instances come, go and are resized.

Needs the environment that ./minicloud makes::

    .venv-minicloud/bin/python -m benchmarks.continuous_churn --minutes 30
"""

from __future__ import annotations

import argparse
import collections
import json
import pathlib
import sys
import tempfile
import time

from typing import Any

from benchmarks import churn
from benchmarks import churn_figures
from benchmarks import churn_report
from tests.functional.minicloud import client
from tests.functional.minicloud import cloud as clouds
from tests.functional.minicloud import hosts as host_files
from tests.functional.minicloud import layout as layouts
from tests.functional.minicloud import logs
from tests.functional.minicloud import processes as proc
from tests.functional.minicloud import tenant
from tests.functional.minicloud import truth
from tests.functional.minicloud import watcher


SIZES = (
    {'vcpus': 16, 'memory_mb': 32768, 'local_gb': 500},
    {'vcpus': 32, 'memory_mb': 65536, 'local_gb': 1000},
)
LOOK_S = 5.0
# Placement is asked twice for each host.
INSPECT_S = 30.0
PARAMETERS: dict[str, dict[str, Any]] = {
    'rearrange_consolidate': {'max_utilization_pct': {'MEMORY_MB': 85}}
}


def main() -> int:
    """Start a cloud, disturb it, and print what the audit did.

    :returns: 1 if Nova refused something to Watcher, or a node was full
    """
    given = _parse()
    with tempfile.TemporaryDirectory(prefix='minicloud-') as folder:
        cloud = clouds.Cloud(
            layouts.Layout(pathlib.Path(folder).resolve(), given.first_port)
        )
        try:
            cloud.up(_hosts(given.nodes), say=print)
            run = Run(cloud, given)
            document = run.run()
        finally:
            cloud.down()
            if given.keep:
                logs.copy(cloud.layout.log, given.keep)
    if given.output:
        given.output.write_text(json.dumps(document, indent=1) + '\n')
    print(churn_report.text(document))
    return int(bool(document['refused'] or document['overloads']))


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--strategy', default='rearrange_rebalance')
    parser.add_argument('--minutes', type=float, default=30.0)
    parser.add_argument('--calm-minutes', type=float, default=4.0)
    parser.add_argument('--interval', type=int, default=20, help='s')
    parser.add_argument('--every', type=float, default=6.0, help='s')
    parser.add_argument('--nodes', type=int, default=8)
    parser.add_argument('--instances', type=int, default=40)
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--first-port', type=int, default=16000)
    parser.add_argument('--output', type=pathlib.Path, help='JSON')
    parser.add_argument('--keep', type=pathlib.Path, help='logs')
    return parser.parse_args()


def _hosts(count: int) -> list[host_files.Host]:
    return host_files.in_processes(
        host_files.Host(
            f'cmp{number + 1:02}',
            live_migration_s=3.0,
            **SIZES[number % len(SIZES)],
        )
        for number in range(count)
    )


class Run:
    """One run on a cloud that is up."""

    def __init__(self, cloud: clouds.Cloud, given: argparse.Namespace) -> None:
        """Connect."""
        self._given = given
        self._connection = client.connect(cloud.layout)
        self._operator = watcher.Operator(client.watcher(self._connection))
        self._tenant = tenant.Tenant(self._connection)
        self._churn = churn.Churn(
            self._tenant,
            self._connection.compute,
            [host.name for host in cloud.hosts],
            given.instances,
            given.seed,
        )
        self._truth = truth.Truth(cloud.layout, self._connection)
        self._capacity = {
            host.name: (
                int(host.vcpus * host.cpu_allocation_ratio),
                host.memory_mb - host.reserved_host_memory_mb,
            )
            for host in cloud.hosts
        }
        self._overloads: list[str] = []
        self._imbalance: list[tuple[float, float]] = []
        self._began = self._inspect = time.monotonic()

    def run(self) -> dict[str, Any]:
        """Disturb, let it rest, and return the figures."""
        for _ in range(self._given.instances):
            self._churn.create()
        self._settle()
        self._truth.start()
        self._churn.refused.clear()
        self._began = time.monotonic()
        audit = self._audit()
        self._disturb()
        self._settle()
        calm = churn.now()
        self._look_for(60 * self._given.calm_minutes)
        self._operator.client.audit.update(
            audit, [{'op': 'replace', 'path': '/state', 'value': 'CANCELLED'}]
        )
        return self._figures(audit, calm)

    def _audit(self) -> str:
        name = self._given.strategy
        made = self._operator.client.audit.create(
            audit_type='CONTINUOUS',
            interval=str(self._given.interval),
            auto_trigger=True,
            goal=self._operator.goal(name),
            strategy=name,
            parameters=PARAMETERS.get(name, {}),
        )
        uuid: str = made.uuid
        return uuid

    def _disturb(self) -> None:
        end = self._began + 60 * self._given.minutes
        upcoming = self._began
        while (moment := time.monotonic()) < end:
            if moment >= upcoming:
                upcoming += self._given.every
                self._churn.step(self._tenant.servers())
            self._look()
            time.sleep(max(0.0, min(LOOK_S, upcoming - time.monotonic())))

    def _look_for(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self._look()
            time.sleep(LOOK_S)

    def _settle(self) -> None:
        def settled() -> bool:
            servers = self._tenant.servers()
            self._churn.look(servers)
            return all(s.status == 'ACTIVE' for s in servers) and not any(
                s.task_state for s in servers
            )

        proc.wait_for(settled, 'instances to settle', 600.0)

    def _look(self) -> None:
        servers = self._tenant.servers()
        self._churn.look(servers)
        if time.monotonic() > self._inspect:
            self._inspect = time.monotonic() + INSPECT_S
            self._overloads += self._truth.overloads()
        used = {host: [0, 0] for host in self._capacity}
        for server in servers:
            if server.compute_host:
                vcpus, memory_mb, _ = tenant.size_of(server)
                used[server.compute_host][0] += vcpus
                used[server.compute_host][1] += memory_mb
        self._imbalance.append(
            (
                round(time.monotonic() - self._began, 1),
                round(churn_figures.imbalance(used, self._capacity), 2),
            )
        )

    def _figures(self, audit: str, calm: Any) -> dict[str, Any]:
        plans = self._operator.plans(audit)
        actions = [a for p in plans for a in self._operator.actions(p.uuid)]
        migrations = self._truth.migrations()
        found = churn_figures.moves(actions, plans)
        pairs = churn_figures.again(found, self._churn.changes)
        refusals = collections.Counter(
            (r.server, r.status) for r in self._truth.refusals()
        )
        refusals -= self._churn.refused
        later = [
            p for p in plans if churn_figures.time_of(p.created_at) > calm
        ]
        return {
            'given': {k: str(v) for k, v in vars(self._given).items()},
            'changes': _count(c.kind for c in self._churn.changes),
            'plans': _count(p.state for p in plans),
            'plans_without_actions': len(
                {p.uuid for p in plans} - {a.action_plan_uuid for a in actions}
            ),
            'actions': _count(a.state for a in actions),
            'not_done': _count(
                f'{a.state}: {a.status_message}'
                for a in actions
                if a.state != 'SUCCEEDED'
            ),
            'migrations': _count(
                f'{m["migration_type"]}: {m["status"]}' for m in migrations
            ),
            'failed_migrations': [
                m for m in migrations if m['status'] not in truth.DONE
            ],
            'refused': [[*key, n] for key, n in refusals.items() if n],
            'refused_to_churn': sum(self._churn.refused.values()),
            'overloads': _count(self._overloads),
            'moves': len(found),
            'again': [_pair(p) for p in pairs],
            'imbalance': self._imbalance,
            'after': [[p.state, p.status_message] for p in later],
        }


def _count(things: Any) -> dict[str, int]:
    return dict(collections.Counter(things).most_common())


def _pair(pair: churn_figures.Again) -> dict[str, Any]:
    return {
        'instance': pair.first.instance,
        'hosts': [
            pair.first.source,
            pair.first.destination,
            pair.second.destination,
        ],
        'planned': [str(pair.first.planned), str(pair.second.planned)],
        'changes': pair.changes,
        'near': pair.near,
        'back': pair.is_back,
    }


if __name__ == '__main__':
    sys.exit(main())
