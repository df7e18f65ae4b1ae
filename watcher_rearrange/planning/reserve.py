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
from watcher_rearrange.planning import proved
from watcher_rearrange.planning import timed
from watcher_rearrange.planning import waits
from watcher_rearrange.planning import writing
from watcher_rearrange.planning.job import Job
from watcher_rearrange.planning.selection import Parts


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
class _Outcome:
    """What is kept of a plan.

    :ivar enabled: services that stay as they are
    :ivar tardy: migrations that come too late, as they have to wait
    :ivar late: whether the time was over before all was looked at
    :ivar changed: whether actions wait for others than before
    """

    found: Plan
    enabled: frozenset[str] = frozenset()
    tardy: int = 0
    late: bool = False
    changed: bool = False

    @property
    def migrations(self) -> int:
        """How many are kept."""
        return proved.migrations(self.found.actions)


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
        planned = proved.migrations(result.actions)
        left = planned - best.tardy - best.migrations
        found = best.found
        if left or best.enabled or best.tardy:
            found = writing.cut(found, best.late)
        texts = self._texts(left, best)
        if left or best.tardy:
            start = Placement(self._job.cluster)
            if not found.actions and self._job.refusal(start) is not None:
                texts.append(writing.OF_NO_USE)
        else:
            texts += _slower(result, found)
        return dataclasses.replace(found, messages=(*texts, *found.messages))

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
            draft, found, tardy = self._timely(result, together)
            if best and draft.proof.late:
                return dataclasses.replace(best, late=True)
            last = best or _Outcome(result)
            best = _Outcome(
                found,
                last.enabled | draft.left,
                last.tardy + tardy,
                last.late or draft.proof.late,
                last.changed or draft.proof.changed,
            )
            if not best.found.actions:
                return best
            settled = draft.whole and not draft.proof.changed
            if settled and len(best.found.actions) == len(draft.actions):
                return best
            result = best.found
            self._waits.until_s = self._until_s

    def _timely(
        self, result: Plan, together: int
    ) -> tuple[proved.Draft, Plan, int]:
        """What is in order of a plan, and of that what is not too late.

        Who comes too late is left out with all that depends on them, so that
        others need not be, and the rest is looked at again.

        :returns: and how many migrations come too late
        """
        draft = self._draft(result, together)
        made = self._waiting(draft)
        best = (draft, *self._in_time(draft, made))
        lost = 0
        for _ in range(MAX_CUTS):
            tardy = late.tardy(self._job, made)
            if not tardy or draft.proof.late:
                break
            count = draft.migrations
            less = self._without_some(draft, tardy)
            lost += count - proved.migrations(less.actions)
            draft = self._draft(less, together)
            made = self._waiting(draft)
            found, more = self._in_time(draft, made)
            if found.path.migrations > best[1].path.migrations:
                best = draft, found, lost + more
        return best

    def _draft(self, result: Plan, together: int) -> proved.Draft:
        """The plan, or one of less moves, of which most is in order."""
        best = draft = self._proved(result, together)
        for _ in range(MAX_CUTS):
            if draft.whole or draft.proof.late:
                break
            # It may be in another order than what was given.
            result = self._without(draft.result, len(draft.proof.parents))
            draft = self._proved(result, together)
            if draft.migrations > best.migrations:
                best = draft
        fewer = draft.migrations < best.migrations
        return draft if draft.whole and not fewer else best

    def _proved(self, result: Plan, together: int) -> proved.Draft:
        """A plan whose services change last, unless nothing has to wait."""
        if not self._waits.are_needless(result.actions):
            result = self._quiet_first(result)
            actions = _services_last(result.actions)
            result = dataclasses.replace(result, actions=actions)
        proof = self._waits.proof(result.actions, together)
        return proved.Draft(result, proof)

    def _without(self, result: Plan, breach: int) -> Plan:
        """The plan of what comes before an action."""
        if not result.actions[breach].is_migration:
            # The others wait for it.
            return writing.nothing(self._job)
        made = proved.whole(result.actions, result.actions[:breach])
        return self._less(*self._path(made))

    def _without_some(self, draft: proved.Draft, instances: set[int]) -> Plan:
        """The plan of what is in order and depends on none of some."""
        path, end = self._path(draft.made)
        parts = Parts(self._job, writing.draft(self._job, end, path), end)
        return self._less(*late.without(self._job, parts, instances))

    def _path(self, made: Sequence[Action]) -> tuple[Path, Placement]:
        moves = writing.moves_of(self._job, made)
        return Path(moves), writing.after(Placement(self._job.cluster), moves)

    def _less(self, path: Path, end: Placement) -> Plan:
        """The plan of less moves, if these are of use."""
        if not path.moves:
            return writing.nothing(self._job)
        return self._if_of_use(writing.less(self._job, path, end))

    def _if_of_use(self, part: Plan) -> Plan:
        """A part of the plan, or nothing if its migrations gain nothing.

        Of a part that is refused no objective is known.
        """
        if part.path.migrations or not part.actions:
            gains = self._job.is_better(part.objectives)
        else:
            gains = not self._job.is_worse(part.objectives)
        return part if gains else writing.nothing(self._job)

    def _quiet_first(self, result: Plan) -> Plan:
        """A plan in whose order those are first who are quiet soon."""
        actions = result.actions
        latest_s = {
            one.id: late.quiet_from_s(self._job, one) for one in actions
        }
        for action in reversed(actions):
            for parent in action.parents:
                latest_s[parent] = min(latest_s[parent], latest_s[action.id])
        # Parents stay before their children.
        found = tuple(sorted(actions, key=lambda one: latest_s[one.id]))
        if found == actions:
            return result
        found = self._timed(found, proved.parents(found))
        path = dataclasses.replace(
            result.path, makespan_s=writing.makespan_s(found)
        )
        return dataclasses.replace(result, actions=found, path=path)

    def _waiting(self, draft: proved.Draft) -> tuple[Action, ...]:
        """What is in order of a draft, as it waits."""
        made = tuple(draft.actions)
        if draft.parents == proved.parents(made):
            return made
        return self._timed(made, draft.parents)

    def _timed(
        self, made: Sequence[Action], parents: timed.Parents
    ) -> tuple[Action, ...]:
        lags = writing.lags(self._job, made, parents)
        return timed.waiting(made, parents, self._job.limits, lags)

    def _in_time(
        self, draft: proved.Draft, made: tuple[Action, ...]
    ) -> tuple[Plan, int]:
        """What is in order of a draft, before the first that is too late.

        :param made: as it waits
        :returns: and how many migrations come too late
        """
        result = draft.result
        in_time = made[: late.first(self._job, made)]
        tardy = proved.migrations(made) - proved.migrations(in_time)
        made = proved.whole(result.actions, in_time)
        if made == result.actions:
            return result, tardy
        if not draft.whole or len(made) < len(draft.actions):
            cut = writing.of_actions(self._job, made)
            return self._if_of_use(cut), tardy
        path = dataclasses.replace(
            result.path, makespan_s=writing.makespan_s(made)
        )
        if draft.proof.left:
            least_s = writing.makespan_bound_s(self._job, made)
            path = dataclasses.replace(path, makespan_bound_s=least_s)
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
                f'wait for others and come too late for {self._end()}'
            )
        changed = {one.node for one in best.found.actions if one.node}
        enabled = len(best.enabled - changed) if best.found.actions else 0
        if enabled:
            texts.append(
                f'{enabled} nodes stay enabled: they are the room for '
                f'the instances of {nodes} that may fail'
            )
        if self._waits.most:
            texts.append(
                'already now there would be no room for the instances of '
                f'{self._waits.most} nodes if they failed'
            )
        return texts

    def _end(self) -> str:
        """What they come too late for who come too late."""
        ends = []
        if self._job.deadline_s is not None:
            ends.append('the deadline')
        snapshot = self._job.cluster.snapshot
        if any(one.quiet_from_s is not None for one in snapshot.instances):
            ends.append('quiet hours')
        return ' or '.join(ends)


def _slower(before: Plan, found: Plan) -> list[str]:
    """How much longer the same migrations take."""
    gain_s = found.path.makespan_s - before.path.makespan_s
    if gain_s <= 0:
        return []
    return [
        f'the plan takes {gain_s:.1f} s longer: actions wait for others, so '
        'that the room is there in every order'
    ]


def _services_last(actions: Sequence[Action]) -> tuple[Action, ...]:
    """Some actions, with the services that nobody waits for at the end."""
    needed = {parent for action in actions for parent in action.parents}

    def is_last(action: Action) -> bool:
        return not action.is_migration and action.id not in needed

    return tuple(sorted(actions, key=is_last))
