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

"""Whatever a strategy wants: what is guarded is safe in every order."""

from __future__ import annotations

import random
import unittest

from tests.unit.plugin import builders
from tests.unit.plugin.foreign_actions import Strategy
from tests.unit.plugin.foreign_actions import migrate
from tests.unit.plugin.foreign_actions import other
from tests.unit.plugin.foreign_actions import service
from watcher_rearrange import checker
from watcher_rearrange.model import plan
from watcher_rearrange.model import records
from watcher_rearrange.plugin import foreign
from watcher_rearrange.plugin import weaving
from watcher_rearrange.plugin.readers import watcher_model
from watcher_rearrange.plugin.rendering import WatcherAction
from watcher_rearrange.snapshot import writer


CASES = 150


class Case:
    """A random small cluster, and what a random strategy wants of it."""

    def __init__(self, seed: int) -> None:
        rng = random.Random(seed)
        self.hosts = [f'cmp{k}' for k in range(1, rng.randint(4, 6))]
        closed = tuple(host for host in self.hosts if rng.random() < 0.2)
        instances: dict[str, dict[str, int]] = {}
        for host in self.hosts:
            room, those = 8, {}
            while room and rng.random() < 0.8:
                size = min(room, rng.choice((1, 2, 4)))
                those[f'{host}-{len(those)}'] = size
                room -= size
            instances[host] = those
        self.strategy = Strategy(instances, closed=closed)
        self.actions: list[WatcherAction] = []
        for host, those in instances.items():
            for name in those:
                if rng.random() < 0.4:
                    self._migrate(rng, name, host)
        for host in self.hosts:
            if rng.random() < 0.3:
                states = ['enabled', 'disabled']
                if host not in closed:
                    rng.shuffle(states)
                count = 2 if host not in closed and rng.random() < 0.2 else 1
                self.actions += [service(host, s) for s in states[:count]]
        if rng.random() < 0.3:
            self.actions.append(other('nop'))
        rng.shuffle(self.actions)

    def _migrate(self, rng: random.Random, name: str, host: str) -> None:
        destination = rng.choice(self.hosts)
        if destination != host:
            self.actions.append(migrate(name, host, destination))


class TestSafety(unittest.TestCase):
    def setUp(self) -> None:
        super().setUp()
        builders.trust_the_model(self)

    def test_what_is_guarded_is_safe(self) -> None:
        guarded = 0
        for seed in range(CASES):
            case = Case(seed)
            with self.subTest(seed=seed):
                found = foreign.arrange(case.actions, case.strategy)
                self._check_all_there(case, found)
                guarded += sum(step.guarded for step in found.steps)
                self._check_safe(case, found)
        self.assertGreater(guarded, CASES)

    def _check_all_there(self, case: Case, found: weaving.Arrangement) -> None:
        """Every instance ends up where it should, every action is there."""
        wanted = {}
        for action in case.actions:
            given = action['input_parameters']
            if action['action_type'] == 'migrate':
                wanted[given['resource_id']] = given['destination_node']
            else:
                self.assertIn(action, [step.action for step in found.steps])
        reached = {
            step.action['input_parameters']['resource_id']: step.action[
                'input_parameters'
            ]['destination_node']
            for step in found.steps
            if step.action['action_type'] == 'migrate'
        }
        self.assertEqual(wanted, {k: reached[k] for k in wanted})

    def _check_safe(self, case: Case, found: weaving.Arrangement) -> None:
        snapshot = watcher_model.read(case.strategy.compute_model).snapshot
        document = writer.snapshot_document(snapshot)
        steps = found.steps
        guarded = {k for k, step in enumerate(steps) if step.guarded}
        made = plan.Plan(
            plan.Status.FEASIBLE,
            tuple(
                _action(number, steps, guarded) for number in sorted(guarded)
            ),
        )
        report = checker.check_plan(document, writer.plan_document(made))
        self.assertEqual([], list(report.violations), made)


def _action(
    number: int, steps: tuple[weaving.Step, ...], guarded: set[int]
) -> plan.Action:
    """A step as an action that the checker understands."""
    step = steps[number]
    given = step.action['input_parameters']
    if step.action['action_type'] == 'migrate':
        uuid = given['resource_id']
        return plan.Action(
            str(number),
            plan.LIVE_MIGRATE,
            instance=uuid,
            source=given['source_node'],
            destination=given['destination_node'],
            displacement=any(
                later.guarded
                and later.action['input_parameters'].get('resource_id') == uuid
                for later in steps[number + 1 :]
            ),
            parents=tuple(str(k) for k in step.needs),
        )
    opens = given['state'] == records.ENABLED
    return plan.Action(
        str(number),
        plan.ENABLE_SERVICE if opens else plan.DISABLE_SERVICE,
        node=given['resource_name'],
        # That a service may change when something has failed is no danger.
        parents=tuple(
            str(k) for k in (*step.needs, *step.after) if k in guarded
        ),
    )
