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

"""``path``: find the path to a given target."""

from __future__ import annotations

import argparse

from watcher_rearrange.cli import inputs
from watcher_rearrange.cli import output
from watcher_rearrange.cli import status
from watcher_rearrange.policies import path_costs
from watcher_rearrange.snapshot import reader


_TIME_LIMIT_S = 60.0


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    inputs.add_snapshot(parser)
    parser.add_argument(
        'target',
        metavar='TARGET',
        help='where instances should end up, a JSON file; - is standard input',
    )
    parser.add_argument(
        '--time-limit',
        type=inputs.seconds,
        default=_TIME_LIMIT_S,
        metavar='SECONDS',
        help='how long to search (default: %(default)g)',
    )
    parser.add_argument(
        '--seed',
        type=int,
        default=0,
        metavar='N',
        help='the same seed gives the same answer (default: 0)',
    )
    parser.add_argument(
        '--cost',
        choices=path_costs.PATH_COSTS,
        default=path_costs.MIGRATIONS,
        help='what the path should be short in (default: %(default)s)',
    )
    for name, default, what in (
        ('outgoing', 1, 'off one node'),
        ('incoming', 0, 'onto one node'),
        ('parallel', 0, 'in all'),
    ):
        parser.add_argument(
            f'--max-{name}',
            type=inputs.count,
            default=default,
            metavar='N',
            help=f'at most N migrations at once {what}; 0 is no limit '
            '(default: %(default)s)',
        )
    output.add_file(parser, 'PLAN', 'the plan')


def run(arguments: argparse.Namespace) -> int:
    """Find the path; the status tells whether there is one."""
    output.require_writable(arguments.output)
    inputs.require_one_stdin(arguments.snapshot, arguments.target)
    snapshot = reader.read_snapshot(inputs.source(arguments.snapshot))
    target = reader.read_target(inputs.source(arguments.target), snapshot)

    from watcher_rearrange.planning import pipeline
    from watcher_rearrange.policies import limits

    result = pipeline.find_path(
        snapshot,
        target,
        time_limit_s=arguments.time_limit,
        seed=arguments.seed,
        limits=limits.Limits.of(vars(arguments)),
        cost=arguments.cost,
    )
    output.show_plan(arguments, snapshot, result)
    return status.of_plan(result)
