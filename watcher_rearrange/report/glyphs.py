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

"""Bars, cells and marks out of characters."""

from __future__ import annotations

from watcher_rearrange.model import records
from watcher_rearrange.report.terminal import printable
from watcher_rearrange.report.usage import NodeUsage


LEGEND = 'D disabled   ! down   - empty   d disabled and empty'

_EIGHTHS = ' ▏▎▍▌▋▊▉'
_LEVELS = '▁▂▃▄▅▆▇█'


def bar(ratio: float, width: int, blocks: bool) -> str:
    """A bar of a width, filled by a ratio; what is above 1 is cut."""
    share = min(ratio, 1.0) * width
    full = int(share)
    if not blocks:
        # Whatever is in use shows.
        full = min(width, full or int(ratio > 0))
        return '#' * full + '.' * (width - full)
    part = _EIGHTHS[int((share - full) * 8)]
    filled = '█' * full + (part if part != ' ' else '')
    return filled + '·' * (width - len(filled))


def level(ratio: float, blocks: bool) -> str:
    """One character for how full: a block, or tenths ('F' is full)."""
    if ratio > 1:
        return '!'
    if ratio <= 0:
        return '·' if blocks else '.'
    if blocks:
        return _LEVELS[min(7, int(ratio * 8))]
    return 'F' if ratio == 1 else str(int(ratio * 10))


def percent(ratio: float) -> str:
    """At most four characters; only what is just full is 100%."""
    if ratio >= 9.995:
        return '>999'
    number = round(ratio * 100)
    if number == 100 and ratio != 1:
        number = 101 if ratio > 1 else 99
    return f'{number}%'


def mark(usage: NodeUsage) -> str:
    """One character for the state of a node; see :data:`LEGEND`."""
    if usage.node.state != records.UP:
        return '!'
    if usage.node.status != records.ENABLED:
        return 'd' if usage.empty else 'D'
    return '-' if usage.empty else ' '


def short_names(hostnames: list[str], width: int) -> list[str]:
    """Names of at most a width: first the domain goes, then the start."""
    names = [printable(name) for name in hostnames]
    hosts = [name.partition('.')[0] for name in names]
    if len(set(hosts)) == len(names) and all(hosts):
        names = hosts
    return [
        name if len(name) <= width else '~' + name[len(name) - width + 1 :]
        for name in names
    ]
