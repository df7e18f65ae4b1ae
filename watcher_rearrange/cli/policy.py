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

"""``policy``: check, test and describe policy files."""

from __future__ import annotations

import argparse
import sys

from watcher_rearrange.cli import inputs
from watcher_rearrange.cli import output
from watcher_rearrange.cli import status
from watcher_rearrange.model import errors


_TIME_LIMIT_S = 60.0

# By verb: how many files at least and at most, and what they are.
_FILES = {
    'check': (1, 2, 'FILE [SNAPSHOT]'),
    'test': (1, 1, 'FILE'),
    'schema': (0, 0, ''),
}


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = (
        'check FILE [SNAPSHOT]  is the file sound, and what does it mean for\n'
        '                       the cluster; FILE may be a folder of files\n'
        'test FILE              does it say what these tests expect of it\n'
        'schema                 the JSON schema of policy files'
    )
    parser.add_argument('verb', choices=tuple(_FILES))
    parser.add_argument('files', metavar='FILE', nargs='*')
    parser.add_argument(
        '--time-limit',
        type=inputs.seconds,
        default=_TIME_LIMIT_S,
        metavar='SECONDS',
        help='how long to look for contradictions, and how long for a repair '
        '(default: %(default)g)',
    )


def run(arguments: argparse.Namespace) -> int:
    """Do what the verb says; the status tells whether all is well."""
    least, most, what = _FILES[arguments.verb]
    if not least <= len(arguments.files) <= most:
        raise errors.BadInput(
            [f'policy {arguments.verb}: takes {what or "no file"}']
        )
    if arguments.verb == 'schema':
        return _schema(arguments)
    if arguments.verb == 'test':
        from watcher_rearrange.cli import policy_test

        return policy_test.run(arguments)
    from watcher_rearrange.cli import policy_check

    return policy_check.run(arguments)


def _schema(arguments: argparse.Namespace) -> int:
    from watcher_rearrange.policies.file import publishing
    from watcher_rearrange.policies.file import schema

    if arguments.format == 'yaml':
        sys.stdout.write(output.yaml_text(schema.schema()))
    else:
        # A schema has no other form for a terminal.
        sys.stdout.write(publishing.text())
    return status.DONE
