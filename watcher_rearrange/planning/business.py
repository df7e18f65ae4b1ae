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

"""Planning under a policy file.

A plan respects all rules. Where a node is to be freed, or a rule that must
hold is to be mended, and rules that should hold are in the way, it is planned
without these. What a budget does not permit stays.
"""

from __future__ import annotations

import collections
import dataclasses
import datetime
import enum

from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Mapping
from functools import cached_property

from watcher_rearrange.model import records as model
from watcher_rearrange.model.plan import POLICY_SHOULD
from watcher_rearrange.model.plan import Plan
from watcher_rearrange.model.plan import Status
from watcher_rearrange.model.plan import Violation
from watcher_rearrange.planning import judged
from watcher_rearrange.planning.budgets import Budgets
from watcher_rearrange.policies.file import anchoring
from watcher_rearrange.policies.file import lowering
from watcher_rearrange.policies.file import records


# Plans that are looked at, in each way, until all budgets are kept.
MAX_TRIES = 4

# Rules that gave way of which it is looked whether they have to.
MOST_ASKED_BACK = 4


GAVE_WAY = 'rules that should hold gave way'

# Plans a cluster in a share of the time that is left.
Planner = Callable[[model.Snapshot, float], Plan]


class Search(enum.Enum):
    """What a search does about the rules on who is with whom.

    DIRECTED: it knows them, and what should hold gives way to its aim.
    ANCHORED: it knows none, but keeps what they come to.
    MENDING: the same, but for those that are broken, which it mends first.
    """

    DIRECTED = 'directed'
    ANCHORED = 'anchored'
    MENDING = 'mending'


# Of the time for a plan after which others may follow.
FIRST_SHARE = 0.5


@dataclasses.dataclass(frozen=True)
class Business:
    """What is known beside the cluster where a policy is to be respected.

    :ivar policy: of the policy files
    :ivar now: when the plan begins; None for now
    :ivar migrated: how many migrations each instance had in the last day,
        by UUID
    :ivar whole: the cloud, if the cluster is a part of it
    """

    policy: records.Policy = records.Policy()
    now: datetime.datetime | None = None
    migrated: Mapping[str, int] = dataclasses.field(default_factory=dict)
    whole: model.Snapshot | None = None


