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

"""Run the demonstration: ``./demo [--snapshot FILE] [--strategy NAME]...``.

A real Watcher (API, decision engine, applier) manages an embedded cloud
that refuses what Nova would refuse. Exit status 0 if every plan was carried
out with nothing refused and nothing overloaded, 1 if not, 2 for bad input.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys

from pathlib import Path
from typing import Any

from tests.demo import scene
from tests.demo.story import Story
from tests.embedded.cloud import Cloud
from watcher_rearrange.model.errors import BadInput
from watcher_rearrange.model.records import Inventory
from watcher_rearrange.model.records import Snapshot
from watcher_rearrange.policies import parameters
from watcher_rearrange.snapshot import generator
from watcher_rearrange.snapshot import reader
from watcher_rearrange.snapshot import writer


COLLECTED = ('VCPU', 'MEMORY_MB', 'DISK_GB')
ORDER = ('evacuate', 'consolidate', 'rebalance')


def main() -> int:
    """Run it; return the exit status."""
    try:
        arguments = _parser().parse_args()
        snapshot = _snapshot(arguments)
        acts = [
            scene.Act.of(name, _given(arguments.parameter, name))
            for name in arguments.strategy or ORDER
        ]
        cloud = _cloud(snapshot, arguments.migration_s)
    except BadInput as error:
        for problem in error.problems:
            print(f'demo: {problem}', file=sys.stderr)
        return 2
    try:
        return Story(cloud, acts, arguments.workers, arguments.log).run()
    except KeyboardInterrupt:
        print('\ndemo: interrupted', file=sys.stderr)
        return 130


def _cloud(snapshot: Snapshot, migration_s: float) -> Cloud:
    if not snapshot.compute_nodes or not snapshot.instances:
        raise BadInput(['the cluster is empty: there is nothing to move'])
    document = writer.snapshot_document(snapshot)
    try:
        return Cloud(document, migration_s=migration_s)
    except ValueError as error:
        # Watcher and Nova know instances by UUIDs only.
        raise BadInput(
            [f'Nova could not have this cluster: {error}']
        ) from None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog='demo', description=__doc__)
    add = parser.add_argument
    add('--snapshot', metavar='FILE', help='the cluster; else one is made')
    add(
        '--strategy',
        metavar='NAME',
        action='append',
        help='what to run, in this order; may be given several times '
        f'(default: {", ".join(ORDER)})',
    )
    add(
        '-p',
        '--parameter',
        metavar='[STRATEGY.]NAME=VALUE',
        action='append',
        default=[],
        help='a parameter of the audits, of one strategy or of all',
    )
    add('--nodes', type=int, default=40, help='of the cluster that is made')
    add('--seed', type=int, default=1, help='of the cluster that is made')
    add('--workers', type=int, default=12, help='actions at once')
    add('--migration-s', type=float, default=0.3, help='of one migration')
    add('--log', type=Path, metavar='FILE', help="where Watcher's log goes")
    return parser


def _snapshot(arguments: argparse.Namespace) -> Snapshot:
    if arguments.snapshot:
        return _collectable(reader.read_snapshot(arguments.snapshot))
    return generator.generate(
        generator.GenerateSpec(
            nodes=arguments.nodes,
            instances_per_node=15,
            seed=arguments.seed,
            locked_pct=1.0,
            stopped_pct=3.0,
        )
    )


def _collectable(snapshot: Snapshot) -> Snapshot:
    """Return a cluster that Watcher's collector can read.

    It cannot do without an inventory of these on every node, since Nova's
    API has no longer had the amounts from microversion 2.88 on. One unit
    is the least that Placement has.
    """
    nodes = [
        dataclasses.replace(
            node,
            inventories={
                **dict.fromkeys(COLLECTED, Inventory(1)),
                **node.inventories,
            },
        )
        for node in snapshot.compute_nodes
    ]
    return dataclasses.replace(snapshot, compute_nodes=tuple(nodes))


def _given(pairs: list[str], strategy: str) -> dict[str, Any]:
    """Return the parameters that are meant for a strategy."""
    given = {}
    name = parameters.find(strategy).name
    for pair in pairs:
        key, equals, text = pair.partition('=')
        if not equals:
            raise BadInput([f'-p {pair}: expected NAME=VALUE'])
        scope, dot, own = key.rpartition('.')
        if not dot or parameters.find(scope).name == name:
            given[own] = _value(text)
    return given


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


if __name__ == '__main__':
    sys.exit(main())
