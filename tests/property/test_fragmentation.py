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

"""Room for flavors: the search against all placements, plans against slots."""

from __future__ import annotations

import itertools

from collections.abc import Iterator
from typing import Any

import hypothesis
import numpy as np

from hypothesis import strategies as st

from tests.property import clusters
from tests.property import test_plans
from tests.unit.model import small
from tests.unit.optimizer import problems
from watcher_rearrange.model.cluster import Cluster
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.objectives.fragmentation import BlockedSlots
from watcher_rearrange.optimizer.counts import are_exact
from watcher_rearrange.optimizer.defragmentation import defragment
from watcher_rearrange.optimizer.defragmentation import separate
from watcher_rearrange.optimizer.defragmentation import slot_bound
from watcher_rearrange.optimizer.defragmentation.slots import Wanted
from watcher_rearrange.optimizer.problem import Problem
from watcher_rearrange.optimizer.reductions.split import Split
from watcher_rearrange.planning import flavors
from watcher_rearrange.policies.defragment import FlavorWish
from watcher_rearrange.snapshot import reader


EXAMPLES = hypothesis.settings(test_plans.EXAMPLES, max_examples=60)
MAX_INSTANCES = 6

SIZES = (
    {'VCPU': 4, 'MEMORY_MB': 4096},
    {'VCPU': 6, 'MEMORY_MB': 3072, 'DISK_GB': 10},
    {'VCPU': 2, 'MEMORY_MB': 8192},
)


@st.composite
def tiny(draw: st.DrawFn, most_nodes: int = 3) -> dict[str, Any]:
    """A cluster of which all placements can be looked at."""
    document = draw(clusters.snapshots(most_nodes))
    document['instances'] = document['instances'][:MAX_INSTANCES]
    there = {instance['uuid'] for instance in document['instances']}
    for group in document['server_groups']:
        group['members'] = [m for m in group['members'] if m in there]
    document['migrations'] = [
        m for m in document['migrations'] if m['instance'] in there
    ]
    return document


@st.composite
def wishes(draw: st.DrawFn, together: bool) -> dict[str, Any]:
    """One or two flavors, all with a count or none."""
    sizes = draw(st.lists(st.sampled_from((0, 1, 2)), min_size=1, max_size=2))
    return {
        f'f{k}': {
            **SIZES[size],
            'count': draw(st.integers(1, 3)) if together else 0,
        }
        for k, size in enumerate(sizes)
    }


def placements(problem: Problem, start: Placement) -> Iterator[Placement]:
    """Every placement that the rules and limits permit."""
    choices = [
        _choices(problem, start, idx)
        for idx in range(problem.cluster.n_instances)
    ]
    most = np.maximum(problem.limit, start.used)
    groups = problem.rules.groups
    before = [groups.counts(start, group) for group in groups.groups]
    for nodes in itertools.product(*choices):
        end = Placement(problem.cluster, np.array(nodes, dtype=np.int64))
        if (end.used > most).any() or any(
            group.apart
            and (
                groups.counts(end, group)
                > np.maximum(count, group.record.max_server_per_host)
            ).any()
            for group, count in zip(groups.groups, before, strict=True)
        ):
            continue
        if _moved(start, end) <= (problem.max_migrations or MAX_INSTANCES):
            yield end


def _choices(problem: Problem, start: Placement, idx: int) -> list[int]:
    home = int(start.node_of[idx])
    groups = problem.rules.groups.of(idx)
    if not problem.movable[idx] or any(
        not g.apart and len(g.members) > 1 for g in groups
    ):
        return [home]
    over = (start.used > problem.limit) & (problem.cluster.demand[idx] > 0)
    eligible = problem.rules.eligible[problem.rules.class_of[idx]]
    others = eligible & problem.open_nodes & ~over.any(axis=1)
    return [home, *(n for n in np.flatnonzero(others).tolist() if n != home)]


def _moved(start: Placement, end: Placement) -> int:
    return int((start.node_of != end.node_of).sum())


def worth(problem: Problem, end: Placement, wanted: Wanted) -> float:
    """What the slots are worth, worked out a second time."""
    free = (problem.limit - end.used).tolist()
    sizes = wanted.flavors.size.tolist()
    alone = [
        [
            _fits(room, size) if wanted.flavors.nodes[k, n] else 0
            for n, room in enumerate(free)
        ]
        for k, size in enumerate(sizes)
    ]
    if not wanted.together:
        return float(sum(map(sum, alone)))
    counts = tuple(wanted.flavors.count.tolist())
    reached = {(0,) * len(sizes)}
    for n, room in enumerate(free):
        boxes = itertools.product(*(range(row[n] + 1) for row in alone))
        here = [
            box
            for box in boxes
            if all(
                sum(b * size[rc] for b, size in zip(box, sizes, strict=True))
                <= max(amount, 0)
                for rc, amount in enumerate(room)
            )
        ]
        reached = {
            tuple(
                min(a + b, c) for a, b, c in zip(old, box, counts, strict=True)
            )
            for old in reached
            for box in here
        }
    return float(max(map(sum, reached)))


