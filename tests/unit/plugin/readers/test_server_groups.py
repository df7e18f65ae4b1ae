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

"""Server groups: pages, and members out of the audit scope."""

from __future__ import annotations

import unittest

from tests.unit.plugin.readers import base
from tests.unit.plugin.readers import recording
from watcher_rearrange.model import records
from watcher_rearrange.plugin.readers import nova
from watcher_rearrange.plugin.readers import server_groups


GROUPS = '/os-server-groups'


def group(policy, *members):
    return records.ServerGroup('uuid', policy, members)


class TestReading(base.ReadingTestCase):
    def read(self):
        return {group.name: group for group in nova.read().server_groups}

    def test_of_all_pages_and_projects(self):
        found = self.read()
        self.assertEqual({'db', 'near', 'empty'}, set(found))
        self.assertEqual(records.ANTI_AFFINITY, found['db'].policy)
        self.assertEqual(2, found['db'].max_server_per_host)
        self.assertEqual(
            {recording.UUIDS['c'], recording.UUIDS['d']},
            set(found['db'].members),
        )
        self.assertEqual(1, found['near'].max_server_per_host)
        asked = [path for path in self.adapter.asked if GROUPS in path]
        self.assertEqual(3, len(asked))
        self.assertTrue(all('all_projects=true' in path for path in asked))

    def test_none(self):
        self.adapter.document['server_groups'] = []
        self.assertEqual({}, self.read())

    def test_one_that_is_deleted_between_two_pages(self):
        groups = self.adapter.document['server_groups']
        original = self.adapter.get

        def get(path, **given):
            answer = original(path, **given)
            if GROUPS in path and len(groups) == 3:
                del groups[0]
            return answer

        self.adapter.get = get
        self.assertEqual({'near', 'empty'}, set(self.read()))

    def test_they_change_all_the_time(self):
        groups = self.adapter.document['server_groups']
        original = self.adapter.get

        def get(path, **given):
            if GROUPS in path:
                groups.reverse()
            return original(path, **given)

        self.adapter.get = get
        self.assert_unreadable('server groups change', nova.read)

    def test_a_policy_that_nova_does_not_know(self):
        self.adapter.document['server_groups'][0]['policy'] = None
        self.assertEqual({'near', 'empty'}, set(self.read()))

    def test_errors(self):
        for trouble, text in ((403, 'HTTP 403'), (500, 'HTTP 500')):
            self.adapter.troubles = {GROUPS: recording.always(trouble)}
            self.assert_unreadable(text, nova.read)

    def test_half_answers(self):
        for key in ('policy', 'rules', 'members', 'id', 'name'):
            self.adapter.document = recording.Adapter().document
            del self.adapter.document['server_groups'][0][key]
            with self.subTest(key=key):
                self.assert_unreadable('server groups not u', nova.read)


class TestScope(unittest.TestCase):
    HOSTS = {'a': 'cmp01', 'b': 'cmp02', 'x': 'cmp77', 'y': ''}

    def stays(self, *groups, crossing=()):
        return server_groups.stays(groups, {'a', 'b'}, self.HOSTS, crossing)

    def test_members_in_the_scope(self):
        groups = [group('affinity', 'a', 'x'), group('affinity', 'x')]
        (found,) = server_groups.in_scope(groups, {'a', 'b'})
        self.assertEqual(('a',), found.members)

    def test_the_only_one_in_the_scope_stays(self):
        self.assertEqual(
            {'a': server_groups.LEFT_BEHIND},
            self.stays(group('affinity', 'a', 'x')),
        )

    def test_another_one_in_the_scope_may_be_joined(self):
        self.assertEqual({}, self.stays(group('affinity', 'a', 'b', 'x')))

    def test_one_inside_is_under_way(self):
        found = self.stays(group('affinity', 'a', 'b'), crossing={'b'})
        self.assertEqual(dict.fromkeys('ab', server_groups.UNDER_WAY), found)

    def test_one_that_is_nowhere_or_gone_does_not_count(self):
        self.assertEqual({}, self.stays(group('affinity', 'a', 'y', 'z')))

    def test_other_policies_do_not_mind(self):
        for policy in ('anti-affinity', 'soft-affinity', 'soft-anti-affinity'):
            self.assertEqual({}, self.stays(group(policy, 'a', 'x')))

    def test_one_apart_that_migrates_into_the_scope(self):
        self.assertEqual(
            dict.fromkeys('ab', server_groups.CROSSING),
            self.stays(group('anti-affinity', 'a', 'b', 'x'), crossing={'x'}),
        )
        self.assertEqual(
            {}, self.stays(group('anti-affinity', 'a', 'b'), crossing={'a'})
        )
