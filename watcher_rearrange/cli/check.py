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

"""``check``: replay a plan in many interleavings."""

from __future__ import annotations

import argparse
import sys

from collections.abc import Callable
from typing import Any

from watcher_rearrange.cli import circumstances
from watcher_rearrange.cli import inputs
from watcher_rearrange.cli import output
from watcher_rearrange.cli import policy_input
from watcher_rearrange.cli import status
from watcher_rearrange.model import records
from watcher_rearrange.snapshot import loading
from watcher_rearrange.snapshot import reader


_INTERLEAVINGS = 200

# Rules that a released instance may seem to break.
_ROOM = frozenset(('capacity', 'anti_affinity', 'affinity'))
_NO_TARGET = 'no TARGET given: instances that it releases are taken to stay'


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    inputs.add_snapshot(parser)
    inputs.add_plan(parser)
    parser.add_argument(
        'target',
        metavar='TARGET',
        nargs='?',
        help='what the plan is to reach, a JSON file',
    )
    parser.add_argument(
        '--interleavings',
        type=inputs.count,
        default=_INTERLEAVINGS,
        metavar='N',
        help='how many random orders to replay (default: %(default)s)',
    )
    parser.add_argument(
        '--seed',
        type=int,
        default=0,
        metavar='N',
        help='the same seed gives the same orders (default: 0)',
    )
    parser.add_argument(
        '--move-locked',
        action='store_true',
        help='the plan was made to move locked instances too',
    )
    parser.add_argument(
        '--move-numa',
        action='store_true',
        help='the plan was made to move instances with a NUMA topology',
    )
    parser.add_argument(
        '--policy',
        metavar='FILE',
        help='a policy file, or a folder of them, that the plan is to keep',
    )
    circumstances.add(parser)
    parser.add_argument(
        '--failures-to-tolerate',
        type=inputs.count,
        default=0,
        metavar='K',
        help='the plan was made to keep room for the instances of K nodes',
    )


def run(arguments: argparse.Namespace) -> int:
    """Check the plan; the status tells whether it holds."""
    paths = (arguments.snapshot, arguments.plan, arguments.target)
    inputs.require_one_stdin(*paths, arguments.migrated)
    snapshot, cluster = _read(paths[0], reader.snapshot_from_document)
    # Whether the order of the actions is sound is for the checker to say.
    plan, _ = _read(
        paths[1],
        lambda document: reader.plan_from_document(
            document, cluster, ordered=False
        ),
    )
    target = None
    if arguments.target is not None:
        target, _ = _read(
            paths[2],
            lambda document: reader.target_from_document(document, cluster),
        )

    from watcher_rearrange import checker

    report = checker.check_plan(
        snapshot,
        plan,
        target,
        interleavings=arguments.interleavings,
        seed=arguments.seed,
        limits=checker.Limits(
            move_locked=arguments.move_locked,
            move_numa=arguments.move_numa,
            failures_to_tolerate=arguments.failures_to_tolerate,
        ),
        policy=_policy(arguments, cluster),
    )

    def text() -> str:
        found = [str(violation) for violation in report.violations]
        count = len(found)
        return '\n'.join(
            [*found, f'{count} violations' if count else 'no violations']
        )

    output.show(arguments, report.to_dict(), text)
    rules = {violation.rule for violation in report.violations}
    if target is None and rules & _ROOM:
        print(_NO_TARGET, file=sys.stderr)
    return status.DONE if report.ok else status.VIOLATIONS


def _policy(arguments: argparse.Namespace, cluster: records.Snapshot) -> Any:
    from watcher_rearrange import checker

    if arguments.policy is None:
        return None
    document, _ = policy_input.load(arguments.policy, cluster)
    given = checker.Circumstances(
        arguments.now, circumstances.migrated(arguments.migrated)
    )
    return checker.Policy(document, given)


def _read(path: str, build: Callable[[Any], Any]) -> tuple[Any, Any]:
    """Return a document and the records made of it."""
    source = inputs.source(path)
    document = loading.load_json(source)
    with loading.naming(source):
        return document, build(document)
