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

"""``report``: a plan as one page."""

from __future__ import annotations

import argparse
import os

from watcher_rearrange.cli import inputs
from watcher_rearrange.cli import output
from watcher_rearrange.cli import status
from watcher_rearrange.snapshot import reader
from watcher_rearrange.snapshot import writer


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    inputs.add_snapshot(parser)
    inputs.add_plan(parser)
    parser.add_argument(
        '--title', default='Rearrangement plan', help='title of the page'
    )
    output.add_file(parser, 'FILE.html', 'the page', required=True)


def run(arguments: argparse.Namespace) -> int:
    """Write the page."""
    output.require_writable(arguments.output)
    inputs.require_one_stdin(arguments.snapshot, arguments.plan)
    snapshot = reader.read_snapshot(inputs.source(arguments.snapshot))
    plan = reader.read_plan(inputs.source(arguments.plan), snapshot)

    from watcher_rearrange.report import html_page

    page = html_page.render_page(snapshot, plan, arguments.title)
    writer.write_text(page, arguments.output)
    path = os.path.abspath(arguments.output)
    output.show(arguments, {'page': path}, lambda: f'wrote {path}')
    return status.DONE
