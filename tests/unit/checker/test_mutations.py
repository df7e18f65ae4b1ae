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

"""Good plans pass; none of their mutants does."""

from __future__ import annotations

import copy
import unittest

from collections.abc import Iterator
from typing import NamedTuple

from tests.unit.checker.documents import Document
from tests.unit.checker.documents import group
from tests.unit.checker.documents import instance
from tests.unit.checker.documents import move
from tests.unit.checker.documents import node
from tests.unit.checker.documents import plan
from tests.unit.checker.documents import service
from tests.unit.checker.documents import snapshot
from watcher_rearrange import checker


class Good(NamedTuple):
    """A cluster, and a plan all of whose parents are needed."""

    cluster: Document
    plan: Document
    target: Document


def good(
    cluster: Document, placement: dict[str, str], *actions: Document
) -> Good:
    return Good(cluster, plan(*actions), {'placement': placement})


def full_nodes(count: int, spare: int) -> Document:
    """Nodes n1.. of 100 MiB with v1.. of 60 on them; spare ones empty."""
    return snapshot(
        [node(f'n{i}') for i in range(1, count + spare + 1)],
        [instance(f'v{i}', f'n{i}') for i in range(1, count + 1)],
    )


def with_group(cluster: Document, policy: str, *members: str) -> Document:
    cluster['server_groups'] = [group(policy, *members)]
    for data in cluster['compute_nodes']:
        data['inventories']['MEMORY_MB']['total'] = 1000
    return cluster


def disabled(cluster: Document, hostname: str) -> Document:
    for data in cluster['compute_nodes']:
        if data['hostname'] == hostname:
            data['status'] = 'disabled'
    return cluster


GOOD = {
    'leave before enter': good(
        full_nodes(2, 1),
        {'v1': 'n3', 'v2': 'n1'},
        move('1', 'v1', 'n1', 'n3'),
        move('2', 'v2', 'n2', 'n1', '1'),
    ),
    'swap through a temporary host': good(
        full_nodes(2, 1),
        {'v1': 'n2', 'v2': 'n1'},
        move('1', 'v1', 'n1', 'n3'),
        move('2', 'v2', 'n2', 'n1', '1'),
        move('3', 'v1', 'n3', 'n2', '2'),
    ),
    'rotation of three nodes': good(
        full_nodes(3, 1),
        {'v1': 'n2', 'v2': 'n3', 'v3': 'n1'},
        move('1', 'v1', 'n1', 'n4'),
        move('2', 'v3', 'n3', 'n1', '1'),
        move('3', 'v2', 'n2', 'n3', '2'),
        move('4', 'v1', 'n4', 'n2', '3'),
    ),
    'two rotations share a temporary host': good(
        full_nodes(4, 1),
        {'v1': 'n2', 'v2': 'n1', 'v3': 'n4', 'v4': 'n3'},
        move('1', 'v1', 'n1', 'n5'),
        move('2', 'v2', 'n2', 'n1', '1'),
        move('3', 'v1', 'n5', 'n2', '2'),
        move('4', 'v3', 'n3', 'n5', '3'),
        move('5', 'v4', 'n4', 'n3', '4'),
        move('6', 'v3', 'n5', 'n4', '5'),
    ),
    'disable after the last move': good(
        full_nodes(2, 1),
        {'v1': 'n3', 'v2': 'n1'},
        move('1', 'v1', 'n1', 'n3'),
        move('2', 'v2', 'n2', 'n1', '1'),
        service('off', 'disable', 'n1', '2'),
    ),
    'disable after several moves': good(
        with_group(full_nodes(2, 1), 'soft-affinity'),
        {'v1': 'n3', 'v2': 'n3'},
        move('1', 'v1', 'n1', 'n3'),
        move('2', 'v2', 'n2', 'n3'),
        service('off', 'disable', 'n3', '1', '2'),
    ),
    'enable before the move': good(
        disabled(full_nodes(1, 1), 'n2'),
        {'v1': 'n2'},
        service('on', 'enable', 'n2'),
        move('1', 'v1', 'n1', 'n2', 'on'),
    ),
    'disable, enable, move': good(
        full_nodes(1, 1),
        {'v1': 'n2'},
        service('off', 'disable', 'n2'),
        service('on', 'enable', 'n2', 'off'),
        move('1', 'v1', 'n1', 'n2', 'on'),
    ),
    'anti-affinity group': good(
        with_group(full_nodes(2, 1), 'anti-affinity', 'v1', 'v2'),
        {'v1': 'n3', 'v2': 'n1'},
        move('1', 'v1', 'n1', 'n3'),
        move('2', 'v2', 'n2', 'n1', '1'),
    ),
    'two leave before one enters': good(
        snapshot(
            [node('n1'), node('n2'), node('n3', 90)],
            [
                instance('v1', 'n1', 30),
                instance('v2', 'n1', 60),
                instance('v3', 'n2', 90),
            ],
        ),
        {'v1': 'n3', 'v2': 'n3', 'v3': 'n1'},
        move('1', 'v1', 'n1', 'n3'),
        move('2', 'v2', 'n1', 'n3'),
        move('3', 'v3', 'n2', 'n1', '1', '2'),
    ),
}