def _fits(room: list[int], size: list[int]) -> int:
    return min(
        max(amount, 0) // each
        for amount, each in zip(room, size, strict=True)
        if each
    )


class TestSearch(test_plans.PlanCase):
    def _compare(
        self, document: dict[str, Any], given: dict[str, Any], most: int
    ) -> None:
        rules = small.rules(reader.snapshot_from_document(document))
        problem = problems.problem(rules, max_migrations=most or None)
        names = [FlavorWish.of(name, wish) for name, wish in given.items()]
        together = any(wish.count for wish in names)
        wanted = Wanted(flavors.arrays(rules, names), together)
        start = Placement(problem.cluster)
        outcomes = {
            (-worth(problem, end, wanted), _moved(start, end))
            for end in placements(problem, start)
        }
        best, fewest = min(outcomes)
        for found in self._found(problem, start, wanted):
            self.assertAlmostEqual(-best, found.worth)
            self.assertAlmostEqual(
                -best, worth(problem, found.placement, wanted)
            )
            if are_exact(problem, start):
                self.assertAlmostEqual(-best, found.most)
            self.assertGreaterEqual(found.most, -best - 1e-6)
            self.assertEqual(fewest, _moved(start, found.placement))
            self.assertLessEqual(found.fewest, fewest)
        gain = round(-best - worth(problem, start, wanted))
        bound = slot_bound.fewest(problem, start, wanted.flavors, gain)
        self.assertLessEqual(bound, fewest)
        if not together:
            objective = BlockedSlots(wanted.flavors, problem.limit)
            self.assertAlmostEqual(-best, objective.free(found.placement))

    def _found(
        self, problem: Problem, start: Placement, wanted: Wanted
    ) -> list[defragment.Found]:
        """What the search finds, and in the parts if it may."""
        found = [defragment.search(problem, start, wanted)]
        if separate.is_additive(problem, wanted):
            split = Split(problem, start)
            found.append(separate.search(split, problem, start, wanted))
        return found

    @EXAMPLES
    @hypothesis.given(st.data(), wishes(together=False))
    def test_zones(self, data: Any, given: dict[str, Any]) -> None:
        document = clusters.pinned(data.draw, data.draw(tiny(5)))
        self._compare(document, given, 0)

    @EXAMPLES
    @hypothesis.given(tiny(), wishes(together=False), st.integers(0, 3))
    def test_as_many_as_possible(
        self, document: dict[str, Any], given: dict[str, Any], most: int
    ) -> None:
        self._compare(document, given, most)

    @EXAMPLES
    @hypothesis.given(tiny(), wishes(together=True), st.integers(0, 3))
    def test_so_many_together(
        self, document: dict[str, Any], given: dict[str, Any], most: int
    ) -> None:
        self._compare(document, given, most)


class TestPlans(test_plans.PlanCase):
    @EXAMPLES
    @hypothesis.given(clusters.snapshots(), wishes(together=False))
    def test_never_worse_and_final(
        self, document: dict[str, Any], given: dict[str, Any]
    ) -> None:
        plan = self.plan(document, 'defragment', {'flavors': given})
        for row in plan['objectives']:
            self.assertLessEqual(row['after'], row['before'])
            self.assertGreaterEqual(row['after'], row['bound'])
        self.does_not_break(plan)
        after = test_plans.run(document, plan)
        again = self.plan(after, 'defragment', {'flavors': given})
        self.assertEqual([], again['actions'])

    @EXAMPLES
    @hypothesis.given(
        clusters.snapshots(), wishes(together=False), st.integers(1, 3)
    )
    def test_max_migrations(
        self, document: dict[str, Any], given: dict[str, Any], most: int
    ) -> None:
        parameters = {'flavors': given, 'max_migrations': most}
        plan = self.plan(document, 'defragment', parameters)
        self.assertLessEqual(len(plan['actions']), most)

    @EXAMPLES
    @hypothesis.given(tiny(), wishes(together=True), st.integers(0, 3))
    def test_all_or_a_proof(
        self, document: dict[str, Any], given: dict[str, Any], most: int
    ) -> None:
        parameters = {'flavors': given, 'max_migrations': most}
        plan = self.plan(document, 'defragment', parameters)
        rules = small.rules(reader.snapshot_from_document(document))
        problem = problems.problem(rules, max_migrations=most or None)
        names = [FlavorWish.of(name, wish) for name, wish in given.items()]
        wanted = Wanted(flavors.arrays(rules, names), together=True)
        needed = float(sum(wish['count'] for wish in given.values()))
        if plan['status'] == 'INFEASIBLE':
            self.assertLess(
                max(
                    worth(problem, end, wanted)
                    for end in placements(problem, Placement(problem.cluster))
                ),
                needed,
            )
            return
        self.does_not_break(plan)
        if plan['status'] != 'TIME_LIMIT':
            after = test_plans.run(document, plan)
            cluster = Cluster.from_snapshot(
                reader.snapshot_from_document(after)
            )
            self.assertEqual(
                needed, worth(problem, Placement(cluster), wanted)
            )
            if most:
                self.assertLessEqual(len(plan['actions']), most)
            again = self.plan(after, 'defragment', parameters)
            self.assertEqual('NO_CHANGE', again['status'])
