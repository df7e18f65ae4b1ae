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

"""The judge of placements and plans by the rules of a policy file.

It reads the parsed document of the policy, which is taken to be valid, and
shares nothing with the parts that plan by it. As with all rules an arrival
is what can break one: nobody goes where a rule that holds would be broken,
or one that is broken already would be more so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from watcher_rearrange.checker import policy_meetings as meetings
from watcher_rearrange.checker import policy_moves as moves
from watcher_rearrange.checker import policy_placement as placement
from watcher_rearrange.checker.cluster import Cluster
from watcher_rearrange.checker.cluster import read_cluster
from watcher_rearrange.checker.policy_moves import Circumstances
from watcher_rearrange.checker.policy_parts import divisions
from watcher_rearrange.checker.policy_rules import read_rules
from watcher_rearrange.checker.report import Findings
from watcher_rearrange.checker.simulator import Path
from watcher_rearrange.checker.simulator import Schedule
from watcher_rearrange.checker.simulator import Simulation
from watcher_rearrange.checker.violation import Violation
from watcher_rearrange.checker.worst_case import WorstCase


# How many schedules to simulate.
_RUNS = 30


@dataclass(frozen=True)
class Policy:
    """A policy file, and what it depends on besides the snapshot.

    :ivar document: the file, as parsed from YAML; several files have their
        rules in one list
    """

    document: dict[str, Any]
    circumstances: Circumstances = Circumstances()


def broken_rules(
    snapshot: dict[str, Any],
    document: dict[str, Any],
    hosts: dict[str, str] | None = None,
) -> list[Violation]:
    """Every breach of every rule, must or should, in a placement.

    :param snapshot: the cluster, as parsed from JSON
    :param hosts: hostnames by instance uuid; an instance not named stays at
        its host
    :returns: their things begin with the name of the rule
    :raises ValueError: a node is in two of the aggregates that are parts
    """
    cluster = read_cluster(snapshot)
    holding = _holding(cluster)
    holding.update((uuid, [node]) for uuid, node in (hosts or {}).items())
    rules = read_rules(snapshot, document, cluster)
    return list(placement.broken(rules, cluster, holding))


class PolicyJudge:
    """The rules that no plan may break, along one plan."""

    def __init__(
        self,
        snapshot: dict[str, Any],
        policy: Policy,
        cluster: Cluster,
        path: Path,
    ) -> None:
        """Read the rules for a plan that can be replayed."""
        self._snapshot = snapshot
        self._given = policy.circumstances
        self._cluster = cluster
        self._path = path
        rules = read_rules(snapshot, policy.document, cluster)
        self._rules = [rule for rule in rules if rule.must]
        self._parts = list(divisions(self._rules, cluster, path))
        self._runs = 0

    def judge(self, findings: Findings, worst: bool) -> None:
        """What the plan breaks in any order.

        :param worst: whether each instance moves in a chain, so that where
            it is at a move is known
        """
        self._migrations(findings)
        if not worst:
            return
        holding = _holding(self._cluster)
        findings.add(meetings.meetings(self._rules, self._path, holding))
        for parts in self._parts:
            said = WorstCase(parts.cluster, parts.path).violations()
            findings.add(parts.reworded(said))

    def simulate(self, schedule: Schedule, findings: Findings) -> None:
        """What the plan breaks when it runs like this; only a few times.

        The search for the worst order is exact, this is to confirm it.
        """
        self._runs += 1
        for parts in self._parts if self._runs <= _RUNS else ():
            said = Findings()
            Simulation(parts.path, schedule, said).run()
            findings.add(parts.reworded(said.all()))

    def _migrations(self, findings: Findings) -> None:
        migrations = [one for one in self._path.actions if one.migrates]
        for rule in self._rules:
            if rule.kind == 'budget':
                wrong = moves.overspent(
                    rule,
                    migrations,
                    self._snapshot,
                    self._given.migrated,
                    self._cluster.migrating,
                )
                findings.add(wrong, 'plan')
            elif rule.kind in moves.KINDS:
                for action in migrations:
                    wrong = moves.moved(rule, action, self._given.now)
                    findings.add(wrong, f'action {action.id}')


def _holding(cluster: Cluster) -> dict[str, list[str]]:
    """The nodes that each instance holds room on, at the start."""
    holding: dict[str, list[str]] = {uuid: [] for uuid in cluster.instances}
    for instance, hostname in cluster.holds():
        holding[instance.uuid].append(hostname)
    return holding
