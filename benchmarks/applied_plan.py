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

"""A large plan, from the audit to the last migration, with a real Watcher.

``python -m benchmarks.applied_plan [--migrations 2000]``. A generated cluster
of unlike nodes, 85 % full, is rebalanced: an audit of Watcher's decision
engine, the plan written by the ``rearrange`` planner, and Watcher's applier
that carries it out. The cloud is the strict one of the functional tests: it
holds both ends of a migration, and refuses what Nova would refuse. It needs
what the functional tests need.

There are no server groups unless ``--groups`` is given: Watcher's model has
none, so that a plan made from it may be refused for their sake.

Exit status 0 if every action succeeded, nothing was refused or overloaded,
and every instance is where the plan leads; 1 if not.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import dataclasses
import sys
import tempfile
import time

from collections.abc import Iterator
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from unittest import mock

from benchmarks import clusters
from benchmarks import tables
from tests.embedded.client import PLAN_ENDS
from tests.embedded.client import Client
from tests.embedded.cloud import Cloud
from tests.embedded.control_plane import ControlPlane
from watcher_rearrange.plugin import planner
from watcher_rearrange.snapshot import writer


Record = dict[str, Any]

GOAL = 'cloud_rebalancing'
STRATEGY = 'rearrange_rebalance'
PARAMETERS = {'threshold_pct': 1.0}
UNGROUPED = clusters.Kind('mixed, 85 % full', 0.85, clusters.MIXED)
GROUPED = clusters.KINDS[1]

# Rebalancing such a cluster takes some 3.2 migrations a node.
NODES_PER_MIGRATION = 0.32

TIMEOUT_S = 3600.0
LOOK_S = 2.0
SAY_S = 30.0


@dataclasses.dataclass
class Result:
    """What was measured.

    :ivar audit_s: until the plan was there, without writing it
    :ivar writing_s: until it was in Watcher's database
    :ivar starting_s: from its approval to the first migration; meanwhile
        the applier builds its graph of tasks
    :ivar applying_s: from its approval to its end
    :ivar states: how many actions ended how
    :ivar misplaced: instances that are not where the plan leads
    """

    nodes: int
    instances: int
    migrations: int = 0
    waiting: int = 0
    audit_s: float = 0.0
    writing_s: float = 0.0
    starting_s: float = 0.0
    applying_s: float = 0.0
    states: dict[str, int] = dataclasses.field(default_factory=dict)
    refused: int = 0
    overloaded: int = 0
    misplaced: int = 0

    @property
    def clean(self) -> bool:
        """Whether everything went as planned."""
        wrong = self.refused + self.overloaded + self.misplaced
        return set(self.states) == {'SUCCEEDED'} and not wrong


def run(cloud: Cloud, workers: int, log: Path) -> Result:
    """Audit the cloud and apply what comes of it.

    :param workers: actions that the applier runs at once
    :param log: where Watcher's log goes
    :raises RuntimeError: if the audit fails
    """
    before = cloud.snapshot()
    result = Result(len(before['compute_nodes']), len(before['instances']))
    # Collecting the model again after each change is no part of this.
    plane = ControlPlane(
        cloud, max_workers=workers, follow=False, log_path=log
    )
    with plane:
        client = plane.client()
        plan = _audit(client, result)
        actions = client.actions(plan['uuid'])
        expected = _final(before, actions)
        parameters = [action['input_parameters'] for action in actions]
        result.migrations = sum('migration_type' in p for p in parameters)
        result.waiting = sum(bool(p['depends_on']) for p in parameters)
        print(f'{result.migrations} migrations planned', flush=True)
        began = time.monotonic()
        result.starting_s = _apply(client, cloud, plan['uuid'])
        result.applying_s = time.monotonic() - began
        actions = client.actions(plan['uuid'])
    result.states = dict(collections.Counter(a['state'] for a in actions))
    result.refused = len(cloud.refusals)
    result.overloaded = len(cloud.overloads)
    result.misplaced = sum(
        cloud.host_of(uuid) != host for uuid, host in expected.items()
    )
    return result


def _audit(client: Client, result: Result) -> Record:
    with _timed_writing(result):
        began = time.monotonic()
        audit = client.create_audit(GOAL, STRATEGY, PARAMETERS)
        audit = client.wait_audit(audit['uuid'], timeout_s=TIMEOUT_S)
        total_s = time.monotonic() - began
    if audit['state'] != 'SUCCEEDED':
        raise RuntimeError(f'audit {audit["state"]}: {audit}')
    result.audit_s = total_s - result.writing_s
    return client.plan_of(audit['uuid'])


@contextlib.contextmanager
def _timed_writing(result: Result) -> Iterator[None]:
    original = planner.RearrangePlanner.schedule

    def schedule(self: Any, *arguments: Any) -> Any:
        began = time.monotonic()
        written = original(self, *arguments)
        result.writing_s = time.monotonic() - began
        return written

    with mock.patch.object(planner.RearrangePlanner, 'schedule', schedule):
        yield


def _apply(client: Client, cloud: Cloud, plan: str) -> float:
    """Approve a plan, say now and then how far it is, wait for its end.

    :returns: seconds until something happened in the cloud
    """
    client.start(plan)
    began = said = time.monotonic()
    starting_s = 0.0
    while client.action_plan(plan)['state'] not in PLAN_ENDS:
        now = time.monotonic()
        if now - began > TIMEOUT_S:
            raise TimeoutError(f'action plan {plan} takes too long')
        events = len(cloud.log)
        if not starting_s and events:
            starting_s = now - began
        if now - said > SAY_S:
            said = now
            print(f'{now - began:4.0f} s: {events} events', flush=True)
        time.sleep(LOOK_S)
    return starting_s


def _final(before: Record, actions: list[Record]) -> dict[str, str]:
    """Where the actions, in the order of the plan, lead every instance."""
    host_of = {i['uuid']: i['host'] for i in before['instances']}
    for action in actions:
        given = action['input_parameters']
        if 'migration_type' in given:
            host_of[given['resource_id']] = given['destination_node']
    return host_of


def report(result: Result) -> str:
    """Return the result as a table."""
    states = ', '.join(f'{n} {s}' for s, n in sorted(result.states.items()))
    rows = [
        ('nodes', result.nodes),
        ('instances', result.instances),
        ('migrations', result.migrations),
        ('of them waiting for others', result.waiting),
        ('audit, seconds', result.audit_s),
        ('writing the plan, seconds', result.writing_s),
        ('applying, seconds', result.applying_s),
        ('of them until the first migration', result.starting_s),
        ('actions', states),
        ('refused', result.refused),
        ('overloaded', result.overloaded),
        ('not where the plan leads', result.misplaced),
    ]
    return tables.text(('', ''), rows)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it once."""
    parser = argparse.ArgumentParser(
        prog='python -m benchmarks.applied_plan', description=__doc__
    )
    parser.add_argument(
        '--migrations', type=int, default=2000, help='about so many'
    )
    parser.add_argument('--seed', type=int, default=0, help='of the cluster')
    parser.add_argument(
        '--workers', type=int, default=16, help='actions at once'
    )
    parser.add_argument(
        '--migration-s', type=float, default=0.2, help='of one migration'
    )
    parser.add_argument(
        '--groups', action='store_true', help='with anti-affinity groups'
    )
    given = parser.parse_args(arguments)
    nodes = max(8, round(NODES_PER_MIGRATION * given.migrations))
    kind = GROUPED if given.groups else UNGROUPED
    snapshot = kind.generate(nodes, given.seed)
    cloud = Cloud(
        writer.snapshot_document(snapshot), migration_s=given.migration_s
    )
    with tempfile.TemporaryDirectory() as folder:
        result = run(cloud, given.workers, Path(folder, 'watcher.log'))
    print(report(result))
    for refusal in cloud.refusals:
        print(refusal)
    return 0 if result.clean else 1


if __name__ == '__main__':
    sys.exit(main())
