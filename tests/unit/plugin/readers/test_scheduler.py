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

"""Filters that are enabled as far as anybody can know."""

from __future__ import annotations

import unittest

from typing import Any

from oslo_config import cfg

from tests.unit.model import small
from watcher_rearrange.model.records import Aggregate
from watcher_rearrange.model.records import Instance
from watcher_rearrange.model.records import Snapshot
from watcher_rearrange.plugin import guarding
from watcher_rearrange.plugin import options
from watcher_rearrange.plugin.readers import scheduler


GOLD = Aggregate('gold', ('c0',), {'pool': 'gold'})


def instance(key: str) -> Instance:
    return small.instance('a', 'c0', flavor_extra_specs={key: 'gold'})


class TestAssumed(unittest.TestCase):
    def test_an_aggregate_has_what_a_flavor_asks_for(self) -> None:
        for key in ('pool', 'aggregate_instance_extra_specs:pool'):
            self.assertIsNone(scheduler.assumed([instance(key)], [GOLD]))

    def test_no_aggregate_has_it(self) -> None:
        for key in ('other', 'hw:pool', 'aggregate_instance_extra_specs:x'):
            found = scheduler.assumed([instance(key)], [GOLD])
            self.assertNotIn(scheduler.EXTRA_SPECS, found or ())
            self.assertIn('AggregateMultiTenancyIsolation', found or ())
            self.assertIn('NUMATopologyFilter', found or ())


class TestConfigured(unittest.TestCase):
    def configured(
        self, config: dict[str, Any] | None = None, **common: Any
    ) -> Snapshot:
        """Return a snapshot; config is that of a strategy."""
        for name, value in common.items():
            cfg.CONF.set_override(name, value, options.GROUP)
            self.addCleanup(cfg.CONF.clear_override, name, options.GROUP)
        own = config
        if own is not None:
            names = (option.name for option in scheduler.OPTIONS)
            own = {**dict.fromkeys(names), **own}
        snapshot = small.snapshot({'c0': 1}, {})
        return scheduler.as_configured(snapshot, own)

    def test_nobody_says_anything(self) -> None:
        for config in (None, {}):
            found = self.configured(config)
            self.assertIsNone(found.scheduler_filters)
            self.assertFalse(found.skip_hypervisor_version_check_on_lm)

    def test_once_for_all_strategies(self) -> None:
        for config in (None, {}):
            found = self.configured(
                config,
                scheduler_filters=['ComputeFilter'],
                skip_hypervisor_version_check_on_lm=True,
            )
            self.assertEqual(('ComputeFilter',), found.scheduler_filters)
            self.assertTrue(found.skip_hypervisor_version_check_on_lm)

    def test_a_strategy_departs_from_it(self) -> None:
        found = self.configured(
            {
                'scheduler_filters': ['AllHostsFilter'],
                'skip_hypervisor_version_check_on_lm': False,
            },
            scheduler_filters=['ComputeFilter'],
            skip_hypervisor_version_check_on_lm=True,
        )
        self.assertEqual(('AllHostsFilter',), found.scheduler_filters)
        self.assertFalse(found.skip_hypervisor_version_check_on_lm)

    def test_an_empty_list_of_a_strategy_is_one(self) -> None:
        found = self.configured(
            {'scheduler_filters': []}, scheduler_filters=['ComputeFilter']
        )
        self.assertIsNone(found.scheduler_filters)

    def test_how_long_its_scheduler_sees_who_has_left(self) -> None:
        self.assertEqual(130, self.configured().scheduler_sync_s)
        found = self.configured(scheduler_sync_s=0)
        self.assertEqual(0, found.scheduler_sync_s)

    def test_plain_actions_do_not_wait_until_it_knows(self):
        cfg.CONF.set_override('guard_actions', False, guarding.GROUP)
        self.addCleanup(
            cfg.CONF.clear_override, 'guard_actions', guarding.GROUP
        )
        self.assertEqual(0, self.configured().scheduler_sync_s)
