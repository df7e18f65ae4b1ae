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

"""How the embedded cloud holds what it holds, and shows it."""

from __future__ import annotations

import unittest

from tests.embedded.cloud import Cloud
from tests.embedded.state import COLD
from tests.embedded.state import Refused
from tests.unit.embedded import samples


ONE = samples.uuid_of(1)
TWO = samples.uuid_of(2)


def _used(cloud: Cloud, host: str) -> int:
    with cloud.present() as state:
        return state.ledger.used(host)['MEMORY_MB']


class MigrationTest(unittest.TestCase):
    def setUp(self) -> None:
        self.clock = samples.Clock()
        self.cloud = samples.cloud(self.clock)

    def _server(self) -> tuple[str, str, str | None]:
        with self.cloud.present() as state:
            server = state.servers[ONE]
            return server.host, server.state, server.task_state

    def test_live_migration_holds_both_hosts_until_it_is_done(self) -> None:
        migration = self.cloud.migrate(ONE, 'cmp2')
        self.clock.now_s += 9.9
        self.assertEqual(('cmp1', 'active', 'migrating'), self._server())
        self.assertEqual(1024, _used(self.cloud, 'cmp1'))
        self.assertEqual(1024, _used(self.cloud, 'cmp2'))
        with self.cloud.present() as state:
            # Placement's view: the source belongs to the migration record.
            self.assertEqual(
                [migration.uuid], [*state.ledger.consumers('cmp1')]
            )
            self.assertEqual([ONE], [*state.ledger.consumers('cmp2')])

        self.clock.now_s += 0.2
        self.assertEqual(('cmp2', 'active', None), self._server())
        self.assertEqual(0, _used(self.cloud, 'cmp1'))
        self.assertEqual('completed', migration.status)

    def test_events_have_the_time_at_which_they_happened(self) -> None:
        self.clock.now_s += 5
        self.cloud.migrate(ONE, 'cmp2')
        self.clock.now_s += 100
        self.assertEqual(
            [
                (5.0, 'live-migration started'),
                (15.0, 'live-migration completed'),
            ],
            [(event.time_s, event.what) for event in self.cloud.log],
        )

    def test_cold_migration_holds_both_hosts_until_confirmed(self) -> None:
        self.cloud.stop(ONE)
        self.cloud.migrate(ONE, 'cmp2', COLD)
        self.assertEqual(
            ('cmp1', 'stopped', 'resize_migrating'), self._server()
        )
        self.clock.now_s += 10
        self.assertEqual(('cmp2', 'resized', None), self._server())
        self.assertEqual(1024, _used(self.cloud, 'cmp1'))
        self.assertEqual(0, self.cloud.running_count)

        self.cloud.confirm(ONE)
        self.assertEqual(('cmp2', 'stopped', None), self._server())
        self.assertEqual(0, _used(self.cloud, 'cmp1'))
        with self.assertRaises(Refused) as caught:
            self.cloud.confirm(ONE)
        self.assertEqual(409, caught.exception.code)

    def test_failed_migration_returns_to_the_source(self) -> None:
        self.cloud.fail(ONE)
        migration = self.cloud.migrate(ONE, 'cmp2')
        self.assertEqual(1024, _used(self.cloud, 'cmp2'))
        self.clock.now_s += 10
        self.assertEqual(('cmp1', 'active', None), self._server())
        self.assertEqual(0, _used(self.cloud, 'cmp2'))
        self.assertEqual('error', migration.status)
        # Only the next one was to fail.
        self.cloud.migrate(ONE, 'cmp2')
        self.clock.now_s += 10
        self.assertEqual('cmp2', self.cloud.host_of(ONE))
        self.assertEqual([], self.cloud.refusals)

    def test_failure_may_leave_an_instance_in_error(self) -> None:
        self.cloud.fail(ONE, error=True)
        self.cloud.migrate(ONE, 'cmp2', COLD)
        self.clock.now_s += 10
        self.assertEqual(('cmp1', 'error', None), self._server())

    def test_abort(self) -> None:
        migration = self.cloud.migrate(ONE, 'cmp2')
        with self.assertRaises(Refused):
            self.cloud.abort(ONE, migration.number + 1)
        self.cloud.abort(ONE, migration.number)
        self.clock.now_s += 100
        self.assertEqual(('cmp1', 'active', None), self._server())
        self.assertEqual(0, _used(self.cloud, 'cmp2'))
        self.assertEqual('cancelled', migration.status)

    def test_delete_while_it_migrates(self) -> None:
        self.cloud.migrate(ONE, 'cmp2')
        self.cloud.delete(ONE)
        self.clock.now_s += 100
        self.assertEqual(0, _used(self.cloud, 'cmp1'))
        self.assertEqual(0, _used(self.cloud, 'cmp2'))
        self.assertEqual([], self.cloud.snapshot()['instances'])
        with self.assertRaises(Refused) as caught:
            self.cloud.migrate(ONE, 'cmp2')
        self.assertEqual(404, caught.exception.code)

    def test_time_may_depend_on_the_memory(self) -> None:
        document = self.cloud.snapshot()
        cloud = Cloud(document, lambda memory_mb: memory_mb / 256, self.clock)
        cloud.migrate(ONE, 'cmp2')
        self.clock.now_s += 3.9
        self.assertEqual(1, cloud.running_count)
        self.clock.now_s += 0.2
        self.assertEqual(0, cloud.running_count)

    def test_cloud_chooses_if_nobody_does(self) -> None:
        self.cloud.fill('cmp2')
        self.assertEqual('cmp3', self.cloud.migrate(ONE, None).destination)


