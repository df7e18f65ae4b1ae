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

"""A plan that keeps room for the instances of nodes that fail.

The strategies do not look for such plans: of the one that they find, what
comes before the first action that would leave more nodes than at the start
whose failure strands somebody is kept. It is kept in every order that the
parents allow, for which actions may have to wait for more than they did.
Freed nodes are room until they are disabled: that comes last.
"""

from __future__ import annotations

import dataclasses
import time

from collections.abc import Sequence

from watcher_rearrange.constraints.reserve import Reserve
from watcher_rearrange.constraints.rules import Rules
from watcher_rearrange.model.cluster import Cluster
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.model.plan import Action
from watcher_rearrange.model.plan import Plan
from watcher_rearrange.path.moves import Path
from watcher_rearrange.planning import late
from watcher_rearrange.planning import timed
from watcher_rearrange.planning import waits
from watcher_rearrange.planning import writing
from watcher_rearrange.planning.job import Job


# Of the time limit, how much is for this.
SHARE = 0.25

# What it has at least, however late it is.
LEAST_S = 1.0

# Of that time, how much at most is for a first look: what it finds is looked
# at once more.
FIRST_SHARE = 0.75

# So many actions in a row at most wait for the same ones where there is time.
# More take less time to be looked at, but longer to be carried out.
FINER = (16, 4)

# In a plan of so many actions each waits by itself.
SMALL = 32

# So often is a plan made again without the moves that cannot be made; then
# what is in order is taken as it is.
MAX_CUTS = 10


def kept(
    job: Job, known: Cluster, failures: int, result: Plan, until_s: float
) -> Plan:
    """Return as much of a plan as keeps the reserve.

    :param known: the cluster as Nova knows it, without rules of a policy
    :param failures: of nodes, 1 or more
    :param until_s: on the clock of ``time.monotonic``
    """
    return _Keeper(job, known, failures, until_s).kept(result)


@dataclasses.dataclass(frozen=True)
class _Draft:
    """A plan, and how much of it is in order."""

    result: Plan
    proof: waits.Proof

    @property
    def whole(self) -> bool:
        """Whether all of it is."""
        return len(self.proof.parents) == len(self.result.actions)

    @property
    def migrations(self) -> int:
        """How many migrations are."""
        return _migrations(self.result.actions[: len(self.proof.parents)])

    @property
    def actions(self) -> list[Action]:
        """The actions that are."""
        return [self.result.actions[k] for k in self.positions]

    @property
    def positions(self) -> list[int]:
        """Their positions in the list of the plan."""
        left = self.proof.left
        return [k for k in range(len(self.proof.parents)) if k not in left]

    @property
    def parents(self) -> list[list[int]]:
        """Whom each waits for, as positions among themselves."""
        number = {k: n for n, k in enumerate(self.positions)}
        return [
            [number[parent] for parent in self.proof.parents[k]]
            for k in self.positions
        ]


@dataclasses.dataclass(frozen=True)
class _Outcome:
    """What is kept of a plan.

    :ivar enabled: services that stay as they are
    :ivar tardy: migrations that come too late, as they have to wait
    :ivar slower_s: how much longer the others take
    :ivar late: whether the time was over before all was looked at
    :ivar changed: whether actions wait for others than before
    """

    found: Plan
    enabled: int = 0
    tardy: int = 0
    slower_s: float = 0.0
    late: bool = False
    changed: bool = False

    @property
    def migrations(self) -> int:
        """How many are kept."""
        return _migrations(self.found.actions)


