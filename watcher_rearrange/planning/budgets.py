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

"""Budgets: how many migrations of some instances there may be in a day."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping

from watcher_rearrange.model import records as model
from watcher_rearrange.model.plan import Plan
from watcher_rearrange.policies.file import records
from watcher_rearrange.policies.file import selection


class Budgets:
    """What each budget leaves to whom.

    :param migrated: how many migrations each instance had in the last day,
        by UUID
    """

    def __init__(
        self,
        snapshot: model.Snapshot,
        policy: records.Policy,
        migrated: Mapping[str, int],
    ) -> None:
        self._priority = _priorities(snapshot, policy)
        self._budgets: list[tuple[str, int, frozenset[str]]] = []
        selector = selection.Selector(snapshot)
        moving = {m.instance for m in snapshot.migrations if m.in_progress}
        for rule in policy.rules:
            if rule.kind == records.BUDGET:
                whom = selector.instances(rule.instances)
                for members in _shares(snapshot, whom, rule.each):
                    done = sum(migrated.get(m, 0) for m in members)
                    done += len(members & moving)
                    left = max(0, rule.migrations - done)
                    self._budgets.append((rule.name, left, members))

    def used_up(self) -> dict[str, str]:
        """Return who stays as nothing is left."""
        return self._staying(lambda left: left == 0)

    def everybody(self) -> dict[str, str]:
        """Return all that have a budget."""
        return self._staying(lambda left: True)

    def exceeded(self, made: Plan) -> dict[str, str]:
        """Return who stays so that no more than the budgets is used."""
        found: dict[str, str] = {}
        movers = [a.instance for a in made.actions if a.instance]
        movers.sort(key=lambda uuid: -self._priority.get(uuid, 0.0))
        for name, left, members in self._budgets:
            mine = [uuid for uuid in movers if uuid in members]
            if len(mine) > left:
                kept = set(mine[:left])
                found.update(dict.fromkeys(members - kept, _over_budget(name)))
        return found

    def _staying(self, chosen: Callable[[int], bool]) -> dict[str, str]:
        return {
            member: _over_budget(name)
            for name, left, members in self._budgets
            if chosen(left)
            for member in members
        }


def _over_budget(name: str) -> str:
    return f'over the budget of rule {name}'


def _shares(
    snapshot: model.Snapshot, whom: Iterable[int], each: str
) -> list[frozenset[str]]:
    """Who has a budget together."""
    chosen = [snapshot.instances[k] for k in whom]
    uuids = frozenset(one.uuid for one in chosen)
    if each == 'project':
        projects: dict[str, set[str]] = {}
        for one in chosen:
            projects.setdefault(one.project_id, set()).add(one.uuid)
        return [frozenset(members) for members in projects.values()]
    if each == 'server_group':
        groups = snapshot.server_groups
        return [uuids.intersection(group.members) for group in groups]
    return [uuids]


def _priorities(
    snapshot: model.Snapshot, policy: records.Policy
) -> dict[str, float]:
    found: dict[str, float] = {}
    selector = selection.Selector(snapshot)
    for rule in policy.rules:
        if rule.kind == records.PRIORITY:
            for k in selector.instances(rule.instances):
                found.setdefault(snapshot.instances[k].uuid, rule.value)
    return found
