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

"""The cluster as meters in the terminal."""

from __future__ import annotations

import dataclasses
import textwrap

from watcher_rearrange.model import records
from watcher_rearrange.report import glyphs
from watcher_rearrange.report.layouts import Cells
from watcher_rearrange.report.layouts import HeatMap
from watcher_rearrange.report.layouts import Lines
from watcher_rearrange.report.terminal import Terminal
from watcher_rearrange.report.usage import Usage


@dataclasses.dataclass(frozen=True)
class Meters:
    """Draws snapshots for a terminal.

    :ivar max_rows: the lines that the nodes may take; the most detailed
        layout that keeps to it is used, else the densest one
    """

    terminal: Terminal
    max_rows: int = 60

    def render(
        self, before: records.Snapshot, after: records.Snapshot | None = None
    ) -> str:
        """Draw one state of a cluster, or two side by side.

        Both have the same compute nodes in the same order.
        """
        states = [Usage.of(before)]
        if after is not None:
            states.append(Usage.of(after))
        layouts = (
            Lines(self.terminal, states),
            Cells(self.terminal, states),
            HeatMap(self.terminal, states),
        )
        layout = next(
            (item for item in layouts if item.row_count() <= self.max_rows),
            layouts[-1],
        )
        return '\n'.join(
            [*layout.render(), '', glyphs.LEGEND, *self._summary(states)]
        )

    def _summary(self, states: list[Usage]) -> list[str]:
        titles = ('before: ', 'after:  ') if len(states) > 1 else ('',)
        return [
            line
            for title, state in zip(titles, states, strict=True)
            for line in textwrap.wrap(
                title + _totals(state),
                self.terminal.width,
                subsequent_indent=' ' * len(title),
            )
        ]


def _totals(state: Usage) -> str:
    nodes = [usage.node for usage in state.nodes]
    counts = (
        (sum(n.status != records.ENABLED for n in nodes), 'disabled'),
        (sum(n.state != records.UP for n in nodes), 'down'),
        (sum(usage.empty for usage in state.nodes), 'empty'),
    )
    special = ', '.join(f'{count} {what}' for count, what in counts)
    shares = ', '.join(
        f'{rc} {glyphs.percent(state.ratio(rc))}'
        for rc in state.resource_classes
    )
    return (
        f'{len(nodes)} nodes ({special}), {state.instance_count} instances'
        + (f'; in use: {shares}' if shares else '')
    )
