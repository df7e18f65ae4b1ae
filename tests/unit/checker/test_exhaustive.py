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

"""The checker against every state that small random plans can reach.

The oracle below knows nothing of orders, cuts or schedules: it walks through
all combinations of actions not started, running, succeeded and failed.
"""

from __future__ import annotations

import random
import unittest

from collections.abc import Iterator

from tests.unit.checker.documents import Document
from tests.unit.checker.documents import group
from tests.unit.checker.documents import instance
from tests.unit.checker.documents import move
from tests.unit.checker.documents import node
from tests.unit.checker.documents import plan
from tests.unit.checker.documents import service
from tests.unit.checker.documents import snapshot
from watcher_rearrange import checker


WAITING, RUNNING, SUCCEEDED, FAILED = range(4)
State = tuple[int, ...]
Breach = tuple[str, tuple[str, ...]]


class Oracle:
    """All reachable states of a plan, and the breaches at their arrivals."""

    def __init__(self, cluster: Document, actions: list[Document]) -> None:
        self.nodes = {
            data['hostname']: data for data in cluster['compute_nodes']
        }
        self.instances = {data['uuid']: data for data in cluster['instances']}
        self.groups = cluster.get('server_groups', [])
        self.actions = actions
        ids = [action['id'] for action in actions]
        self.parents = [
            [ids.index(parent) for parent in action['parents']]
            for action in actions
        ]

    def breaches(self) -> set[Breach]:
        found: set[Breach] = set()
        # The second half of a state is who is enabled: two orders of the
        # same service actions differ in that.
        enabled = frozenset(
            name
            for name, data in self.nodes.items()
            if data.get('status', 'enabled') == 'enabled'
        )
        todo = [((WAITING,) * len(self.actions), enabled)]
        seen = set(todo)
        while todo:
            state, enabled = todo.pop()
            for i, status in enumerate(state):
                nexts = []
                if status == WAITING and self.ready(state, i):
                    wrong, after = self.start(state, enabled, i)
                    found |= wrong
                    nexts = [(after, enabled)]
                elif status == RUNNING:
                    nexts = list(self.end(state, enabled, i))
                for following in nexts:
                    if following not in seen:
                        seen.add(following)
                        todo.append(following)
        return found

    def ready(self, state: State, i: int) -> bool:
        return all(state[parent] == SUCCEEDED for parent in self.parents[i])

    def start(
        self, state: State, enabled: frozenset[str], i: int
    ) -> tuple[set[Breach], State]:
        action = self.actions[i]
        if 'node' in action:
            return self.disabled(state, i), put(state, i, RUNNING)
        uuid, hostname = action['instance'], action['destination']
        if self.where(state, uuid) != {action['source']}:
            return {('source', (action['id'], uuid))}, put(state, i, FAILED)
        found: set[Breach] = set()
        disabling = any(
            status == RUNNING
            and other['type'] == 'disable_service'
            and other['node'] == hostname
            for other, status in zip(self.actions, state)
        )
        if disabling or hostname not in enabled:
            found.add(('receiving_node', (uuid, hostname)))
        found |= self.alone(state, uuid, hostname)
        after = put(state, i, RUNNING)
        found |= self.overfull(after, uuid, hostname)
        return found, after

    def disabled(self, state: State, i: int) -> set[Breach]:
        action = self.actions[i]
        if action['type'] != 'disable_service':
            return set()
        return {
            ('receiving_node', (other['instance'], action['node']))
            for other, status in zip(self.actions, state)
            if status == RUNNING and other.get('destination') == action['node']
        }

    def end(
        self, state: State, enabled: frozenset[str], i: int
    ) -> Iterator[tuple[State, frozenset[str]]]:
        yield put(state, i, FAILED), enabled
        action = self.actions[i]
        if action['type'] == 'disable_service':
            enabled -= {action['node']}
        if action['type'] == 'enable_service':
            enabled |= {action['node']}
        yield put(state, i, SUCCEEDED), enabled

    def where(self, state: State, uuid: str) -> set[str]:
        """All nodes on which an instance holds its room."""
        hosts = {self.instances[uuid]['host']}
        for action, status in zip(self.actions, state):
            if action.get('instance') == uuid and status == SUCCEEDED:
                hosts = {action['destination']}
        for action, status in zip(self.actions, state):
            if action.get('instance') == uuid and status == RUNNING:
                hosts |= {action['destination']}
        return hosts

    def overfull(self, state: State, uuid: str, hostname: str) -> set[Breach]:
        found: set[Breach] = set()
        on_node = [
            other
            for other in self.instances
            if hostname in self.where(state, other)
        ]
        inventories = self.nodes[hostname]['inventories']
        for name, needed in self.instances[uuid]['allocations'].items():
            used = sum(
                self.instances[other]['allocations'].get(name, 0)
                for other in on_node
            )
            if needed and used > inventories.get(name, {}).get('total', 0):
                found.add(('capacity', (hostname, name)))
        for data in self.groups:
            members = set(data['members'])
            if data['policy'] == 'anti-affinity' and uuid in members:
                most = data.get('max_server_per_host', 1)
                if len(members.intersection(on_node)) > most:
                    found.add(('anti_affinity', (data['uuid'], hostname)))
        return found

    def alone(self, state: State, uuid: str, hostname: str) -> set[Breach]:
        found: set[Breach] = set()
        for data in self.groups:
            others = set(data['members']) - {uuid}
            if data['policy'] != 'affinity' or uuid not in data['members']:
                continue
            if others and not any(
                hostname in self.where(state, other) for other in others
            ):
                found.add(('affinity', (data['uuid'], uuid, hostname)))
        return found


