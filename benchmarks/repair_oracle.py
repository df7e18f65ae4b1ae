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

"""How close ``rearrange_policy`` comes to the best repair of small clusters.

``python -m benchmarks.repair_oracle`` draws clusters of 2 to 4 nodes with at
most five instances that can be moved, and policies, as the property tests do.
Of those where something is broken every placement that permitted migrations
lead to is looked at: the best breaks least of what must hold, then of what
should, and takes the fewest migrations. The migrations are permitted by the
package's own rules; other tests compare these with the checker.
"""

from __future__ import annotations

import argparse
import collections

from collections.abc import Sequence
from typing import Any

import hypothesis
import numpy as np

from tests.property import clusters
from tests.property import test_policies
from watcher_rearrange.constraints.breaches import Breaches
from watcher_rearrange.constraints.breaches import ShouldBreaches
from watcher_rearrange.constraints.movability import MoveOptions
from watcher_rearrange.constraints.rules import Rules
from watcher_rearrange.model import plan as plans
from watcher_rearrange.model import records
from watcher_rearrange.model.cluster import Cluster
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.planning import pipeline
from watcher_rearrange.policies.file import lowering
from watcher_rearrange.policies.file import reading
from watcher_rearrange.policies.file.records import Policy
from watcher_rearrange.snapshot import reader


MOST_NODES = 4
MOST_MOVABLE = 5

# Breaches of what must hold, of what should, and migrations.
Rank = tuple[float, float, int]


def best(every: Rules, rules: Rules) -> Rank:
    """Return what the best repair comes to.

    :param every: all rules, by which it is judged
    :param rules: those that must hold, by which migrations are permitted
    """
    measures = (Breaches(every), ShouldBreaches(every))
    capacity = rules.cluster.capacity
    start = Placement(rules.cluster)
    movable = np.flatnonzero(rules.movability.movable).tolist()
    steps = {start.node_of.tobytes(): 0}
    queue = collections.deque([start])
    found: list[Rank] = []
    while queue:
        here = queue.popleft()
        step = steps[here.node_of.tobytes()]
        musts, shoulds = (one.value(here) for one in measures)
        found.append((musts, shoulds, step))
        for idx in movable:
            for node in np.flatnonzero(
                rules.permitted(here, idx, capacity)
            ).tolist():
                after = here.copy()
                after.move(idx, node)
                key = after.node_of.tobytes()
                if key not in steps:
                    steps[key] = step + 1
                    queue.append(after)
    return min(found)


def reached(made: plans.Plan) -> Rank:
    """Return what a plan comes to."""
    after = {row.name: row.after for row in made.objectives}
    return after['breaches'], after['should_breaches'], made.path.migrations


def compared(
    document: dict[str, Any], policy: dict[str, Any]
) -> tuple[Rank, Rank, bool] | None:
    """Return the best, what is planned, and whether it is called OPTIMAL.

    :returns: None if nothing is broken, or the cluster is not small
    """
    snapshot = reader.snapshot_from_document(document)
    parsed = reading.policy_from_document(policy)
    if any(rule.kind == 'budget' for rule in parsed.rules):
        return None
    every, musts = (_rules(snapshot, one) for one in (parsed, parsed.musts()))
    start = Placement(every.cluster)
    broken = Breaches(every).value(start) + ShouldBreaches(every).value(start)
    if not broken or every.movability.movable.sum() > MOST_MOVABLE:
        return None
    known = pipeline.Business(parsed, test_policies.NOW)
    made = pipeline.plan(snapshot, 'policy', {}, known)
    optimal = made.status is plans.Status.OPTIMAL
    return best(every, musts), reached(made), optimal


def _rules(snapshot: records.Snapshot, policy: Policy) -> Rules:
    lowered = lowering.lower(snapshot, policy, test_policies.NOW)
    return Rules(Cluster.from_snapshot(lowered), MoveOptions())


def main(arguments: Sequence[str] | None = None) -> None:
    """Print how many cases end how."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--draws', type=int, default=2000)
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--show', action='store_true', help='differences')
    given = parser.parse_args(arguments)
    counts: collections.Counter[str] = collections.Counter()

    @hypothesis.seed(given.seed)
    @hypothesis.settings(
        max_examples=given.draws,
        deadline=None,
        database=None,
        phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(
        clusters.snapshots(most_nodes=MOST_NODES), test_policies.policies()
    )
    def count(document: dict[str, Any], policy: dict[str, Any]) -> None:
        found = compared(document, policy)
        if found is None:
            return
        if found[0] != found[1] and given.show:
            print(found, policy, document)
        least, planned, optimal = found
        worse = [k for k in range(3) if planned[k] != least[k]]
        kinds = ('must', 'should', 'migrations')
        counts['cases'] += 1
        counts[f'more in {kinds[worse[0]]}' if worse else 'equal'] += 1
        counts['something to be mended'] += least[2] > 0
        counts['better than any path'] += planned < least
        counts['called OPTIMAL'] += optimal
        counts['called so wrongly'] += optimal and planned != least

    count()
    for name, number in counts.items():
        print(f'{name}: {number}')


if __name__ == '__main__':
    main()
