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

"""Drawings of the page: heat maps of the nodes, a timeline of the actions."""

from __future__ import annotations

import html
import math

from watcher_rearrange.model import plan
from watcher_rearrange.report import glyphs
from watcher_rearrange.report import sections
from watcher_rearrange.report.schedule import times
from watcher_rearrange.report.terminal import printable
from watcher_rearrange.report.usage import NodeUsage
from watcher_rearrange.report.usage import Usage


_CELL = 18
_ROW = 14
_LABEL = 260
_SCALE = 700
_TICKS = 5

# The colour of each kind of action.
COLOURS = {
    plan.LIVE_MIGRATE: '#1976d2',
    plan.COLD_MIGRATE: '#6d4c41',
    'displacement': '#f57c00',
    plan.DISABLE_SERVICE: '#616161',
    plan.ENABLE_SERVICE: '#43a047',
}


def escape(text: str) -> str:
    """A text that is nothing but text within a page."""
    return html.escape(printable(text))


def heat_map(state: Usage, resource_class: str) -> str:
    """One square a node, coloured by how full it is of a class."""
    # Twice as wide as high.
    per_row = math.ceil(math.sqrt(2 * len(state.nodes))) or 1
    squares = [
        _square(divmod(k, per_row), usage, resource_class)
        for k, usage in enumerate(state.nodes)
    ]
    height = math.ceil(len(squares) / per_row) * _CELL
    return _svg(per_row * _CELL, height, squares)


def _square(
    position: tuple[int, int], usage: NodeUsage, resource_class: str
) -> str:
    y, x = (k * _CELL for k in position)
    ratio = usage.ratio(resource_class)
    mark = glyphs.mark(usage).strip()
    text = (
        f'{usage.node.hostname}: {resource_class} '
        f'{usage.used.get(resource_class, 0)} of '
        f'{usage.capacity.get(resource_class, 0)} '
        f'({glyphs.percent(ratio)}), {usage.instance_count} instances, '
        f'{usage.node.status}, {usage.node.state}'
    )
    label = (
        f'<text x="{x + _CELL // 2 - 1}" y="{y + 12}" font-size="10" '
        f'text-anchor="middle">{escape(mark)}</text>'
        if mark
        else ''
    )
    return (
        f'<g><title>{escape(text)}</title>'
        f'<rect x="{x}" y="{y}" width="{_CELL - 2}" height="{_CELL - 2}" '
        f'fill="{colour(ratio)}"/>{label}</g>'
    )


def colour(ratio: float) -> str:
    """From pale to dark as it fills, and another colour above full."""
    if ratio > 1:
        return '#7b1fa2'
    if ratio <= 0:
        return '#eceff1'
    # Green at empty over yellow to red at full.
    return f'hsl({120 * (1 - ratio):.0f},65%,{75 - 25 * ratio:.0f}%)'


def timeline(result: plan.Plan, labels: dict[str, str]) -> str:
    """One bar an action, from its earliest start to its end."""
    spans = times(result)
    end = max((stop for _, stop in spans.values()), default=0)
    per_second = _SCALE / end if end else 0
    bars = [
        _bar(row, action, labels, spans[action.id], per_second)
        for row, action in enumerate(result.actions)
    ]
    height = (len(result.actions) + 1) * _ROW
    return _svg(
        _LABEL + _SCALE + 40, height, [*_axis(end, height, per_second), *bars]
    )


def _bar(
    row: int,
    action: plan.Action,
    labels: dict[str, str],
    span: tuple[float, float],
    per_second: float,
) -> str:
    start, stop = span
    y = (row + 1) * _ROW
    subject = (
        f'{labels.get(action.instance, action.instance)} to '
        f'{action.destination}'
        if action.is_migration
        else f'{sections.what(action)} {action.node}'
    )
    text = (
        f'{action.id}: {sections.what(action)} {subject}, '
        f'{sections.number(start, 1)} to {sections.number(stop, 1)} s; '
        f'{action.reason}'
    )
    kind = 'displacement' if action.displacement else action.type
    width = max(2.0, (stop - start) * per_second)
    return (
        f'<g><title>{escape(text)}</title>'
        f'<text x="0" y="{y + 10}" font-size="10">'
        f'{escape(f"{action.id} {subject}"[:42])}</text>'
        f'<rect fill="{COLOURS[kind]}" '
        f'x="{_LABEL + start * per_second:.1f}" y="{y + 2}" '
        f'width="{width:.1f}" height="{_ROW - 4}"/></g>'
    )


def _axis(end: float, height: int, per_second: float) -> list[str]:
    lines = []
    for tick in range(_TICKS + 1 if end else 1):
        second = end * tick / _TICKS
        x = f'{_LABEL + second * per_second:.1f}'
        lines.append(
            f'<line x1="{x}" y1="{_ROW}" x2="{x}" y2="{height}" '
            f'stroke="#ccc"/><text x="{x}" y="10" font-size="10" '
            f'text-anchor="middle">{sections.number(second, 0)} s</text>'
        )
    return lines


def _svg(width: int, height: int, parts: list[str]) -> str:
    return (
        f'<svg width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" role="img">{"".join(parts)}</svg>'
    )
