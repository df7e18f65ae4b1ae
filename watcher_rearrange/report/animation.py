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

"""A plan step by step: one frame a wave."""

from __future__ import annotations

from collections.abc import Iterator

from watcher_rearrange.model import plan
from watcher_rearrange.model import records
from watcher_rearrange.report import sections
from watcher_rearrange.report.meters import Meters
from watcher_rearrange.report.schedule import Wave
from watcher_rearrange.report.schedule import waves
from watcher_rearrange.report.terminal import Terminal
from watcher_rearrange.report.terminal import printable


_MAX_LISTED = 8
# Heading, more actions than listed, legend and summary.
_OTHER_LINES = 8


def frames(
    snapshot: records.Snapshot, result: plan.Plan, terminal: Terminal
) -> Iterator[str]:
    """Screens that fit a terminal: the cluster, then it after each wave."""
    rows = terminal.height - _MAX_LISTED - _OTHER_LINES
    meters = Meters(terminal, max_rows=max(1, rows))
    labels = sections.instance_labels(snapshot)
    count = _count(result)
    yield f'before the plan\n\n{meters.render(snapshot)}'
    for wave in waves(snapshot, result):
        lines = [
            line[: terminal.width] for line in _listed(wave, labels, terminal)
        ]
        more = len(lines) - _MAX_LISTED
        if more > 0:
            lines[_MAX_LISTED:] = [f'  and {more} more']
        lines.insert(0, _heading(wave, count))
        yield '\n'.join([*lines, '', meters.render(wave.before, wave.after)])


def listing(
    snapshot: records.Snapshot, result: plan.Plan, terminal: Terminal
) -> Iterator[str]:
    """Each wave once with all of its actions, then the cluster."""
    labels = sections.instance_labels(snapshot)
    count = _count(result)
    state = snapshot
    for wave in waves(snapshot, result):
        lines = _listed(wave, labels, terminal)
        yield '\n'.join([_heading(wave, count), *lines])
        state = wave.after
    yield '\n' + Meters(terminal).render(snapshot, state)


def _count(result: plan.Plan) -> int:
    return max(result.waves().values(), default=0)


def _heading(wave: Wave, count: int) -> str:
    return f'wave {wave.number} of {count}: {len(wave.actions)} actions'


def _listed(
    wave: Wave, labels: dict[str, str], terminal: Terminal
) -> list[str]:
    arrow = '→' if terminal.blocks else '->'
    return [
        '  '
        + (
            f'{labels.get(a.instance, printable(a.instance))}: '
            f'{printable(a.source)} {arrow} {printable(a.destination)} '
            f'({sections.what(a)})'
            if a.is_migration
            else f'{printable(a.node)}: {sections.what(a)}'
        )
        for a in wave.actions
    ]
