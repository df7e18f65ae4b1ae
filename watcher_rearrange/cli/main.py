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

"""The entry point: finds the command, runs it, turns errors into a status.

Only the module of the command in use is imported, so that each starts
quickly; a command's module imports what is slow when it runs.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import io
import os
import sys
import traceback

from collections.abc import Sequence
from typing import Any

from watcher_rearrange.cli import status
from watcher_rearrange.model import errors


COMMANDS = {
    'plan': 'choose a target placement and the path to it',
    'path': 'find the path to a given target',
    'check': 'replay a plan in many interleavings and list violations',
    'show': 'show the cluster as meters, before and after a plan',
    'animate': 'show a plan step by step in the terminal',
    'report': 'write a page with a plan: heat maps, timeline, tables',
    'generate': 'make a synthetic snapshot',
    'policy': 'check and test policy files, print their JSON schema',
}

_STATUSES = """\
exit status: 0 a plan, or nothing to do; 1 check or policy found violations;
2 bad input; 3 INFEASIBLE: no plan exists; 4 TIME_LIMIT: none found in the time
given"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; return the exit status.

    :param argv: the arguments, or None for those of the process
    """
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        return _run(words)
    except BrokenPipeError:
        _silence(sys.stdout)
        return status.BROKEN_PIPE
    except KeyboardInterrupt:
        return status.INTERRUPTED


def _run(words: list[str]) -> int:
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A name that the terminal cannot show is no reason to stop.
            stream.reconfigure(errors='backslashreplace')
    try:
        arguments = _parser(words).parse_args(words)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else status.BAD_INPUT
    try:
        result: int = arguments.run(arguments)
        sys.stdout.flush()
        return result
    except errors.BadInput as error:
        for problem in error.problems:
            print(problem, file=sys.stderr)
        return status.BAD_INPUT
    except BrokenPipeError:
        raise
    except Exception as error:
        if arguments.debug:
            traceback.print_exc()
        print(
            f'unexpected {type(error).__name__}: {_one_line(error)} '
            '(--debug shows where)',
            file=sys.stderr,
        )
        return status.UNEXPECTED


def _parser(words: list[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog='watcher-rearrange',
        description='Plan and check safe rearrangements of instances.',
        epilog=_STATUSES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        '--version', action=_Version, nargs=0, help='show the version'
    )
    commands = parser.add_subparsers(
        metavar='COMMAND', required=True, title='commands'
    )
    for name, text in COMMANDS.items():
        command = commands.add_parser(
            name, help=text, description=text, allow_abbrev=False
        )
        if name in words:
            _configure(name, command)
    return parser


def _configure(name: str, parser: argparse.ArgumentParser) -> None:
    module = importlib.import_module(f'watcher_rearrange.cli.{name}')
    module.configure(parser)
    parser.add_argument(
        '-f',
        '--format',
        choices=('table', 'json', 'yaml'),
        default='table',
        help='what standard output is to be (default: table)',
    )
    parser.add_argument(
        '--debug',
        action='store_true',
        help='show the traceback of an unexpected error',
    )
    parser.set_defaults(run=module.run)


class _Version(argparse.Action):
    """Looks the version up only when it is asked for."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        from importlib import metadata

        try:
            version = metadata.version('watcher-rearrange')
        except metadata.PackageNotFoundError:
            version = 'unknown'
        print(f'{parser.prog} {version}')
        parser.exit()


def _one_line(error: Exception) -> str:
    return ' '.join(str(error).split())


def _silence(stream: Any) -> None:
    """Keep the interpreter from writing what nobody reads at its end."""
    with contextlib.suppress(OSError, ValueError):
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, stream.fileno())
        os.close(null)


if __name__ == '__main__':
    sys.exit(main())
