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

"""The plan checker: replays a plan in every way its parents allow."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from watcher_rearrange.checker import reserve
from watcher_rearrange.checker import rules
from watcher_rearrange.checker.actions import Action
from watcher_rearrange.checker.actions import read_actions
from watcher_rearrange.checker.actions import unreplayable
from watcher_rearrange.checker.cluster import Cluster
from watcher_rearrange.checker.cluster import read_cluster
from watcher_rearrange.checker.graph import Graph
from watcher_rearrange.checker.graph import chains
from watcher_rearrange.checker.graph import displacements
from watcher_rearrange.checker.graph import read_graph
from watcher_rearrange.checker.limits import Limits
from watcher_rearrange.checker.occupancy import Occupancy
from watcher_rearrange.checker.policy import Policy
from watcher_rearrange.checker.policy import PolicyJudge
from watcher_rearrange.checker.report import Findings
from watcher_rearrange.checker.report import Report
from watcher_rearrange.checker.schedules import schedules
from watcher_rearrange.checker.services import check_services
from watcher_rearrange.checker.simulator import Path
from watcher_rearrange.checker.simulator import Simulation
from watcher_rearrange.checker.target import check_target
from watcher_rearrange.checker.violation import Violation
from watcher_rearrange.checker.worst_case import WorstCase


# Whether a plan of each status can have actions.
STATUSES = {
    'OPTIMAL': True,
    'FEASIBLE': True,
    'NO_CHANGE': False,
    'INFEASIBLE': False,
    'TIME_LIMIT': False,
}
# With these statuses the plan claims to reach the target.
REACHED = ('OPTIMAL', 'FEASIBLE', 'NO_CHANGE')


@dataclass(frozen=True)
class Effort:
    """How many schedules to simulate, and which."""

    interleavings: int
    failures: bool
    seed: int


def check_plan(
    snapshot: dict[str, Any],
    plan: dict[str, Any],
    target: dict[str, Any] | None = None,
    *,
    interleavings: int = 200,
    failures: bool = True,
    seed: int = 0,
    limits: Limits | None = None,
    policy: Policy | None = None,
) -> Report:
    """Judge a plan against the safety contract of the plan format.

    Its form, the order of its list, an exact search for the worst order, and
    simulated interleavings, which should find nothing that the search has
    not found. Only what the plan breaks counts, not what was broken already.

    :param snapshot: the cluster, as parsed from JSON
    :param plan: the plan, as parsed from JSON
    :param target: the target placement, if the end is to be judged too
    :param interleavings: random schedules to simulate; at most as many more
        that fill one node as far as possible before anything leaves it
    :param failures: run each schedule once more with one action that fails
        or is skipped, and in a small plan let each action fail once
    :param seed: of the random schedules
    :param limits: what the executor respects besides the parents
    :param policy: the rules of a policy file, if the plan is to keep them
    """
    limits = limits or Limits()
    findings = Findings()
    released = (target or {}).get('release') or ()
    cluster = read_cluster(snapshot, released)
    findings.add(_status(plan), 'plan')
    actions = read_actions(plan, findings)
    if len(actions) < len(plan.get('actions') or ()):
        return Report(findings.all(), 0)
    graph = _form(cluster, actions, limits, findings)
    if graph is None:
        return Report(findings.all(), 0)
    start = Occupancy(cluster)
    end = _replay_list(start.copy(), actions, findings)
    if target is not None and plan.get('status') in REACHED:
        findings.add(check_target(cluster, target, end), 'end of the plan')
    path = Path(actions, graph, start.copy(_touched(actions)), limits)
    _worst_orders(cluster, path, findings)
    effort = Effort(interleavings, failures, seed)
    judge = None
    if policy is not None:
        judge = PolicyJudge(snapshot, policy, cluster, path)
        judge.judge(findings, worst=not findings.has('chain', 'source'))
    count = _simulate(path, effort, findings, judge)
    return Report(findings.all(), count)


def _status(plan: dict[str, Any]) -> Iterator[Violation]:
    status = plan.get('status')
    count = len(plan.get('actions') or ())
    if not isinstance(status, str) or status not in STATUSES:
        needed = ', '.join(STATUSES)
        yield Violation('unknown_status', (str(status),), None, needed)
    elif count and not STATUSES[status]:
        yield Violation('status_actions', (status,), count, 0, 'actions')


def _form(
    cluster: Cluster,
    actions: Sequence[Action],
    limits: Limits,
    findings: Findings,
) -> Graph | None:
    """What is wrong whatever the order; None if nothing can be replayed."""
    replayable = True
    for action in actions:
        when = f'action {action.id}'
        wrong = list(unreplayable(action, cluster))
        if wrong:
            replayable = False
            findings.add(wrong, when)
        elif action.migrates:
            findings.add(rules.move(cluster, action, limits), when)
    graph = read_graph(actions, findings)
    findings.add(displacements(actions), 'list order')
    if graph is None:
        return None
    findings.add(chains(actions, graph), 'list order')
    return graph if replayable else None


def _replay_list(
    state: Occupancy, actions: Sequence[Action], findings: Findings
) -> Occupancy:
    """One action at a time, in the order of the list; the state after it."""
    for action in actions:
        when = f'list order, action {action.id}'
        misplaced = state.misplaced(action)
        findings.add(misplaced or state.start(action), when)
        if not misplaced:
            state.end(action, succeeded=True)
    return state


def _worst_orders(cluster: Cluster, path: Path, findings: Findings) -> None:
    findings.add(check_services(cluster, path))
    # Where an instance is at a move is known only if its moves form a chain.
    if findings.has('chain', 'source'):
        return
    findings.add(WorstCase(cluster, path).violations())
    failures = path.limits.failures_to_tolerate
    if failures and not findings.has('list_order'):
        findings.add(
            reserve.check(cluster, path.actions, path.graph, failures)
        )


def _simulate(
    path: Path, effort: Effort, findings: Findings, judge: PolicyJudge | None
) -> int:
    """Run the schedules; how many."""
    count = 0
    for schedule in schedules(
        path, effort.interleavings, effort.failures, effort.seed
    ):
        Simulation(path, schedule, findings).run()
        if judge is not None:
            judge.simulate(schedule, findings)
        count += 1
    return count


def _touched(actions: Sequence[Action]) -> set[str]:
    """Nodes that a state needs to know to replay the actions."""
    nodes = {
        node
        for action in actions
        for node in (action.source, action.destination, action.node)
    }
    return nodes - {''}
