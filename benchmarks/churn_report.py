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

"""The figures of a run with changes, for people."""

from __future__ import annotations

import datetime
import statistics

from typing import Any


def text(document: dict[str, Any]) -> str:
    """Return the figures of one run."""
    pairs = document['again']
    idle = [pair for pair in pairs if not pair['near']]
    lines = [
        f'{name}: {_counts(document[name])}'
        for name in (
            'changes',
            'plans',
            'actions',
            'not_done',
            'migrations',
            'overloads',
        )
    ]
    lines += [
        f'plans without actions: {document["plans_without_actions"]}',
        f'refused to Watcher: {sum(row[-1] for row in document["refused"])}, '
        f'to the changes: {document["refused_to_churn"]}',
        f'moves: {document["moves"]}; again by a later plan: {len(pairs)}',
        f'  without a change on their hosts: {len(idle)}',
        f'  without any change: {sum(not pair["changes"] for pair in pairs)}',
        *(_back(pair) for pair in pairs if pair['back']),
        _imbalance(document['imbalance']),
        'after the changes:',
        *(f'  {state}: {message}' for state, message in document['after']),
    ]
    return '\n'.join(lines)


def _back(pair: dict[str, Any]) -> str:
    first, second = map(datetime.datetime.fromisoformat, pair['planned'])
    return (
        f'  back to {pair["hosts"][0]} after '
        f'{(second - first).total_seconds():.0f} s, {pair["changes"]} '
        f'changes, {pair["near"]} of them on their hosts'
    )


def _counts(counts: dict[str, int]) -> str:
    return ', '.join(f'{n} {name}' for name, n in counts.items()) or 'none'


def _imbalance(looks: list[list[float]]) -> str:
    values = [value for _, value in looks]
    return (
        f'imbalance: median {statistics.median(values):.1f}, '
        f'most {max(values):.1f}, at the end {values[-1]:.1f} points'
    )
