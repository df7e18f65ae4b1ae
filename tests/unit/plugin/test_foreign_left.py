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

"""Actions that cannot be put into a safe order."""

from __future__ import annotations

from typing import Any

from oslo_config import cfg

from tests.unit.plugin import builders
from tests.unit.plugin.foreign_actions import ROOMY
from tests.unit.plugin.foreign_actions import ForeignTestCase
from tests.unit.plugin.foreign_actions import Strategy
from tests.unit.plugin.foreign_actions import migrate
from tests.unit.plugin.foreign_actions import other
from tests.unit.plugin.foreign_actions import service
from watcher_rearrange.plugin import options
from watcher_rearrange.plugin import weaving


class TestLeft(ForeignTestCase):
    def assert_last(self, found: weaving.Arrangement, *expected: str) -> None:
        order = self.order(found)
        self.assertEqual(list(expected), order[-len(expected) :])
        for text in expected:
            before = order[: order.index(text)]
            self.assertEqual(set(before), self.waits(found, text))
        self.assertFalse(found.steps[-1].guarded)

    def test_not_in_the_model(self) -> None:
        found = self.arrange(
            Strategy(ROOMY),
            migrate('ghost', 'cmp1', 'cmp2'),
            migrate('a', 'cmp1', 'cmp2'),
            migrate('b', 'cmp2', 'cmp3'),
        )
        self.assert_last(found, 'ghost cmp1 cmp2')
        self.assertIn('not in the model', found.message)

    def test_no_destination(self) -> None:
        found = self.arrange(
            Strategy(ROOMY),
            migrate('b', 'cmp2', None),
            migrate('a', 'cmp1', 'cmp3'),
        )
        self.assert_last(found, 'b cmp2 None')
        self.assertIn('b: its destination is left to Nova', found.message)

    def test_a_broken_chain(self) -> None:
        found = self.arrange(
            Strategy(ROOMY),
            migrate('b', 'cmp2', 'cmp3'),
            migrate('b', 'cmp1', 'cmp2'),
            migrate('a', 'cmp1', 'cmp3'),
        )
        self.assert_last(found, 'b cmp2 cmp3', 'b cmp1 cmp2')

    def test_elsewhere(self) -> None:
        found = self.arrange(
            Strategy(ROOMY),
            migrate('b', 'cmp1', 'cmp3'),
            migrate('a', 'cmp1', 'cmp3'),
        )
        self.assert_last(found, 'b cmp1 cmp3')
        self.assertIn('b: it is on cmp2', found.message)

    def test_more_than_fits(self) -> None:
        full = {'cmp1': {'a': 8}, 'cmp2': {'b': 4}, 'cmp3': {}}
        found = self.arrange(
            Strategy(full),
            migrate('a', 'cmp1', 'cmp2'),
            migrate('b', 'cmp2', 'cmp1'),
            migrate('b', 'cmp1', 'cmp3'),
        )
        self.assertEqual(['b cmp2 cmp3', 'a cmp1 cmp2'], self.order(found))
        found = self.arrange(
            Strategy({**full, 'cmp3': {'c': 2}}),
            migrate('c', 'cmp3', 'cmp2'),
            migrate('a', 'cmp1', 'cmp2'),
        )
        self.assertEqual(['c cmp3 cmp2', 'a cmp1 cmp2'], self.order(found))
        self.assert_last(found, 'a cmp1 cmp2')

    def test_paused(self) -> None:
        found = self.arrange(
            Strategy(ROOMY, {'a': 'paused'}),
            migrate('a', 'cmp1', 'cmp2'),
            migrate('b', 'cmp2', 'cmp3'),
        )
        self.assert_last(found, 'a cmp1 cmp2')

    def test_resized_before(self) -> None:
        found = self.arrange(
            Strategy(ROOMY),
            other('resize', 'a'),
            migrate('a', 'cmp1', 'cmp2'),
            migrate('b', 'cmp2', 'cmp3'),
        )
        self.assert_last(found, 'resize', 'a cmp1 cmp2')

    def test_a_service_waits_for_an_arrival_that_is_left(self) -> None:
        found = self.arrange(
            Strategy(ROOMY, {'a': 'paused'}),
            service('cmp2', 'disabled'),
            migrate('a', 'cmp1', 'cmp2'),
            migrate('b', 'cmp2', 'cmp3'),
        )
        self.assert_last(found, 'a cmp1 cmp2', 'cmp2 disabled')

    def test_a_deadlock(self) -> None:
        two = {'cmp1': {'a': 8}, 'cmp2': {'b': 8}}
        found = self.arrange(
            Strategy(two),
            migrate('a', 'cmp1', 'cmp2'),
            migrate('b', 'cmp2', 'cmp1'),
        )
        self.assertEqual(['a cmp1 cmp2', 'b cmp2 cmp1'], self.order(found))
        self.assertEqual((0,), found.steps[1].after)
        self.assertIn('one action after the other', found.message)

    def test_no_model(self) -> None:
        class Nothing:
            name = 'no_model'
            compute_model = None

        found = self.arrange(
            Nothing(), migrate('a', 'cmp1', 'cmp2'), migrate('b', 'x', 'y')
        )
        self.assertEqual(['a cmp1 cmp2', 'b x y'], self.order(found))
        self.assertIn('no compute model', found.message)

    def test_a_model_that_cannot_be_had(self) -> None:
        class Broken:
            name = 'broken'

            @property
            def compute_model(self) -> Any:
                raise RuntimeError('stale')

        found = self.arrange(Broken(), migrate('a', 'cmp1', 'cmp2'))
        self.assertIn('RuntimeError: stale', found.message)

    def test_a_filter_of_novas_scheduler_unless_it_is_not_enabled(
        self,
    ) -> None:
        strategy = Strategy(ROOMY)
        element = strategy.compute_model.get_instance_by_uuid(
            builders.uuid_of('a')
        )
        element.flavor_extra_specs = {'hw:numa_nodes': '1'}
        actions = migrate('a', 'cmp1', 'cmp3'), migrate('b', 'cmp2', 'cmp3')
        self.assert_last(self.arrange(strategy, *actions), 'a cmp1 cmp3')
        cfg.CONF.set_override(
            'scheduler_filters', ['ComputeFilter'], options.GROUP
        )
        self.addCleanup(
            cfg.CONF.clear_override, 'scheduler_filters', options.GROUP
        )
        found = self.arrange(strategy, *actions)
        self.assertTrue(all(step.guarded for step in found.steps))
