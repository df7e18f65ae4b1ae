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

"""What the demonstration shows of Watcher's records."""

from __future__ import annotations

import collections
import sys

from collections.abc import Iterable
from typing import Any

import prettytable

from watcher_rearrange.report.meters import Meters
from watcher_rearrange.report.terminal import Terminal
from watcher_rearrange.snapshot import reader


Record = dict[str, Any]

# Actions shown of a plan; the rest is counted.
MOST_ACTIONS = 24


def heading(text: str) -> None:
    """Print a heading."""
    print(f'\n=== {text}\n', flush=True)


def table(names: Iterable[str], rows: Iterable[Iterable[Any]]) -> None:
    """Print a table."""
    shown = prettytable.PrettyTable(list(names))
    shown.align = 'l'
    for row in rows:
        shown.add_row(list(row))
    print(shown, flush=True)


def plan(actions: list[Record]) -> None:
    """Print the actions: who moves where, why, and in which wave."""
    ordered = sorted(actions, key=lambda a: a['input_parameters']['wave'])
    table(
        ('wave', 'what', 'who', 'from', 'to', 'waits for (count)', 'why'),
        (_action_row(action) for action in ordered[:MOST_ACTIONS]),
    )
    left = len(ordered) - MOST_ACTIONS
    if left > 0:
        kinds = collections.Counter(
            _what(action['input_parameters'])
            for action in ordered[MOST_ACTIONS:]
        )
        parts = ', '.join(f'{n} x {kind}' for kind, n in kinds.items())
        print(f'... and {left} more: {parts}')


def indicators(record: Record) -> None:
    """Print what an action plan promises, as Horizon shows it."""
    for heading, items in (
        ('global efficacy', record['global_efficacy']),
        ('efficacy indicator', record['efficacy_indicators']),
    ):
        table(
            (heading, 'value', 'unit'),
            (
                (item['name'], f'{item["value"]:g}', item['unit'] or '')
                for item in items
            ),
        )


def meters(before: Record, after: Record) -> None:
    """Print the cluster before and after."""
    drawn = Meters(Terminal.of(sys.stdout), max_rows=48).render(
        reader.snapshot_from_document(before),
        reader.snapshot_from_document(after),
    )
    print(drawn, flush=True)


class Progress:
    """Says how far an action plan is, on one line if it can."""

    def __init__(self) -> None:
        self._last = ''

    def __call__(self, actions: list[Record]) -> None:
        """Show the states of the actions."""
        count = collections.Counter(action['state'] for action in actions)
        done = len(actions) - count['PENDING'] - count['ONGOING']
        parts = ', '.join(f'{n} {state}' for state, n in sorted(count.items()))
        text = f'{done:4}/{len(actions)} done: {parts}'
        if text == self._last:
            return
        if sys.stdout.isatty():
            print(f'\r{text:<78}', end='', flush=True)
        else:
            print(text, flush=True)
        self._last = text


def _what(given: Record) -> str:
    if 'migration_type' in given:
        return f'{given["migration_type"]} migration'
    return f'service {given["state"]}'


def _action_row(action: Record) -> tuple[Any, ...]:
    given = action['input_parameters']
    return (
        given['wave'],
        _what(given),
        given['resource_name'],
        given.get('source_node', ''),
        given.get('destination_node', ''),
        len(given['depends_on']) or '',
        given['reason'],
    )
