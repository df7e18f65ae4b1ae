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

"""``generate``: a synthetic snapshot."""

from __future__ import annotations

import argparse
import dataclasses
import sys

from watcher_rearrange.cli import output
from watcher_rearrange.cli import status
from watcher_rearrange.snapshot import generator
from watcher_rearrange.snapshot import writer


_DEFAULT = generator.GenerateSpec()

_OPTIONS = (
    ('nodes', int, 'N', 'count of compute nodes'),
    ('fill', float, 'F', 'share of the tightest resource class in use, 0-1'),
    ('seed', int, 'S', 'the same seed gives the same cluster'),
    ('instances_per_node', float, 'N', 'mean count, in place of --fill'),
    ('disabled', int, 'N', 'count of nodes whose service is disabled'),
    ('down', int, 'N', 'count of nodes whose service is down'),
    ('locked_pct', float, 'PCT', 'percentage of instances that is locked'),
    ('stopped_pct', float, 'PCT', 'percentage of instances that is stopped'),
    ('groups', int, 'N', 'count of anti-affinity groups'),
    ('azs', int, 'N', 'count of availability zones'),
    ('pinned_pct', float, 'PCT', 'percentage of instances that keep a zone'),
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    for name, kind, metavar, text in _OPTIONS:
        default = getattr(_DEFAULT, name)
        parser.add_argument(
            '--' + name.replace('_', '-'),
            type=kind,
            default=default,
            metavar=metavar,
            help=text + ('' if default is None else f' (default: {default})'),
        )
    parser.add_argument(
        '--heterogeneous',
        action='store_true',
        help='nodes of several sizes instead of one',
    )
    output.add_file(parser, 'SNAPSHOT', 'the snapshot')


def run(arguments: argparse.Namespace) -> int:
    """Generate the snapshot."""
    output.require_writable(arguments.output)
    spec = dataclasses.replace(
        _DEFAULT,
        heterogeneous=arguments.heterogeneous,
        **{name: getattr(arguments, name) for name, *_ in _OPTIONS},
    )
    snapshot = generator.generate(spec)
    document = writer.snapshot_document(snapshot)
    if arguments.output is None:
        if arguments.format == 'table':
            # A snapshot has no other form for a terminal.
            sys.stdout.write(writer.dumps(document))
            return status.DONE
    else:
        writer.write_json(document, arguments.output)
    output.show(
        arguments,
        document,
        lambda: (
            f'wrote {arguments.output}: {len(snapshot.compute_nodes)} nodes, '
            f'{len(snapshot.instances)} instances'
        ),
    )
    return status.DONE
