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

"""``plan``: choose a target placement and the path to it."""

from __future__ import annotations

import argparse
import json

from collections.abc import Iterable
from typing import NoReturn

from watcher_rearrange.cli import circumstances
from watcher_rearrange.cli import inputs
from watcher_rearrange.cli import output
from watcher_rearrange.cli import status
from watcher_rearrange.model import errors
from watcher_rearrange.policies.file.records import Policy
from watcher_rearrange.snapshot import reader


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    inputs.add_snapshot(parser)
    parser.add_argument(
        '-s',
        '--strategy',
        metavar='STRATEGY',
        required=True,
        help='rebalance, consolidate, evacuate, defragment, combined, '
        'optimize or policy',
    )
    parser.add_argument(
        '-p',
        '--parameter',
        metavar='NAME=VALUE',
        action='append',
        default=[],
        help='a parameter of the strategy, as for "openstack optimize audit '
        'create"; may be given several times',
    )
    parser.add_argument(
        '--seed', type=int, metavar='N', help='the same as -p seed=N'
    )
    parser.add_argument(
        '--policy',
        metavar='FILE',
        help='a policy file, or a folder of them, to respect',
    )
    circumstances.add(parser)
    output.add_file(parser, 'PLAN', 'the plan')


def run(arguments: argparse.Namespace) -> int:
    """Plan; the status tells whether there is a plan."""
    words = list(arguments.parameter)
    if arguments.seed is not None:
        words.append(f'seed={arguments.seed}')
    parameters = parse_parameters(words)
    inputs.require_one_stdin(arguments.snapshot, arguments.migrated)
    output.require_writable(arguments.output)
    snapshot = reader.read_snapshot(inputs.source(arguments.snapshot))

    migrated = circumstances.migrated(arguments.migrated)

    from watcher_rearrange.planning import pipeline

    known = pipeline.Business(
        _policy(arguments.policy), arguments.now, migrated
    )
    with output.progress():
        result = pipeline.plan(snapshot, arguments.strategy, parameters, known)
    output.show_plan(arguments, snapshot, result)
    return status.of_plan(result)


def _policy(path: str | None) -> Policy:
    # It is read before anything is planned, and rarely at all.
    from watcher_rearrange.policies.file import reading

    return reading.read_policy(path) if path else Policy()


def parse_parameters(words: Iterable[str]) -> dict[str, object]:
    """Read ``name=value`` as Watcher's client does.

    The value is JSON where it can be read as JSON, else a string.

    :raises BadInput: with each that is not of this form, or repeated
    """
    parameters: dict[str, object] = {}
    problems = []
    for word in words:
        name, equals, value = word.partition('=')
        if not name or not equals:
            problems.append(f'parameter {word!r}: is not NAME=VALUE')
        elif name in parameters:
            problems.append(f'parameter {name!r}: is given twice')
        else:
            parameters[name] = _value(value)
    if problems:
        raise errors.BadInput(problems)
    return parameters


def _value(text: str) -> object:
    try:
        value: object = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return text
    return value


def _no_constant(text: str) -> NoReturn:
    raise ValueError(f'{text} is not JSON')