def mutants(case: Good) -> Iterator[tuple[str, Good]]:
    yield from without_parent(case)
    yield from without_action(case)
    yield from swapped(case)
    yield from redirected(case)
    yield from enlarged(case)


def without_parent(case: Good) -> Iterator[tuple[str, Good]]:
    for i, action in enumerate(case.plan['actions']):
        for parent in action['parents']:
            mutant = copy.deepcopy(case)
            mutant.plan['actions'][i]['parents'].remove(parent)
            yield f'{action["id"]} without parent {parent}', mutant


def without_action(case: Good) -> Iterator[tuple[str, Good]]:
    for i, action in enumerate(case.plan['actions']):
        named = any(
            action['id'] in other['parents'] for other in case.plan['actions']
        )
        # Nothing misses a service action that comes last.
        if named or 'instance' in action:
            mutant = copy.deepcopy(case)
            del mutant.plan['actions'][i]
            yield f'without {action["id"]}', mutant


def swapped(case: Good) -> Iterator[tuple[str, Good]]:
    """Each action with parents before its last one, and with no parents."""
    for i, action in enumerate(case.plan['actions']):
        for parent in action['parents']:
            mutant = copy.deepcopy(case)
            actions = mutant.plan['actions']
            j = [other['id'] for other in actions].index(parent)
            actions[i], actions[j] = actions[j], actions[i]
            yield f'{action["id"]} listed before {parent}', mutant
            mutant = copy.deepcopy(mutant)
            for other in mutant.plan['actions']:
                other['parents'] = []
            yield f'{action["id"]} before {parent}, no parents', mutant


def redirected(case: Good) -> Iterator[tuple[str, Good]]:
    names = [data['hostname'] for data in case.cluster['compute_nodes']]
    for i, action in enumerate(case.plan['actions']):
        for key in ('source', 'destination', 'node'):
            # Which node a last service action is for, nothing says.
            if key not in action or action['id'] == 'off':
                continue
            for name in ['nowhere', *names]:
                # A chain through another temporary host is a good plan too.
                if name != action[key]:
                    mutant = copy.deepcopy(case)
                    mutant.plan['actions'][i][key] = name
                    yield f'{action["id"]} with {key} {name}', mutant


def enlarged(case: Good) -> Iterator[tuple[str, Good]]:
    moved = {action.get('instance') for action in case.plan['actions']}
    for i, data in enumerate(case.cluster['instances']):
        if data['uuid'] in moved:
            mutant = copy.deepcopy(case)
            mutant.cluster['instances'][i]['allocations']['MEMORY_MB'] = 1001
            yield f'{data["uuid"]} too large', mutant
            mutant = copy.deepcopy(case)
            mutant.cluster['instances'][i]['allocations']['VGPU'] = 1
            yield f'{data["uuid"]} with another class', mutant


class TestMutations(unittest.TestCase):
    def test_good_plans_pass(self) -> None:
        for name, case in GOOD.items():
            with self.subTest(name):
                report = checker.check_plan(
                    case.cluster, case.plan, case.target
                )
                self.assertEqual((), report.violations)
                self.assertTrue(report.ok)
                self.assertGreaterEqual(report.interleavings, 200)

    def test_no_mutant_passes(self) -> None:
        for name, case in GOOD.items():
            for change, mutant in mutants(case):
                with self.subTest(name, change=change):
                    report = checker.check_plan(
                        mutant.cluster,
                        mutant.plan,
                        mutant.target,
                        interleavings=5,
                    )
                    self.assertFalse(report.ok)

    def test_missing_parent_is_caught_by_its_rule(self) -> None:
        rules = {
            'leave before enter': ['capacity'],
            'swap through a temporary host': ['capacity chain'] * 2,
            'disable after the last move': ['capacity', 'receiving_node'],
            'disable after several moves': ['receiving_node'] * 2,
            'enable before the move': ['receiving_node'],
            'anti-affinity group': ['anti_affinity'],
            'two leave before one enters': ['capacity'] * 2,
        }
        for name, expected in rules.items():
            got = []
            for _change, mutant in without_parent(GOOD[name]):
                report = checker.check_plan(
                    mutant.cluster, mutant.plan, interleavings=20
                )
                broken = {found.rule for found in report.violations}
                got.append(' '.join(sorted(broken - {'source'})))
            with self.subTest(name):
                self.assertEqual(expected, got)
