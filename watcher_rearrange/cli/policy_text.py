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

"""What ``policy check`` and ``policy test`` print in a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


# Of what breaks a rule, so much is shown.
MOST_SHOWN = 5


def checked(found: dict[str, Any]) -> str:
    """A line for each thing that was found."""
    return '\n'.join(_checked(found))


def tested(found: dict[str, Any]) -> str:
    """A line for each test, and for each expectation that failed."""
    lines = []
    for test in found['tests']:
        lines.append(f'{"ok" if test["ok"] else "FAILED"}: {test["name"]}')
        lines += [f'  {problem}' for problem in test['problems']]
    failed = sum(not test['ok'] for test in found['tests'])
    lines.append(f'{len(found["tests"])} tests, {failed} failed')
    return '\n'.join(lines)


def _checked(found: dict[str, Any]) -> Iterator[str]:
    for one in found.get('unused', ()):
        what = one['selection']
        matches = 'matches no aggregate' if what == 'over' else 'match nothing'
        yield f'rule {one["rule"]}: {what} {matches}'
    for names in found.get('contradictions', ()):
        if len(names) == 1:
            yield f'rule {names[0]} can never hold'
        else:
            yield f'can never hold together: {", ".join(names)}'
    for names in found.get('crowded', ()):
        if len(names) == 1:
            yield f'rule {names[0]} can never hold: there is no room'
        else:
            yield f'no room to hold together: {", ".join(names)}'
    if found.get('undecided'):
        names = ', '.join(found['undecided'])
        yield f'not known whether these can hold together: {names}'
    for one in found.get('violated', ()):
        yield from _violated(one)
    if found.get('repair'):
        yield from _repair(found['repair'])
    yield f'{found["rules"]} rules, {"fine" if found["ok"] else "not fine"}'


def _violated(rule: dict[str, Any]) -> Iterator[str]:
    weight = '' if rule['must'] else f' (should, weight {rule["weight"]:g})'
    violations = rule['violations']
    for violation in violations[:MOST_SHOWN]:
        yield f'violated{weight}: {violation["message"]}'
    if left := len(violations[MOST_SHOWN:]):
        yield f'violated{weight}: rule {rule["rule"]}: {left} more'


def _repair(repair: dict[str, Any]) -> Iterator[str]:
    path = repair['path'] or {}
    yield (
        f'repair: {repair["status"]}, {path.get("migrations", 0)} migrations, '
        f'{path.get("migrated_mb", 0)} MiB'
    )
    yield from repair['messages']
