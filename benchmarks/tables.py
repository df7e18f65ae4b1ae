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

"""Plain text tables."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Sequence


def text(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return a table: the first column to the left, the others right.

    None is shown as a dash, a float with two decimals.
    """
    cells = [list(header), *([_cell(v) for v in row] for row in rows)]
    widths = [max(len(row[k]) for row in cells) for k in range(len(header))]
    lines = [_line(row, widths) for row in cells]
    lines.insert(1, '  '.join('-' * width for width in widths))
    return '\n'.join(lines)


def print_csv(header: str, rows: Iterable[Sequence[object]]) -> None:
    """Print a table as the documentation has it, each row when it is there."""
    print(f'.. csv-table::\n   :header: {header}\n')
    for row in rows:
        print('   ' + ', '.join(map(str, row)), flush=True)


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    first = row[0].ljust(widths[0])
    rest = [v.rjust(w) for v, w in zip(row[1:], widths[1:], strict=True)]
    return '  '.join([first, *rest])


def _cell(value: object) -> str:
    if value is None:
        return '-'
    if isinstance(value, float):
        return f'{value:.2f}'
    return str(value)
