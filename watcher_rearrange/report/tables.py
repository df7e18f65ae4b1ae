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

"""A plan as tables of text."""

from __future__ import annotations

import prettytable

from watcher_rearrange.model import plan
from watcher_rearrange.model import records
from watcher_rearrange.report.sections import Section
from watcher_rearrange.report.sections import plan_sections
from watcher_rearrange.report.terminal import printable


_REASON_WIDTH = 50


def render_plan(snapshot: records.Snapshot, result: plan.Plan) -> str:
    """The tables of a plan, its messages, and at the end its status."""
    blocks = [
        f'{section.title}\n{table(section).get_string()}'
        for section in plan_sections(snapshot, result)
    ]
    if result.messages:
        lines = '\n'.join(f'- {printable(text)}' for text in result.messages)
        blocks.append(f'Messages\n{lines}')
    blocks.append(f'Status: {status_text(result)}')
    return '\n\n'.join(blocks)


def status_text(result: plan.Plan) -> str:
    """The status of a plan and what it means."""
    meaning = {
        plan.Status.OPTIMAL: 'no better plan exists',
        plan.Status.FEASIBLE: 'a better plan may exist',
        plan.Status.NO_CHANGE: (
            'nothing to do, or nothing that may be done now'
        ),
        plan.Status.INFEASIBLE: 'no plan exists',
        plan.Status.TIME_LIMIT: 'no plan was found in the time given',
    }
    return f'{result.status.value}: {meaning[result.status]}'


def table(section: Section) -> prettytable.PrettyTable:
    """One section as a table."""
    result = prettytable.PrettyTable(list(section.columns))
    for column in section.columns:
        result.align[column] = 'r' if column in section.numeric else 'l'
    if 'reason' in section.columns:
        result.max_width['reason'] = _REASON_WIDTH
    result.add_rows([list(row) for row in section.rows])
    return result
