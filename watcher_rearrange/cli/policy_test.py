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

"""``policy test``: does a policy say what is expected on given clusters."""

from __future__ import annotations

import argparse
import dataclasses
import os

from collections.abc import Iterator
from typing import Any

from watcher_rearrange import checker
from watcher_rearrange.cli import output
from watcher_rearrange.cli import policy_expectations
from watcher_rearrange.cli import policy_input
from watcher_rearrange.cli import policy_text
from watcher_rearrange.cli import status
from watcher_rearrange.snapshot import loading
from watcher_rearrange.snapshot import reader


def run(arguments: argparse.Namespace) -> int:
    """Run all tests of a file; the status tells whether all succeeded."""
    path = arguments.files[0]
    folder = os.path.dirname(path)
    found = [_test(test, folder) for test in policy_expectations.read(path)]
    document = {'ok': all(one['ok'] for one in found), 'tests': found}
    output.show(arguments, document, lambda: policy_text.tested(document))
    return status.DONE if document['ok'] else status.VIOLATIONS


def _test(test: dict[str, Any], folder: str) -> dict[str, Any]:
    """Judge one test; its paths begin at the folder of its file."""
    path = os.path.join(folder, test['snapshot'])
    plain = loading.load_json(path)
    with loading.naming(path):
        snapshot = reader.snapshot_from_document(plain)
    policy_path = os.path.join(folder, test['policy'])
    document, _ = policy_input.load(policy_path, snapshot)
    given = checker.Circumstances(now=test.get('now'))
    case = Case(plain, checker.Policy(document, given))
    problems = list(case.problems(test['expect']))
    return {'name': test['name'], 'ok': not problems, 'problems': problems}


class Case:
    """A policy on a cluster."""

    def __init__(
        self, snapshot: dict[str, Any], policy: checker.Policy
    ) -> None:
        self._snapshot = snapshot
        self._policy = policy
        self._known = {rule['name'] for rule in policy.document['rules']}
        self._nodes = {n['hostname'] for n in snapshot['compute_nodes']}
        self._instances: dict[str, list[dict[str, Any]]] = {}
        for data in snapshot['instances']:
            for label in {data['uuid'], data.get('name') or data['uuid']}:
                self._instances.setdefault(label, []).append(data)

    def problems(self, expect: dict[str, Any]) -> Iterator[str]:
        """Each expectation that is not met."""
        if 'violated' in expect:
            yield from self._violated(set(expect['violated']))
        for move in expect.get('allowed', ()):
            yield from self._unclear(move) or self._allowed(move)
        for move in expect.get('refused', ()):
            yield from self._unclear(move) or self._refused(move)

    def _violated(self, expected: set[str]) -> Iterator[str]:
        broken = checker.broken_rules(self._snapshot, self._policy.document)
        found = {one.things[0] for one in broken}
        for name in sorted(expected - found):
            yield f'{self._named(name)} is not violated'
        for one in broken:
            if one.things[0] not in expected:
                yield f'violated: {one}'

    def _allowed(self, move: dict[str, str]) -> list[str]:
        return [f'{_shown(move)}: {one}' for one in self._broken_by(move)]

    def _refused(self, move: dict[str, str]) -> list[str]:
        broken = {one.things[0] for one in self._broken_by(move)}
        if 'rule' not in move:
            return [] if broken else [f'{_shown(move)}: nothing refuses it']
        if move['rule'] in broken:
            return []
        name = self._named(move['rule'])
        return [f'{_shown(move)}: {name} does not refuse it']

    def _broken_by(self, move: dict[str, str]) -> list[checker.Violation]:
        """What the move, alone, breaks of the policy."""
        (instance,) = self._instances[move['instance']]
        action = {
            'id': '1',
            'type': 'live_migrate',
            'instance': instance['uuid'],
            'source': instance['host'],
            'destination': move['node'],
        }
        report = checker.check_plan(
            self._snapshot,
            {'version': 1, 'status': 'FEASIBLE', 'actions': [action]},
            interleavings=0,
            policy=self._policy,
        )
        return [
            dataclasses.replace(one, when='')
            for one in report.violations
            if one.rule in checker.POLICY_RULES
        ]

    def _unclear(self, move: dict[str, str]) -> list[str]:
        """What keeps a move from being judged."""
        found = self._instances.get(move['instance'], [])
        if len(found) != 1:
            what = f'{len(found)} instances are called so'
        elif move['node'] not in self._nodes:
            what = 'the snapshot has no such node'
        elif found[0]['host'] == move['node']:
            what = 'it is there already'
        else:
            return []
        return [f'{_shown(move)}: {what}']

    def _named(self, name: str) -> str:
        if name in self._known:
            return f'rule {name}'
        return f'rule {name}, which the policy has not,'


def _shown(move: dict[str, str]) -> str:
    return f'{move["instance"]} to {move["node"]}'
