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

from tests.unit.model import small
from watcher_rearrange.model.records import Aggregate
from watcher_rearrange.model.records import Instance
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
    def test_an_option_decides(self) -> None:
        snapshot = small.snapshot({'c0': 1}, {})
        found = scheduler.as_configured(snapshot, ['ComputeFilter'], False)
        self.assertEqual(('ComputeFilter',), found.scheduler_filters)
        found = scheduler.as_configured(snapshot, [], False)
        self.assertIsNone(found.scheduler_filters)

    def test_whether_older_hypervisors_do(self) -> None:
        snapshot = small.snapshot({'c0': 1}, {})
        for skip in (False, True):
            found = scheduler.as_configured(snapshot, [], skip)
            self.assertEqual(skip, found.skip_hypervisor_version_check_on_lm)

    def test_how_long_its_scheduler_sees_who_has_left(self) -> None:
        snapshot = small.snapshot({'c0': 1}, {})
        self.assertEqual(130, snapshot.scheduler_sync_s)
        found = scheduler.as_configured(snapshot, [], False, 0)
        self.assertEqual(0, found.scheduler_sync_s)
