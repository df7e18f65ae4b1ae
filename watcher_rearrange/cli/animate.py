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

"""``animate``: a plan step by step in the terminal."""

from __future__ import annotations

import argparse
import sys
import time

from typing import Any

from watcher_rearrange.cli import inputs
from watcher_rearrange.cli import output
from watcher_rearrange.cli import status
from watcher_rearrange.model import plan
from watcher_rearrange.model import records
from watcher_rearrange.snapshot import reader


_DELAY_S = 1.0
# Erase the display and go to its first position (ECMA-48).
_CLEAR = '\x1b[2J\x1b[H'


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    inputs.add_snapshot(parser)
    inputs.add_plan(parser)
    parser.add_argument(
        '--delay',
        type=inputs.seconds,
        default=_DELAY_S,
        metavar='SECONDS',
        help='how long a wave is shown (default: %(default)g)',
    )


def run(arguments: argparse.Namespace) -> int:
    """Play the plan; where nobody looks on, print each wave once."""
    inputs.require_one_stdin(arguments.snapshot, arguments.plan)
    snapshot = reader.read_snapshot(inputs.source(arguments.snapshot))
    result = reader.read_plan(inputs.source(arguments.plan), snapshot)
    if arguments.format == 'table':
        _play(snapshot, result, arguments.delay)
    else:
        output.show(arguments, _document(result), str)
    return status.DONE


def _play(
    snapshot: records.Snapshot, result: plan.Plan, delay_s: float
) -> None:
    from watcher_rearrange.report import animation
    from watcher_rearrange.report.terminal import Terminal

    terminal = Terminal.of(sys.stdout)
    if not sys.stdout.isatty():
        for text in animation.listing(snapshot, result, terminal):
            print(text)
        return
    for number, frame in enumerate(
        animation.frames(snapshot, result, terminal)
    ):
        if number:
            time.sleep(delay_s)
        print(_CLEAR + frame, flush=True)


def _document(result: plan.Plan) -> dict[str, Any]:
    members: dict[int, list[str]] = {}
    for id_, wave in result.waves().items():
        members.setdefault(wave, []).append(id_)
    return {
        'waves': [
            {'wave': wave, 'actions': members[wave]}
            for wave in sorted(members)
        ]
    }
