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

"""Rules of a policy that a migration breaks whenever it is made."""

from __future__ import annotations

import datetime

from collections import Counter
from collections.abc import Collection
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from typing import Any

from watcher_rearrange.checker.actions import Action
from watcher_rearrange.checker.policy_placement import outside
from watcher_rearrange.checker.policy_rules import Rule
from watcher_rearrange.checker.violation import Violation


# The kinds of rules that one migration alone can break.
KINDS = ('fence', 'ban', 'only', 'root', 'quiet_hours')

# No date is so far away that there is none.
_LONGEST_S = 10 * 366 * 86400.0

_DAYS = ('Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun')


@dataclass(frozen=True)
class Circumstances:
    """What a policy depends on besides the snapshot.

    :ivar now: when the plan begins, with its time zone; None if quiet hours
        are not to be judged
    :ivar migrated: how often instances have migrated in the last 24 hours,
        by uuid
    """

    now: datetime.datetime | None = None
    migrated: Mapping[str, int] = field(default_factory=dict)


def moved(
    rule: Rule, action: Action, now: datetime.datetime | None
) -> Iterator[Violation]:
    """What a migration breaks of a rule, alone."""
    member = action.instance in rule.members
    things = (rule.name, action.instance)
    if rule.kind in ('fence', 'ban'):
        if member and outside(rule, action.destination):
            yield Violation(rule.id, (*things, action.destination))
    elif rule.kind == 'only':
        if not member:
            yield Violation(rule.id, things)
    elif rule.kind == 'root':
        if member:
            yield Violation(rule.id, things)
    elif rule.kind == 'quiet_hours' and member and now is not None:
        starts_s = min(max(action.starts_s, 0.0), _LONGEST_S)
        begin = now + datetime.timedelta(seconds=starts_s)
        yield from _quiet(rule, things, begin)


def overspent(
    rule: Rule,
    actions: Sequence[Action],
    snapshot: dict[str, Any],
    migrated: Mapping[str, int],
    under_way: Collection[str] = (),
) -> Iterator[Violation]:
    """Budgets that the migrations of a plan exceed.

    :param under_way: instances that migrate already
    """
    owners = _owners(rule, snapshot)
    counts: Counter[str] = Counter()
    for action in actions:
        counts.update(owners.get(action.instance, ()))
    spent = Counter(counts)
    for uuid in under_way:
        spent.update(owners.get(uuid, ()))
    for uuid, count in migrated.items():
        for owner in owners.get(uuid, ()):
            spent[owner] += count
    most = int(rule.data['migrations'])
    for owner in counts:
        if spent[owner] > most:
            things = (rule.name, owner)
            unit = 'migrations'
            yield Violation(rule.id, things, spent[owner], most, unit)


def _owners(rule: Rule, snapshot: dict[str, Any]) -> dict[str, list[str]]:
    """Whose budgets a migration of each instance is charged to."""
    each = rule.data.get('each')
    if each is None:
        return {uuid: ['all'] for uuid in rule.members}
    if each == 'project':
        return {
            data['uuid']: [data.get('project_id') or '']
            for data in snapshot['instances']
            if data['uuid'] in rule.members
        }
    owners: dict[str, list[str]] = {}
    for group in snapshot.get('server_groups') or ():
        for uuid in rule.members.intersection(group['members']):
            owners.setdefault(uuid, []).append(group['uuid'])
    return owners


def _quiet(
    rule: Rule, things: tuple[str, ...], now: datetime.datetime
) -> Iterator[Violation]:
    utc = now.astimezone(datetime.timezone.utc)
    for text in rule.data['hours']:
        if _covers(text, utc):
            shown = utc.strftime('%a %H:%M')
            yield Violation(rule.id, things, shown, text, 'UTC')


def _covers(text: str, utc: datetime.datetime) -> bool:
    """Whether hours that began today or yesterday go on at the moment."""
    words = text.split()
    start, end = words[-1].split('-')
    clock = utc.strftime('%H:%M')
    today = _named(words[0] if len(words) > 1 else 'Mon-Sun', utc.weekday())
    if start < end:
        return today and start <= clock < end
    before = (utc.weekday() - 1) % 7
    yesterday = _named(words[0] if len(words) > 1 else 'Mon-Sun', before)
    return today and clock >= start or yesterday and clock < end


def _named(days: str, day: int) -> bool:
    first, _, last = days.partition('-')
    start, end = _DAYS.index(first), _DAYS.index(last or first)
    return (day - start) % 7 <= (end - start) % 7