class _Keeper:
    def __init__(
        self, job: Job, known: Cluster, failures: int, until_s: float
    ) -> None:
        self._job = job
        self._failures = failures
        reserve = Reserve(Rules(known, job.rules.options), failures)
        self._until_s = max(until_s, time.monotonic() + LEAST_S)
        self._waits = waits.Waits(known, reserve, self._until_s)

    def kept(self, result: Plan) -> Plan:
        """Return as much of a plan as keeps the reserve."""
        count = len(result.actions)
        best = self._settled(result, count)
        if best.changed and not best.late:
            # They may have to wait for less than was found out at first.
            for together in (1,) if count <= SMALL else FINER:
                other = self._settled(result, together)
                if other.late or other.migrations < best.migrations:
                    break
                best = other
        planned = _migrations(result.actions)
        left = planned - best.tardy - best.migrations
        found = best.found
        if left or best.enabled or best.tardy:
            found = writing.cut(found)
        messages = (*self._texts(left, best), *found.messages)
        return dataclasses.replace(found, messages=messages)

    def _settled(self, result: Plan, together: int) -> _Outcome:
        """What is kept, after it has been looked at just as it is.

        What has been shown stays true whatever waits, or is left out, after
        that: either only makes states impossible, or leaves a node enabled
        that was taken to be disabled. So if the time is over, it stands. But
        first-fit may miss with more room what it has found with less, and the
        checker does not know what was looked at before.

        :param together: so many actions at most wait for the same ones
        """
        best = None
        now_s = time.monotonic()
        self._waits.until_s = now_s + FIRST_SHARE * (self._until_s - now_s)
        while True:
            draft = self._draft(result, together)
            late = draft.proof.late
            if best and late:
                return dataclasses.replace(best, late=True)
            best = self._next(best or _Outcome(result), draft)
            if not best.found.actions:
                return best
            proved = draft.whole and not draft.proof.changed
            if proved and len(best.found.actions) == len(draft.actions):
                return best
            result = best.found
            self._waits.until_s = self._until_s

    def _next(self, last: _Outcome, draft: _Draft) -> _Outcome:
        """What is kept of a draft, with what was left out before."""
        found, tardy = self._in_time(draft)
        gain_s = found.path.makespan_s - draft.result.path.makespan_s
        return _Outcome(
            found,
            last.enabled + len(draft.proof.left),
            last.tardy + tardy,
            last.slower_s + max(gain_s, 0.0),
            last.late or draft.proof.late,
            last.changed or draft.proof.changed,
        )

    def _draft(self, result: Plan, together: int) -> _Draft:
        """The plan, or one of less moves, of which most is in order."""
        best = draft = self._proved(result, together)
        for _ in range(MAX_CUTS):
            if draft.whole:
                return draft
            if draft.proof.late:
                break
            result = self._without(result, len(draft.proof.parents))
            draft = self._proved(result, together)
            if draft.migrations > best.migrations:
                best = draft
        return draft if draft.whole else best

    def _proved(self, result: Plan, together: int) -> _Draft:
        """A plan whose services change last, unless nothing has to wait."""
        if not self._waits.are_needless(result.actions):
            actions = _services_last(result.actions)
            result = dataclasses.replace(result, actions=actions)
        proof = self._waits.proof(result.actions, together)
        return _Draft(result, proof)

    def _without(self, result: Plan, breach: int) -> Plan:
        """The plan of what comes before an action."""
        start = Placement(self._job.cluster)
        if not result.actions[breach].is_migration:
            # The others wait for it.
            return self._nothing()
        made = _whole(result.actions, result.actions[:breach])
        moves = writing.moves_of(self._job, made)
        end = writing.after(start, moves)
        less = writing.less(self._job, Path(moves), end)
        if not moves or self._job.is_worse(less.objectives):
            return self._nothing()
        return less

    def _nothing(self) -> Plan:
        start = Placement(self._job.cluster)
        nothing = writing.less(self._job, Path(), start)
        return dataclasses.replace(nothing, actions=(), limits={})

    def _in_time(self, draft: _Draft) -> tuple[Plan, int]:
        """What is in order of a draft, as far as it is not too late.

        :returns: and how many migrations come too late
        """
        result, made = draft.result, tuple(draft.actions)
        position = {action.id: k for k, action in enumerate(made)}
        before = [[position.get(p) for p in one.parents] for one in made]
        if draft.parents != before:
            lags = writing.lags(self._job, made, draft.parents)
            made = timed.waiting(made, draft.parents, self._job.limits, lags)
        in_time = made[: late.first(self._job, made)]
        tardy = _migrations(made) - _migrations(in_time)
        made = _whole(result.actions, in_time)
        if made == result.actions:
            return result, tardy
        if not draft.whole or len(made) < len(draft.actions):
            cut = writing.of_actions(self._job, made)
            worse = self._job.is_worse(cut.objectives)
            return self._nothing() if worse else cut, tardy
        path = dataclasses.replace(
            result.path, makespan_s=writing.makespan_s(made)
        )
        return dataclasses.replace(result, actions=made, path=path), tardy

    def _texts(self, left: int, best: _Outcome) -> list[str]:
        """What the reserve costs, and where there is none."""
        nodes = 'a node' if self._failures == 1 else f'{self._failures} nodes'
        texts = []
        if left:
            text = (
                f'{left} migrations are left out: they would leave no room '
                f'for the instances of {nodes} that may fail'
            )
            if best.late:
                text += ', or the time limit was over before it was known'
            texts.append(text)
        if best.tardy:
            texts.append(
                f'{best.tardy} migrations are left out: they would have to '
                'wait for others and come too late'
            )
        if best.enabled:
            texts.append(
                f'{best.enabled} nodes stay enabled: they are the room for '
                f'the instances of {nodes} that may fail'
            )
        if self._waits.most:
            texts.append(
                'already now there would be no room for the instances of '
                f'{self._waits.most} nodes if they failed'
            )
        if best.slower_s:
            texts.append(
                f'the plan takes {best.slower_s:.1f} s longer: actions wait '
                'for others, so that the room is there in every order'
            )
        return texts


def _services_last(actions: Sequence[Action]) -> tuple[Action, ...]:
    """Some actions, with the services that nobody waits for at the end."""
    needed = {parent for action in actions for parent in action.parents}

    def is_last(action: Action) -> bool:
        return not action.is_migration and action.id not in needed

    return tuple(sorted(actions, key=is_last))


def _migrations(actions: Sequence[Action]) -> int:
    return sum(action.is_migration for action in actions)


def _whole(
    actions: Sequence[Action], made: Sequence[Action]
) -> tuple[Action, ...]:
    """The first of some actions, before somebody gets only halfway.

    :param actions: all that were planned, of which these are some
    """
    final = {one.instance: one.destination for one in actions}
    while True:
        at = {one.instance: one.destination for one in made}
        halfway = [
            k
            for k, one in enumerate(made)
            if at[one.instance] != final[one.instance]
        ]
        if not halfway:
            return tuple(made)
        made = made[: halfway[0]]