def put(state: State, i: int, status: int) -> State:
    return (*state[:i], status, *state[i + 1 :])


def random_case(rng: random.Random) -> tuple[Document, list[Document]]:
    """A tight little cluster and up to seven actions on it."""
    names = [f'n{i}' for i in range(rng.randint(2, 4))]
    nodes = []
    for name in names:
        data = node(name, rng.randint(2, 9))
        data['inventories']['VCPU'] = {'total': rng.randint(2, 9)}
        data['status'] = rng.choice(['enabled'] * 5 + ['disabled'])
        nodes.append(data)
    instances = []
    for i in range(rng.randint(2, 6)):
        data = instance(f'v{i}', rng.choice(names), rng.randint(0, 4))
        data['allocations']['VCPU'] = rng.randint(0, 4)
        instances.append(data)
    cluster = snapshot(nodes, instances)
    members = [data['uuid'] for data in instances if rng.random() < 0.7]
    policy = rng.choice(['affinity', 'anti-affinity', 'soft-affinity'])
    cluster['server_groups'] = [
        group(policy, *members, max_server_per_host=rng.randint(1, 2))
    ]
    return cluster, random_actions(rng, names, instances)


def random_actions(
    rng: random.Random, names: list[str], instances: list[Document]
) -> list[Document]:
    """Moves in chains, services, and random parents on top."""
    host = {data['uuid']: data['host'] for data in instances}
    last: dict[str, str] = {}
    density = rng.choice([0.0, 0.1, 0.3, 0.5])
    actions: list[Document] = []
    for i in range(rng.randint(1, 7)):
        parents = {
            action['id'] for action in actions if rng.random() < density
        }
        if rng.random() < 0.2:
            change = rng.choice(['enable', 'disable'])
            action = service(f'a{i}', change, rng.choice(names))
        else:
            uuid = rng.choice(sorted(host))
            source = host[uuid]
            host[uuid] = rng.choice([name for name in names if name != source])
            action = move(f'a{i}', uuid, source, host[uuid])
            # Once in a while a chain without its parent.
            if uuid in last and rng.random() < 0.95:
                parents.add(last[uuid])
            last[uuid] = action['id']
        action['parents'] = sorted(parents)
        actions.append(action)
    return actions


def judged(report: checker.Report, but: str = '') -> set[Breach]:
    return {
        (found.rule, found.things)
        for found in report.violations
        if found.rule != but
    }


class TestExhaustive(unittest.TestCase):
    def test_finds_just_what_can_happen(self) -> None:
        rng = random.Random(1)
        good = bad = 0
        for number in range(600):
            cluster, actions = random_case(rng)
            expected = Oracle(cluster, actions).breaches()
            report = checker.check_plan(
                cluster, plan(*actions), interleavings=0
            )
            if any(found.rule == 'chain' for found in report.violations):
                # The search for the worst order needs chains.
                self.assertTrue(expected, f'case {number}: {actions}')
                continue
            self.assertEqual(
                expected, judged(report), f'case {number}: {actions}'
            )
            good += not expected
            bad += bool(expected)
        self.assertGreater(good, 50)
        self.assertGreater(bad, 100)

    def test_simulator_finds_nothing_that_cannot_happen(self) -> None:
        rng = random.Random(2)
        for number in range(150):
            cluster, actions = random_case(rng)
            expected = Oracle(cluster, actions).breaches()
            limits = checker.Limits(
                max_parallel=rng.choice([None, 1, 2]),
                max_outgoing=rng.choice([None, 1]),
                max_incoming=rng.choice([None, 1]),
            )
            report = checker.check_plan(
                cluster,
                plan(*actions),
                interleavings=10,
                seed=number,
                limits=limits,
            )
            found = judged(report, but='chain')
            self.assertLessEqual(found, expected, f'case {number}: {actions}')
