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

"""Arguments that several commands have, and the files that they name."""

from __future__ import annotations

import argparse
import math
import sys

from watcher_rearrange.model import errors
from watcher_rearrange.snapshot import loading


STDIN = '-'


def add_snapshot(parser: argparse.ArgumentParser) -> None:
    """Add the snapshot, the first argument of most commands."""
    parser.add_argument(
        'snapshot',
        metavar='SNAPSHOT',
        help='the cluster, a JSON file; - is standard input',
    )


def add_plan(
    parser: argparse.ArgumentParser, *, optional: bool = False
) -> None:
    """Add the plan, the second argument of some commands."""
    parser.add_argument(
        'plan',
        metavar='PLAN',
        nargs='?' if optional else None,
        help='a plan for it, a JSON file; - is standard input',
    )


def source(path: str) -> loading.Source:
    """What to read for a path of the command line."""
    return sys.stdin.buffer if path == STDIN else path


def require_one_stdin(*paths: str | None) -> None:
    """Refuse to read standard input twice.

    :raises BadInput: if it stands for more than one file
    """
    if paths.count(STDIN) > 1:
        raise errors.BadInput(
            [f'{STDIN}: standard input can only be one of the files']
        )


def seconds(text: str) -> float:
    """A time limit, for argparse."""
    value = float(text)
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f'{text} is not more than 0')
    return value


def count(text: str) -> int:
    """Return a whole number that is not negative.

    :raises ArgumentTypeError: for anything else
    """
    value = int(text)
    if value < 0:
        raise argparse.ArgumentTypeError(f'{text} is negative')
    return value
