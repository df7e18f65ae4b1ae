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

import dataclasses

from collections import Counter
from collections.abc import Iterable
from collections.abc import Mapping

from watcher_rearrange.model import records as model
from watcher_rearrange.model.plan import Plan
from watcher_rearrange.policies.file import records
from watcher_rearrange.policies.file import selection


@dataclasses.dataclass(frozen=True)
class _Budget:
    """What is left to whom.

    :ivar name: of the rule
    """

    name: str
    left: int
    members: frozenset[str]

    def used(self, counts: Mapping[str, int]) -> int:
        """Return how much some migrations take.

        :param counts: of each instance, by UUID
        """
        return sum(n for uuid, n in counts.items() if uuid in self.members)

    def stay(self, uuids: Iterable[str]) -> dict[str, str]:
        """Return why instances stay."""
        return dict.fromkeys(uuids, f'over the budget of rule {self.name}')


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
        selector = selection.Selector(snapshot)
        self._priority = _priorities(snapshot, policy, selector)
        self._budgets: list[_Budget] = []
        moving = {m.instance for m in snapshot.migrations if m.in_progress}
        for rule in policy.rules:
            if rule.kind == records.BUDGET:
                whom = selector.instances(rule.instances)
                for members in _shares(snapshot, whom, rule.each):
                    done = sum(migrated.get(m, 0) for m in members)
                    done += len(members & moving)
                    left = max(0, rule.migrations - done)
                    self._budgets.append(_Budget(rule.name, left, members))

    def __len__(self) -> int:
        """How many budgets there are."""
        return len(self._budgets)

    def used_up(self) -> dict[str, str]:
        """Return who stays as nothing is left, with the reason."""
        found: dict[str, str] = {}
        for budget in self._budgets:
            if not budget.left:
                found.update(budget.stay(budget.members))
        return found

    def exceeded(self, made: Plan) -> dict[str, str]:
        """Return who stays so that a plan takes no more than there is.

        Of those who move, those of the highest priority are left to, of
        equal ones those who move once only, then the first of the plan.
        Where these take all that there is, nobody else moves either.
        """
        counts = _counts(made)
        kept = self._affordable(counts)
        found: dict[str, str] = {}
        for budget in self._over(counts):
            others = set(budget.members - kept.keys())
            if budget.used(kept) < budget.left:
                others &= counts.keys()
            found.update(budget.stay(others))
        return found

    def exceeded_again(self, made: Plan) -> dict[str, str]:
        """Return the same, where nobody moves in place of others."""
        counts = _counts(made)
        kept = self._affordable(counts)
        found: dict[str, str] = {}
        for budget in self._over(counts):
            found.update(budget.stay(budget.members - kept.keys()))
        return found

    def closed(self, made: Plan) -> dict[str, str]:
        """Return all that have a budget of which a plan takes too much."""
        found: dict[str, str] = {}
        for budget in self._over(_counts(made)):
            found.update(budget.stay(budget.members))
        return found

    def _over(self, counts: Mapping[str, int]) -> list[_Budget]:
        return [one for one in self._budgets if one.used(counts) > one.left]

    def _affordable(self, counts: Mapping[str, int]) -> dict[str, int]:
        """The migrations of those who can move, the first ones first."""
        order = {uuid: k for k, uuid in enumerate(counts)}
        kept: dict[str, int] = {}
        for uuid in sorted(
            counts,
            key=lambda one: (
                -self._priority.get(one, 0.0),
                counts[one],
                order[one],
            ),
        ):
            kept[uuid] = counts[uuid]
            if self._over(kept):
                del kept[uuid]
        return kept


def _counts(made: Plan) -> Counter[str]:
    """How often each instance moves; the first of the plan first."""
    return Counter(one.instance for one in made.actions if one.is_migration)


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
    snapshot: model.Snapshot,
    policy: records.Policy,
    selector: selection.Selector,
) -> dict[str, float]:
    found: dict[str, float] = {}
    for rule in policy.rules:
        if rule.kind == records.PRIORITY:
            for k in selector.instances(rule.instances):
                found.setdefault(snapshot.instances[k].uuid, rule.value)
    return found
