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

"""Three layouts of the meters, from detailed to dense.

Each takes one state of the cluster or two (before and after), of the same
nodes in the same order.
"""

from __future__ import annotations

import math

from watcher_rearrange.report import glyphs
from watcher_rearrange.report.terminal import Terminal
from watcher_rearrange.report.usage import NodeUsage
from watcher_rearrange.report.usage import Usage


_MIN_BAR = 4
_GOOD_BAR = 8
_MAX_BAR = 30
_MAX_CELL_CLASSES = 4
_COUNT_WIDTH = 5
_PERCENT_WIDTH = 4


class _Layout:
    """What the three have in common."""

    max_name = 20

    def __init__(self, terminal: Terminal, states: list[Usage]) -> None:
        self.terminal = terminal
        self.states = states
        self.nodes = list(zip(*(state.nodes for state in states), strict=True))
        self.names = glyphs.short_names(
            [usage.node.hostname for usage in states[0].nodes], self.max_name
        )
        self.name_width = max(map(len, self.names), default=0)
        self.classes = states[0].resource_classes
        self.arrow = '→' if terminal.blocks else '>'

    def level(self, usage: NodeUsage, resource_class: str) -> str:
        ratio = usage.ratio(resource_class)
        text = glyphs.level(ratio, self.terminal.blocks)
        return self.terminal.paint(text, ratio)


class Lines(_Layout):
    """A node a line: for each class a bar and a percentage."""

    def __init__(self, terminal: Terminal, states: list[Usage]) -> None:
        super().__init__(terminal, states)
        count = len(self.classes)
        while count > 1 and not self._roomy(count):
            count -= 1
        self.classes = self.classes[:count]
        self.bar_width = max(1, self._bar_width(count))

    def _roomy(self, class_count: int) -> bool:
        least = _GOOD_BAR if class_count > 2 else _MIN_BAR
        return self._bar_width(class_count) >= least

    def _bar_width(self, class_count: int) -> int:
        """What is left of the line for each bar."""
        halves = len(self.states)
        room = self.terminal.width - self.name_width - 3 * (halves - 1)
        half = room // halves - 2 - _COUNT_WIDTH
        return min(_MAX_BAR, half // max(1, class_count) - _PERCENT_WIDTH - 2)

    def row_count(self) -> int:
        """How many lines the nodes take."""
        return len(self.nodes)

    def render(self) -> list[str]:
        """The lines, with a heading."""
        return [*self._heading(), *map(self._line, self.names, self.nodes)]

    def _heading(self) -> list[str]:
        width = self.bar_width + _PERCENT_WIDTH + 1
        columns = ' '.join(rc[:width].ljust(width) for rc in self.classes)
        half = f'  {columns}' + 'inst'.rjust(_COUNT_WIDTH)
        margin = ' ' * self.name_width
        lines = [margin + '   '.join([half] * len(self.states))]
        if len(self.states) > 1:
            titles = '   '.join(
                t.ljust(len(half)) for t in ('  before', '  after')
            )
            lines.insert(0, margin + titles)
        return [line.rstrip() for line in lines]

    def _line(self, name: str, usages: tuple[NodeUsage, ...]) -> str:
        halves = [self._half(usage) for usage in usages]
        between = f' {self.arrow} ' if _changed(usages) else '   '
        return name.ljust(self.name_width) + between.join(halves)

    def _half(self, usage: NodeUsage) -> str:
        meters = ' '.join(self._meter(usage.ratio(rc)) for rc in self.classes)
        count = str(usage.instance_count).rjust(_COUNT_WIDTH)
        return f'{glyphs.mark(usage)} {meters}{count}'

    def _meter(self, ratio: float) -> str:
        text = glyphs.bar(ratio, self.bar_width, self.terminal.blocks)
        number = glyphs.percent(ratio).rjust(_PERCENT_WIDTH)
        return f'{self.terminal.paint(text, ratio)} {number}'


class Cells(_Layout):
    """Several nodes a line: for each class one character."""

    max_name = 12

    def __init__(self, terminal: Terminal, states: list[Usage]) -> None:
        super().__init__(terminal, states)
        halves = len(states)
        self.classes = self.classes[: _MAX_CELL_CLASSES // halves]
        self.cell_width = (
            self.name_width + halves * (1 + len(self.classes)) + halves - 1
        )
        self.per_line = max(1, (terminal.width + 2) // (self.cell_width + 2))

    def row_count(self) -> int:
        """How many lines the nodes take."""
        return math.ceil(len(self.nodes) / self.per_line)

    def render(self) -> list[str]:
        """The lines, with a heading; names run down the columns."""
        cells = list(map(self._cell, self.names, self.nodes))
        rows = self.row_count()
        return [
            'one character each: ' + ', '.join(self.classes),
            *('  '.join(cells[row::rows]) for row in range(rows)),
        ]

    def _cell(self, name: str, usages: tuple[NodeUsage, ...]) -> str:
        halves = [
            glyphs.mark(usage)
            + ''.join(self.level(usage, rc) for rc in self.classes)
            for usage in usages
        ]
        between = self.arrow if _changed(usages) else ' '
        return name.ljust(self.name_width) + between.join(halves)


class HeatMap(_Layout):
    """One character a node, a map for each of the first classes."""

    def __init__(self, terminal: Terminal, states: list[Usage]) -> None:
        super().__init__(terminal, states)
        self.classes = self.classes[:2]
        room = terminal.width - self.name_width - 1
        self.per_line = room - room % 10

    def row_count(self) -> int:
        """How many lines the nodes take."""
        maps = len(self.classes) * len(self.states)
        return maps * (1 + math.ceil(len(self.nodes) / self.per_line))

    def render(self) -> list[str]:
        """The maps, one below the other."""
        titles = ('before', 'after') if len(self.states) > 1 else ('',)
        lines = []
        for resource_class in self.classes:
            for title, state in zip(titles, self.states, strict=True):
                lines.append(f'{resource_class} {title}'.rstrip())
                lines += self._map(state, resource_class)
        return lines

    def _map(self, state: Usage, resource_class: str) -> list[str]:
        return [
            self.names[start].ljust(self.name_width + 1)
            + ''.join(
                self.level(usage, resource_class)
                for usage in state.nodes[start : start + self.per_line]
            )
            for start in range(0, len(state.nodes), self.per_line)
        ]


def _changed(usages: tuple[NodeUsage, ...]) -> bool:
    first, last = usages[0], usages[-1]
    return glyphs.mark(first) != glyphs.mark(last) or (
        (first.instance_count, first.used) != (last.instance_count, last.used)
    )
