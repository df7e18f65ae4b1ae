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

"""Efficacy: the figures of a plan, and safe when there are none."""

from __future__ import annotations

import json
import unittest

from watcher.decision_engine.solution import efficacy

from tests.unit.plugin import builders
from watcher_rearrange.model import plan
from watcher_rearrange.plugin import goals


GOALS = (
    goals.CloudRebalancing,
    goals.CloudConsolidation,
    goals.CloudEvacuation,
    goals.CloudRearrangement,
)
NOTHING = plan.Plan(plan.Status.NO_CHANGE)


def row(
    name: str, before: float, after: float, bound: float | None = None
) -> plan.ObjectiveValue:
    return plan.ObjectiveValue(name, before, after, bound, '')


def specification(goal):
    return goal.get_efficacy_specification()


def shown(goal, made):
    """The global efficacy of a plan, by name."""
    spec = specification(goal)
    found = spec.get_global_efficacy_indicator(
        efficacy.IndicatorsMap(spec.values(made))
    )
    return {indicator.name: indicator.value for indicator in found}


class TestSpecifications(unittest.TestCase):
    def test_few_indicators_that_fit_the_database(self):
        for goal in GOALS:
            with self.subTest(goal.get_name()):
                figures = specification(goal).get_indicators_specifications()
                always = [figure for figure in figures if figure.required]
                self.assertIn(len(always), range(6, 11))
                names = [figure.name for figure in figures]
                self.assertEqual(len(names), len(set(names)))
                for figure in figures:
                    self.assertLessEqual(len(figure.name), 63)
                    self.assertLessEqual(len(figure.description), 255)
                    self.assertLessEqual(len(figure.unit), 63)
                    self.assertTrue(figure.unit)

    def test_survives_the_database(self):
        for goal in GOALS:
            spec = specification(goal)
            stored = json.loads(spec.serialize_indicators_specs())
            self.assertEqual(spec.get_indicators_specs_dicts(), stored)

    def test_values_are_valid(self):
        for goal in GOALS:
            spec = specification(goal)
            spec.validate_efficacy_indicators(spec.values(NOTHING))

    def test_global_efficacy_of_nothing(self):
        for goal in GOALS:
            with self.subTest(goal.get_name()):
                values = shown(goal, NOTHING)
                self.assertIn(len(values), range(2, 5))
                self.assertEqual({0}, set(values.values()))

    def test_names_are_those_of_the_entry_points(self):
        for goal in GOALS:
            self.assertEqual(goal.NAME, goal(None).name)
            self.assertTrue(goal.get_display_name())
            self.assertEqual(
                goal.get_display_name(), goal.get_translatable_display_name()
            )


class TestFigures(unittest.TestCase):
    def test_path_and_actions(self):
        made = plan.Plan(
            plan.Status.FEASIBLE,
            actions=(
                builders.move('1', 'a', ('cmp01', 'cmp02')),
                builders.move(
                    '2', 'b', ('cmp01', 'cmp02'), type=plan.COLD_MIGRATE
                ),
            ),
            path=plan.PathSummary(
                migrations=2,
                displacements=1,
                migrated_mb=3584,
                makespan_s=90.0,
            ),
        )
        values = specification(goals.CloudRearrangement).values(made)
        self.assertEqual(2, values['migrations'])
        self.assertEqual(1, values['live_migrations'])
        self.assertEqual(1, values['cold_migrations'])
        self.assertEqual(1, values['displacements'])
        self.assertEqual(3.5, values['memory_moved_gb'])
        self.assertEqual(1.5, values['estimated_minutes'])

    def test_evacuation(self):
        made = plan.Plan(
            plan.Status.FEASIBLE,
            objectives=(
                row('nodes_to_evacuate', 3, 1),
                row('instances_on_evacuated_nodes', 40, 4),
            ),
        )
        values = specification(goals.CloudEvacuation).values(made)
        self.assertEqual(2, values['nodes_evacuated'])
        self.assertEqual(36, values['instances_evacuated'])
        self.assertEqual(4, values['instances_staying'])
        overall = shown(goals.CloudEvacuation, made)
        self.assertEqual(66.7, overall['nodes_evacuated_pct'])
        self.assertEqual(90.0, overall['instances_evacuated_pct'])

    def test_consolidation(self):
        made = plan.Plan(
            plan.Status.FEASIBLE,
            actions=(plan.Action('1', plan.DISABLE_SERVICE, node='cmp01'),),
            objectives=(row('active_nodes', 40, 30, 28),),
        )
        values = specification(goals.CloudConsolidation).values(made)
        self.assertEqual(10, values['nodes_freed'])
        self.assertEqual(28, values['active_nodes_bound'])
        self.assertEqual(1, values['nodes_disabled'])
        overall = shown(goals.CloudConsolidation, made)
        self.assertEqual(25.0, overall['nodes_freed_pct'])

    def test_rebalancing(self):
        made = plan.Plan(
            plan.Status.FEASIBLE, objectives=(row('imbalance', 12.5, 2.5),)
        )
        overall = shown(goals.CloudRebalancing, made)
        self.assertEqual(80.0, overall['imbalance_removed_pct'])

    def test_a_value_is_never_negative(self):
        made = plan.Plan(
            plan.Status.FEASIBLE, objectives=(row('active_nodes', 3, 4),)
        )
        values = specification(goals.CloudConsolidation).values(made)
        self.assertEqual(0, values['nodes_freed'])


class TestAlternatives(unittest.TestCase):
    def test_as_many_as_there_are(self):
        made = plan.Plan(
            plan.Status.FEASIBLE,
            alternatives=(
                plan.Alternative(3, 1024, 9.0, (row('active_nodes', 9, 8),)),
                plan.Alternative(7, 4096, 20.0, (row('active_nodes', 9, 6),)),
            ),
        )
        spec = specification(goals.CloudConsolidation)
        values = spec.values(made)
        spec.validate_efficacy_indicators(values)
        self.assertEqual(3, values['alternative_1_migrations'])
        self.assertEqual(6, values['alternative_2_active_nodes'])
        self.assertNotIn('alternative_3_migrations', values)

    def test_none(self):
        for goal in GOALS:
            values = specification(goal).values(NOTHING)
            self.assertFalse([n for n in values if 'alternative' in n])
