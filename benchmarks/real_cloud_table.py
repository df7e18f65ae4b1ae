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

"""Tables of what :mod:`.real_cloud` found."""

from __future__ import annotations

import statistics

from collections.abc import Sequence
from typing import Any


Row = dict[str, Any]

# What should never be there, each a list of what was seen.
FAULTS = (
    'refused',
    'nova failed',
    'failed',
    'skipped',
    'unfinished',
    'overloads',
    'misplaced',
    'misallocated',
    'rules',
)


def faults(row: Row) -> list[str]:
    """Return what went wrong in one run."""
    if 'error' in row:
        return [row['error']]
    found = [f'{name}: {what}' for name in FAULTS for what in row[name]]
    if row['done'] != row['migrations']:
        found.append(f'{row["done"]} of {row["migrations"]} migrations done')
    return found


def line(row: Row) -> str:
    """Return one run, for the eyes of who waits for the next."""
    head = f'{row["number"]:3} {row["method"]:28}'
    if 'error' in row:
        return f'{head} {row["error"]}'
    text = (
        f'{head} {row["migrations"]:3} migrations, {row["done"]:3} done, '
        f'{row["again"]} again, {"/".join(row["states"])}; '
        f'{row["prepare_s"]:.0f} + {row["audit_s"]:.0f} + '
        f'{row["plan_s"]:.0f} s'
    )
    if 'broken before' in row:
        before, after = row['broken before'], row['broken after']
        text += f'; {len(before)} broken, {len(after)} afterwards'
    return '\n      '.join([text, *faults(row)])


def text(rows: Sequence[Row]) -> str:
    """Return a reStructuredText table, a line for each method and size."""
    groups: dict[tuple[int, str, str], list[Row]] = {}
    for row in rows:
        key = (row['nodes'], row['strategy'], row['method'])
        groups.setdefault(key, []).append(row)
    header = (
        'Nodes',
        'Scenarios of',
        'Method',
        'Runs',
        'Errors',
        'Planned',
        'Done',
        *(name.capitalize() for name in FAULTS),
        'Again',
        'Freed',
        'Evacuated',
        'Audit s',
        'Plan s',
    )
    lines = ['.. csv-table::', f'   :header: {", ".join(header)}', '']
    for key in sorted(groups):
        cells = [*map(str, key), *_cells(groups[key])]
        lines.append('   ' + ', '.join(cells))
    return '\n'.join(lines)


def _cells(rows: Sequence[Row]) -> list[str]:
    ended = [row for row in rows if 'error' not in row]
    if not ended:
        return [str(len(rows)), str(len(rows))]
    return [
        str(len(rows)),
        str(len(rows) - len(ended)),
        str(sum(row['migrations'] for row in ended)),
        str(sum(row['done'] for row in ended)),
        *(str(sum(len(row[name]) for row in ended)) for name in FAULTS),
        str(sum(row['again'] or 0 for row in ended)),
        str(sum(r['used before'] - r['used after'] for r in ended)),
        f'{sum(r["evacuated"] for r in ended)} of '
        f'{sum(r["asked"] for r in ended)}',
        f'{statistics.median(r["audit_s"] for r in ended):.1f}',
        f'{statistics.median(r["plan_s"] for r in ended):.0f}',
    ]