class OverloadTest(unittest.TestCase):
    def setUp(self) -> None:
        self.clock = samples.Clock()

    def test_recorded_if_it_comes_about(self) -> None:
        cloud = samples.cloud(self.clock)
        cloud.fill('cmp2')
        with cloud.present() as state:
            state.ledger.hold(ONE, 'cmp2', {'VCPU': 2})
        overload = cloud.overloads[0]
        self.assertEqual(
            ('cmp2', 'VCPU', 22, 20),
            (
                overload.host,
                overload.resource_class,
                overload.used,
                overload.capacity,
            ),
        )

    def test_not_recorded_if_it_was_so_at_the_start(self) -> None:
        big = samples.instance(2, 'cmp1', allocations={'DISK_GB': 200})
        cloud = samples.cloud(
            self.clock, instances=[samples.instance(1, 'cmp1'), big]
        )
        cloud.fail(ONE)
        cloud.migrate(ONE, 'cmp2')
        self.clock.now_s += 10
        self.assertEqual('cmp1', cloud.host_of(ONE))
        self.assertEqual([], cloud.overloads)

    def test_full_source_is_not_counted_twice(self) -> None:
        cloud = samples.cloud(self.clock)
        cloud.fill('cmp1')
        cloud.fail(ONE)
        cloud.migrate(ONE, 'cmp2')
        self.clock.now_s += 10
        cloud.migrate(ONE, 'cmp2')
        cloud.abort(ONE, 2)
        self.assertEqual([], cloud.overloads)

    def test_nobody_boots_where_there_is_no_room(self) -> None:
        cloud = samples.cloud(self.clock)
        cloud.fill('cmp2')
        with self.assertRaises(Refused):
            cloud.fill('cmp2', {'VCPU': 1})
        self.assertEqual([], cloud.overloads)
        self.assertEqual([], cloud.refusals)


class SnapshotTest(unittest.TestCase):
    def setUp(self) -> None:
        self.clock = samples.Clock()

    def test_what_was_read_is_written(self) -> None:
        document = samples.snapshot(
            [
                samples.node('cmp1', traits=['CUSTOM_A'], load={'cpu_pct': 1}),
                samples.node('cmp2', status='disabled', state='down'),
            ],
            [samples.instance(1, 'cmp1', metadata={'a': 'b'}, locked=True)],
            aggregates=[{'name': 'gold', 'hosts': ['cmp1'], 'metadata': {}}],
        )
        once = Cloud(document, clock=self.clock).snapshot()
        self.assertEqual(once, Cloud(once, clock=self.clock).snapshot())
        for before, after in zip(
            document['compute_nodes'] + document['instances'],
            once['compute_nodes'] + once['instances'],
            strict=True,
        ):
            self.assertEqual(before, {key: after[key] for key in before})

    def test_changes_are_written(self) -> None:
        cloud = samples.cloud(self.clock)
        cloud.migrate(ONE, 'cmp2')
        cloud.set_service('cmp1', 'disabled', 'why')
        document = cloud.snapshot()
        self.assertEqual(
            [
                {
                    'instance': ONE,
                    'source': 'cmp1',
                    'destination': 'cmp2',
                    'status': 'running',
                }
            ],
            document['migrations'],
        )
        self.assertEqual('cmp1', document['instances'][0]['host'])
        self.assertEqual(
            'why', document['compute_nodes'][0]['disabled_reason']
        )
        self.clock.now_s += 10
        document = cloud.snapshot()
        self.assertEqual([], document['migrations'])
        self.assertEqual('cmp2', document['instances'][0]['host'])

    def test_migrations_under_way_go_on(self) -> None:
        first = samples.cloud(self.clock)
        first.migrate(ONE, 'cmp2')
        second = Cloud(first.snapshot(), 10.0, self.clock)
        self.assertEqual(1024, _used(second, 'cmp1'))
        self.assertEqual(1024, _used(second, 'cmp2'))
        self.clock.now_s += 10
        self.assertEqual('cmp2', second.host_of(ONE))

    def test_unconfirmed_migration_still_holds_its_source(self) -> None:
        first = samples.cloud(self.clock)
        first.migrate(ONE, 'cmp2', COLD)
        self.clock.now_s += 10
        second = Cloud(first.snapshot(), 10.0, self.clock)
        self.assertEqual(1024, _used(second, 'cmp1'))
        second.confirm(ONE)
        self.assertEqual(0, _used(second, 'cmp1'))

    def test_what_does_not_fit_together_is_refused(self) -> None:
        one = samples.instance(1, 'cmp1')
        for nodes, instances in (
            ([samples.node('cmp2')], [one]),
            ([samples.node('cmp1')], [one, one]),
            ([samples.node('cmp1')], [{**one, 'uuid': 'vm-1'}]),
        ):
            with self.assertRaises(ValueError):
                Cloud(samples.snapshot(nodes, instances))