class Task:
    """One cluster with all that is known beside it."""

    def __init__(
        self,
        snapshot: model.Snapshot,
        known: Business,
        make: Planner,
        budgets: Budgets,
    ) -> None:
        self._known = known
        self._make = make
        self._budgets = budgets
        self._lowered = lowering.lower(
            snapshot, known.policy, known.now, known.whole
        )
        # Why somebody stays, by UUID.
        self._over_budget: dict[str, str] = {}

    def planned(self, search: Search) -> Plan:
        """Plan with what the search knows."""
        if search is Search.DIRECTED:
            return self.directed()
        return self.anchored(search is Search.MENDING)

    def held(self, among: Collection[str] | None = None) -> list[str]:
        """Return what keeps some from moving for a while, once planned.

        :param among: UUIDs of those who are asked for; None for all
        """
        quiet = {
            lowering.quiet(rule)
            for rule in self._known.policy.rules
            if rule.kind == records.QUIET_HOURS
        }
        stays = {
            one.uuid: one.stays
            for one in self._lowered.instances
            if one.stays in quiet
        }
        return [
            reason
            for found in (stays, self._over_budget)
            for reason in sorted(
                {
                    why
                    for uuid, why in found.items()
                    if among is None or uuid in among
                }
            )
        ]

    def anchored(self, mends: bool) -> Plan:
        """Plan with a search that knows no relations.

        :param mends: it does know those that are broken
        """
        if not self._lowered.relations:
            return self._plan(self._lowered)
        but = judged.broken_relations(self._lowered) if mends else []
        made = self._plan(anchoring.anchored(self._lowered, but))
        return judged.again(self._lowered, _unproved(made))

    def directed(self) -> Plan:
        """Plan with one that does, without some rules if need be."""
        musts = self._known.policy.musts()
        if musts == self._known.policy:
            return self._plan(self._lowered)
        best = self._plan(self._lowered, FIRST_SHARE)
        if not _is_left(best):
            return best
        kept = {rule.name for rule in musts.rules}
        shoulds = frozenset(r.name for r in self._known.policy.rules) - kept
        other = self._plan(self._loosened(shoulds), FIRST_SHARE)
        if _aim(other) >= _aim(best):
            # What is impossible with all rules may be possible with less.
            sure = other.status is best.status
            return best if sure else _unproved(best)
        return self._asked_back(self._judged(other), shoulds)

    def _asked_back(self, best: Plan, shoulds: frozenset[str]) -> Plan:
        """Look whether rules that gave way have to, the heaviest first.

        :param best: where all those that should hold gave way
        :param shoulds: the names of these
        """
        loose, gone = shoulds, _newly_broken(best)
        asked: set[str] = set()
        for count in range(MOST_ASKED_BACK):
            name = self._heaviest(gone.keys() - asked)
            if name is None:
                break
            asked.add(name)
            # Others may give way in its place.
            loosened = self._loosened(loose - {name})
            share = 1.0 / (MOST_ASKED_BACK - count)
            trial = self._judged(self._plan(loosened, share))
            given_up = _newly_broken(trial)
            rank = (_aim(trial), self._weight(given_up))
            if rank < (_aim(best), self._weight(gone)):
                best, gone = trial, given_up
                loose -= {name}
        if not gone:
            return best
        text = f'{GAVE_WAY}: {", ".join(sorted(gone))}'
        return dataclasses.replace(best, messages=(text, *best.messages))

    def _loosened(self, names: Collection[str]) -> model.Snapshot:
        """The cluster where rules with these names give way."""
        lowered = self._lowered
        return dataclasses.replace(
            lowered,
            fences=tuple(f for f in lowered.fences if f.name not in names),
            relations=tuple(
                r for r in lowered.relations if r.name not in names
            ),
            loose_fences=tuple(f for f in lowered.fences if f.name in names),
            loose_relations=tuple(
                r for r in lowered.relations if r.name in names
            ),
        )

    def _plan(self, lowered: model.Snapshot, share: float = 1.0) -> Plan:
        if len(self._budgets):
            # It may have to be planned again.
            share *= FIRST_SHARE

        def make(snapshot: model.Snapshot) -> Plan:
            return self._make(snapshot, share)

        made, stays = _budgeted(lowered, self._budgets, make)
        self._over_budget.update(stays)
        return _unproved(made) if stays else made

    def _judged(self, made: Plan) -> Plan:
        """A plan of a part of the rules, judged by all."""
        return judged.again(self._lowered, _unproved(made))

    def _heaviest(self, names: Collection[str]) -> str | None:
        """The heaviest of some rules; None if there is none."""
        weight = self._weights
        return min(names, key=lambda n: (-weight[n], n), default=None)

    def _weight(self, broken: Mapping[str, int]) -> float:
        return sum(self._weights[name] * n for name, n in broken.items())

    @cached_property
    def _weights(self) -> dict[str, float]:
        return {rule.name: rule.weight for rule in self._known.policy.rules}


def _budgeted(
    lowered: model.Snapshot,
    budgets: Budgets,
    make: Callable[[model.Snapshot], Plan],
) -> tuple[Plan, dict[str, str]]:
    """Return a plan that keeps the budgets, and why who stays for that."""
    stays = budgets.used_up()
    made = make(lowering.with_stays(lowered, stays))
    for who_stays in (
        *(budgets.exceeded,) * MAX_TRIES,
        # Whoever moves in place of others goes over a budget, again and
        # again: then nobody new moves, at last nobody of it at all.
        *(budgets.exceeded_again,) * MAX_TRIES,
        *(budgets.closed,) * len(budgets),
    ):
        more = who_stays(made)
        if not more:
            break
        stays.update(more)
        made = make(lowering.with_stays(lowered, stays))
    return made, stays


def _newly_broken(made: Plan) -> dict[str, int]:
    """By how much it breaks rules that should hold more, by their names."""

    def broken(found: Iterable[Violation]) -> collections.Counter[str]:
        counts: collections.Counter[str] = collections.Counter()
        for one in found:
            if one.rule == POLICY_SHOULD:
                counts[one.things[0]] += int(one.current)
        return counts

    more = broken(made.violations_after)
    more.subtract(broken(made.violations_before))
    return {name: count for name, count in more.items() if count > 0}


def _is_left(made: Plan) -> bool:
    """Whether something of the aim is not reached."""
    return not made.objectives or _aim(made) > 0


def _aim(made: Plan) -> float:
    if not made.objectives:
        return float('inf')
    return made.objectives[0].after


def _unproved(made: Plan) -> Plan:
    """Others could have stayed: then nothing is proved."""
    statuses = {
        Status.OPTIMAL: Status.FEASIBLE,
        Status.INFEASIBLE: Status.TIME_LIMIT,
    }
    status = statuses.get(made.status, made.status)
    return dataclasses.replace(made, status=status)
