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

"""``show``: the cluster as meters, or what falls with an action."""

from __future__ import annotations

import argparse
import sys

from typing import Any

from watcher_rearrange.cli import inputs
from watcher_rearrange.cli import output
from watcher_rearrange.cli import status
from watcher_rearrange.model import errors
from watcher_rearrange.model import plan as plans
from watcher_rearrange.model import records
from watcher_rearrange.snapshot import reader


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    inputs.add_snapshot(parser)
    inputs.add_plan(parser, optional=True)
    parser.add_argument(
        '--if-fails',
        metavar='ID',
        help='in place of the meters, list the actions of the plan that are '
        'skipped if this one fails',
    )


def run(arguments: argparse.Namespace) -> int:
    """Show the cluster, and what a plan makes of it."""
    inputs.require_one_stdin(arguments.snapshot, arguments.plan)
    if arguments.if_fails is not None and arguments.plan is None:
        raise errors.BadInput(['--if-fails: there is no PLAN'])
    snapshot = reader.read_snapshot(inputs.source(arguments.snapshot))
    after = None
    if arguments.plan is not None:
        source = inputs.source(arguments.plan)
        plan = reader.read_plan(source, snapshot, ordered=False)
        if arguments.if_fails is not None:
            return _show_failure(arguments, snapshot, plan)

        from watcher_rearrange.report.outcome import final_state

        after = final_state(snapshot, plan)

    def text() -> str:
        from watcher_rearrange.report.meters import Meters
        from watcher_rearrange.report.terminal import Terminal

        return Meters(Terminal.of(sys.stdout)).render(snapshot, after)

    output.show(arguments, _document(snapshot, after), text)
    return status.DONE


def _show_failure(
    arguments: argparse.Namespace, snapshot: records.Snapshot, plan: plans.Plan
) -> int:
    """List what falls with an action.

    :raises BadInput: if there is no such action
    """
    failed = arguments.if_fails
    if failed not in {action.id for action in plan.actions}:
        raise errors.BadInput(
            [f'--if-fails: {failed!r} is not an action of the plan']
        )

    def text() -> str:
        from watcher_rearrange.report import sections
        from watcher_rearrange.report import tables

        section = sections.failure_section(snapshot, plan, failed)
        if not section.rows:
            return section.title
        return f'{section.title}\n{tables.table(section).get_string()}'

    names = {i.uuid: i.label for i in snapshot.instances}
    skipped = set(plan.falls_with(failed))
    document = {
        'failed': failed,
        'skipped': [
            {
                'id': action.id,
                'type': action.type,
                'name': names.get(action.instance, action.node),
            }
            for action in plan.actions
            if action.id in skipped
        ],
    }
    output.show(arguments, document, text)
    return status.DONE


def _document(
    before: records.Snapshot, after: records.Snapshot | None
) -> dict[str, Any]:
    from watcher_rearrange.report.usage import Usage

    document = {'before': Usage.of(before).to_dict()}
    if after is not None:
        document['after'] = Usage.of(after).to_dict()
    return document
