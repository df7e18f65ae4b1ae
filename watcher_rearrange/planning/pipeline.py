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

"""The two questions that are asked of the package.

:func:`plan` chooses a target placement and the path to it;
:func:`find_path` finds the path to a target that is given.
"""

from __future__ import annotations

import dataclasses
import datetime
import functools
import time

from collections.abc import Mapping

from watcher_rearrange.model import errors
from watcher_rearrange.model.cluster import Cluster
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.model.plan import Plan
from watcher_rearrange.model.plan import Status
from watcher_rearrange.model.records import Snapshot
from watcher_rearrange.planning import business
from watcher_rearrange.planning import given
from watcher_rearrange.planning import late
from watcher_rearrange.planning import later
from watcher_rearrange.planning import menu
from watcher_rearrange.planning import quiet
from watcher_rearrange.planning import reserve
from watcher_rearrange.planning import worth
from watcher_rearrange.planning import writing
from watcher_rearrange.planning.combination import Combination
from watcher_rearrange.planning.consolidation import Consolidation
from watcher_rearrange.planning.defragmentation import Defragmentation
from watcher_rearrange.planning.evacuation import Evacuation
from watcher_rearrange.planning.job import Job
from watcher_rearrange.planning.job import Planned
from watcher_rearrange.planning.optimization import Optimization
from watcher_rearrange.planning.rebalancing import Rebalancing
from watcher_rearrange.planning.repair import Repair
from watcher_rearrange.planning.settle import settle
from watcher_rearrange.policies import parameters
from watcher_rearrange.policies.combined import REPAIR
from watcher_rearrange.policies.combined import CombinedPolicy
from watcher_rearrange.policies.consolidate import ConsolidatePolicy
from watcher_rearrange.policies.defragment import DefragmentPolicy
from watcher_rearrange.policies.evacuate import EvacuatePolicy
from watcher_rearrange.policies.file.records import Policy as Rules
from watcher_rearrange.policies.optimize import OptimizePolicy
from watcher_rearrange.policies.rebalance import RebalancePolicy
from watcher_rearrange.policies.repair import RepairPolicy


Business = business.Business
find_path = given.find_path

# What each of several plans under a policy has at least.
LEAST_S = 1.0

SOLVED = (Status.OPTIMAL, Status.FEASIBLE, Status.NO_CHANGE)


def plan(
    snapshot: Snapshot,
    strategy: str,
    given: Mapping[str, object],
    known: Business = Business(),
) -> Plan:
    """Plan what a strategy would do to a cluster.

    :param strategy: its name, with or without the prefix ``rearrange_``
    :param given: its parameters; those that are missing have defaults
    :raises BadInput: with every problem of the name, the parameters and the
        policy
    """
    policy = parameters.policy(strategy, given)
    now = known.now or datetime.datetime.now(datetime.timezone.utc)
    known = dataclasses.replace(
        known, policy=_joined(known.policy, policy.business), now=now
    )
    snapshot = quiet.marked(snapshot, known.policy, now)
    began_s = time.monotonic()

    def make(lowered: Snapshot, share: float) -> Plan:
        left_s = policy.time_limit_s - (time.monotonic() - began_s)
        # Something is always found out, however late it is.
        limit_s = max(share * left_s, LEAST_S)
        limited = dataclasses.replace(policy, time_limit_s=limit_s)
        return _plan(lowered, limited, snapshot)

    return later.plan(snapshot, known, make, _search(policy))


def _search(policy: parameters.Policy) -> business.Search:
    if isinstance(policy, RepairPolicy | EvacuatePolicy):
        return business.Search.DIRECTED
    if isinstance(policy, CombinedPolicy) and REPAIR in policy.stages:
        return business.Search.MENDING
    return business.Search.ANCHORED


def _joined(first: Rules, second: Rules) -> Rules:
    names = {rule.name for rule in first.rules}
    problems = [
        f'policy.rules[{k}].name: a policy file has a rule {rule.name!r} too'
        for k, rule in enumerate(second.rules)
        if rule.name in names
    ]
    if problems:
        raise errors.BadInput(problems)
    return Rules((*first.rules, *second.rules))


def _plan(
    lowered: Snapshot, policy: parameters.Policy, snapshot: Snapshot
) -> Plan:
    """Plan for a cluster.

    :param lowered: with the rules of a policy as facts
    :param snapshot: without these, as Nova knows it
    """
    cluster = Cluster.from_snapshot(lowered)
    known = Cluster.from_snapshot(snapshot)
    runs = 1 + policy.alternatives
    if policy.worth.asked:
        runs += worth.TRIES - 1
    policy = dataclasses.replace(
        policy, time_limit_s=policy.time_limit_s / runs
    )

    @functools.cache
    def plan_with(most: int | None) -> Plan:
        return _planned(
            cluster, dataclasses.replace(policy, max_migrations=most), known
        )

    result = worth.limited(plan_with, policy.max_migrations, policy.worth)
    if not policy.alternatives or result.status not in SOLVED:
        return result
    others = menu.alternatives(plan_with, policy.alternatives)
    return dataclasses.replace(result, alternatives=others)


def _planned(
    cluster: Cluster, policy: parameters.Policy, known: Cluster
) -> Plan:
    began_s = time.monotonic()
    failures = policy.failures_to_tolerate
    share = 1 - reserve.SHARE if failures else 1.0
    job = _job(
        cluster,
        dataclasses.replace(policy, time_limit_s=policy.time_limit_s * share),
    )
    path, end = settle(job, Placement(job.cluster))
    job.planned = Planned(end, job.max_migrations is not None)
    refused = job.refusal(end)
    if refused is not None:
        return Plan(refused, messages=tuple(job.messages(end)))
    result = writing.written(job, end, path)
    result = late.in_time(job, end, path, result)
    if not failures:
        return result
    until_s = began_s + policy.time_limit_s
    return reserve.kept(job, known, failures, result, until_s)


def _job(cluster: Cluster, policy: parameters.Policy) -> Job:
    if isinstance(policy, RebalancePolicy):
        return Rebalancing(cluster, policy)
    if isinstance(policy, ConsolidatePolicy):
        return Consolidation(cluster, policy)
    if isinstance(policy, CombinedPolicy):
        return Combination(cluster, policy)
    if isinstance(policy, DefragmentPolicy):
        return Defragmentation(cluster, policy)
    if isinstance(policy, RepairPolicy):
        return Repair(cluster, policy)
    if isinstance(policy, OptimizePolicy):
        return Optimization(cluster, policy)
    return Evacuation(cluster, policy)
