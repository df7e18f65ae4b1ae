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

"""What is drawn with rules."""

from __future__ import annotations

import unittest

from benchmarks import real_cloud_ruled as ruled
from benchmarks import real_cloud_ruled_judge as judging
from benchmarks import real_cloud_scenarios as scenarios
from tests.functional.minicloud import tenant


SEED, COUNT = 3, 50
PROJECT = 'project'


def facts(scenario: ruled.RuledScenario) -> judging.Facts:
    """Return what is so once instances are booted; names are UUIDs."""
    wishes = (*scenario.instances, *scenario.created)
    rules = scenario.rules
    traits: dict[str, frozenset[str]] = {}
    for trait, hosts in rules.traits.items():
        for host in hosts:
            traits[host] = traits.get(host, frozenset()) | {trait}
    return judging.Facts(
        {
            w.name: judging.Bound(
                w.name,
                PROJECT,
                tenant.flavor_name(w.size, w.specs),
                dict(w.specs),
                w.zone,
            )
            for w in wishes
        },
        tuple(
            judging.Group(
                g.name,
                g.policy,
                g.most or 1,
                tuple(w.name for w in wishes if w.group == g.name),
            )
            for g in rules.groups
        ),
        {
            host: aggregate.metadata['availability_zone']
            for aggregate in rules.aggregates
            for host in aggregate.hosts
            if 'availability_zone' in aggregate.metadata
        },
        tuple((frozenset(a.hosts), a.metadata) for a in rules.aggregates),
        traits,
    )


class TestDrawing(unittest.TestCase):
    """Some scenarios of one seed."""

    def setUp(self) -> None:
        """Draw."""
        super().setUp()
        self.drawn = [ruled.draw(n, SEED, COUNT) for n in range(28)]

    def test_same(self) -> None:
        """Numbers alone say what is drawn."""
        self.assertEqual(ruled.draw(5, SEED, COUNT), self.drawn[5])

    def test_cluster(self) -> None:
        """It is that of the scenario without rules."""
        for number, scenario in enumerate(self.drawn):
            base = scenarios.draw(number, SEED, COUNT)
            self.assertEqual(base.states, scenario.states)
            self.assertEqual(
                [(w.name, w.host, w.size) for w in base.instances],
                [(w.name, w.host, w.size) for w in scenario.instances],
            )

    def test_rules_hold(self) -> None:
        """Nova boots everything where it is to be."""
        for scenario in self.drawn:
            wishes = (*scenario.instances, *scenario.created)
            hosts = {wish.name: wish.host or '' for wish in wishes}
            self.assertEqual({}, judging.breaches(facts(scenario), hosts))

    def test_everything_is_drawn(self) -> None:
        """Each kind of rule, and each way to break one."""
        rules = [scenario.rules for scenario in self.drawn]
        self.assertEqual(
            set(ruled.POLICIES), {g.policy for r in rules for g in r.groups}
        )
        for kind in ('aggregates', 'traits', 'leaving', 'fading', 'late'):
            self.assertTrue(any(getattr(r, kind) for r in rules), kind)
        self.assertEqual(
            set(ruled.STRATEGIES), {s.strategy for s in self.drawn}
        )
        wishes = [w for s in self.drawn for w in s.instances]
        self.assertTrue(any(wish.zone for wish in wishes))

    def test_resized_is_in_no_group(self) -> None:
        """Nobody knows where it will be when others are booted."""
        for scenario in self.drawn:
            groups = {w.name: w.group for w in scenario.instances}
            self.assertIsNone(groups.get(scenario.resized or ''))
