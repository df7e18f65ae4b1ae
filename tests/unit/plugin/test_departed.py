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

import json

from unittest import mock

from oslo_config import cfg

from tests.unit.plugin.readers.base import ReadingTestCase
from tests.unit.plugin.readers.recording import Answer
from watcher_rearrange.plugin import options
from watcher_rearrange.plugin.actions import departed
from watcher_rearrange.plugin.readers import nova


GROUP = {
    'id': 'g',
    'policy': 'anti-affinity',
    'members': ['a', 'b', 'c'],
    'rules': {},
}


def left(instance, moment='12:00:20', **fields):
    return {
        'uuid': f'migration of {instance}',
        'instance_uuid': instance,
        'status': 'completed',
        'source_compute': 'cmp01',
        'dest_compute': 'cmp02',
        'updated_at': f'2026-01-05T{moment}.000000',
        **fields,
    }


class Adapter:
    """A Nova of instance a, its group, and who has left cmp01."""

    def __init__(self):
        self.server = {'id': 'a', 'server_groups': ['g']}
        self.group = dict(GROUP)
        self.migrations = []
        self.there = []
        self.asked = []

    def get(self, path, **given):
        self.asked.append(path)
        place = path.partition('?')[0]
        bodies = {
            '/servers/a': {'server': self.server},
            '/os-server-groups/g': {'server_group': self.group},
            '/os-migrations': {'migrations': self.migrations},
            '/servers/detail': {'servers': [{'id': x} for x in self.there]},
        }
        if place == '/servers/a' and self.server is None:
            return Answer(404, '{}')
        answer = Answer(200, json.dumps(bodies[place]))
        answer.headers['Date'] = 'Mon, 05 Jan 2026 12:00:50 GMT'
        return answer


class WaitTestCase(ReadingTestCase):
    def setUp(self):
        super().setUp()
        self.adapter = self.helper.connection.compute = Adapter()

    def wait_s(self):
        return departed.wait_s('a', 'cmp01')


class TestWait(WaitTestCase):
    def test_nobody_has_left(self):
        self.assertEqual(0, self.wait_s())

    def test_another_member_has(self):
        self.adapter.migrations = [left('b')]
        self.assertEqual(100, self.wait_s())
        self.assertIn(
            '/os-migrations?changes-since=2026-01-05T11:58:40Z&host=cmp01',
            self.adapter.asked,
        )

    def test_any_name_of_a_host(self):
        self.adapter.migrations = [left('b', source_compute='a&b')]
        self.assertEqual(100, departed.wait_s('a', 'a&b'))
        queries = [path for path in self.adapter.asked if 'host=' in path]
        self.assertEqual(2, len(queries))
        for path in queries:
            self.assertIn('host=a%26b', path)

    def test_the_last_of_several_counts(self):
        self.adapter.migrations = [left('b', '12:00:10'), left('c')]
        self.assertEqual(100, self.wait_s())

    def test_others_do_not_matter(self):
        self.adapter.migrations = [left('x'), left('a')]
        self.assertEqual(0, self.wait_s())

    def test_who_has_not_left(self):
        self.adapter.migrations = [left('b')]
        self.adapter.there = ['b']
        self.assertEqual(0, self.wait_s())

    def test_more_than_one_may_be_there(self):
        self.adapter.group['rules'] = {'max_server_per_host': 2}
        self.adapter.migrations = [left('b')]
        self.assertEqual(0, self.wait_s())
        self.adapter.there = ['c']
        self.assertEqual(100, self.wait_s())

    def test_never_longer_than_the_interval(self):
        self.adapter.migrations = [left('b', '13:00:00')]
        self.assertEqual(130, self.wait_s())

    def test_odd_answers(self):
        self.adapter.migrations = [left('b', updated_at=None)]
        self.assertEqual(0, self.wait_s())
        self.adapter.migrations = [left('b')]
        del self.adapter.group['rules']
        self.assertEqual(100, self.wait_s())

    def test_only_hard_anti_affinity(self):
        self.adapter.migrations = [left('b')]
        for policy in ('affinity', 'soft-anti-affinity'):
            self.adapter.group['policy'] = policy
            self.assertEqual(0, self.wait_s())

    def test_no_group(self):
        self.adapter.server['server_groups'] = []
        self.assertEqual(0, self.wait_s())
        self.assertEqual(['/servers/a'], self.adapter.asked)

    def test_the_instance_is_gone(self):
        self.adapter.server = None
        self.assertEqual(0, self.wait_s())

    def test_switched_off(self):
        cfg.CONF.set_override('scheduler_sync_s', 0, options.GROUP)
        self.addCleanup(
            cfg.CONF.clear_override, 'scheduler_sync_s', options.GROUP
        )
        self.assertEqual(0, self.wait_s())
        self.assertEqual([], self.adapter.asked)

    def test_nova_does_not_answer(self):
        self.adapter.get = mock.Mock(side_effect=OSError('no route'))
        self.assert_unreadable('no route', self.wait_s)


class TestStatuses(WaitTestCase):
    """What a status says, and where the instance is now."""

    # By status: whether it has left the source if it is not there, and the
    # destination if it is not there.
    STATUSES = {
        # Live.
        'accepted': (True, False),
        'queued': (True, False),
        'preparing': (True, False),
        'running': (True, False),
        'running (post-copy)': (True, False),
        'completed': (True, False),
        'failed': (True, False),
        'cancelled': (True, False),
        # Cold, and resizes.
        'pre-migrating': (True, False),
        'migrating': (True, False),
        'post-migrating': (True, False),
        'finished': (True, False),
        'confirming': (True, False),
        'confirmed': (False, False),
        'reverting': (True, True),
        'reverted': (True, True),
        'error': (True, False),
        # Evacuations.
        'done': (True, False),
    }

    def assert_waits(self, expected, status, **ends):
        self.adapter.migrations = [left('b', status=status, **ends)]
        with self.subTest(status, there=self.adapter.there, **ends):
            self.assertEqual(100 if expected else 0, self.wait_s())

    def test_from_here_and_no_longer_here(self):
        for status, (source, _destination) in self.STATUSES.items():
            self.assert_waits(source, status)

    def test_to_here_and_not_here(self):
        ends = {'source_compute': 'cmp02', 'dest_compute': 'cmp01'}
        for status, (_source, destination) in self.STATUSES.items():
            self.assert_waits(destination, status, **ends)

    def test_who_is_here_has_not_left(self):
        self.adapter.there = ['b']
        for status in self.STATUSES:
            self.assert_waits(False, status)
            ends = {'source_compute': 'cmp02', 'dest_compute': 'cmp01'}
            self.assert_waits(False, status, **ends)

    def test_all_statuses_in_progress_are_here(self):
        self.assertLessEqual({*nova.IN_PROGRESS}, {*self.STATUSES})

    def test_left_and_came_back_and_left(self):
        self.adapter.migrations = [
            left('b', '12:00:05', status='reverted'),
            left('b', '12:00:20'),
        ]
        self.assertEqual(100, self.wait_s())

    def test_who_is_here_fills_the_group_but_is_not_waited_for(self):
        self.adapter.migrations = [left('b'), left('c', '12:00:40')]
        self.adapter.there = ['c']
        self.assertEqual(100, self.wait_s())
