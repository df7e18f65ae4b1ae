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

"""What the writers write, and how a file comes to be."""

from __future__ import annotations

import json
import os
import stat
import tempfile
import unittest

from tests.unit.snapshot import documents
from watcher_rearrange.model import errors
from watcher_rearrange.model import plan
from watcher_rearrange.model import records
from watcher_rearrange.snapshot import reader
from watcher_rearrange.snapshot import writer


class TestDocuments(unittest.TestCase):
    def test_snapshot_as_it_was_read(self):
        for document in (documents.snapshot(), documents.full_snapshot()):
            snapshot = reader.snapshot_from_document(document)
            self.assertEqual(document, writer.snapshot_document(snapshot))

    def test_keys_in_the_order_of_the_format(self):
        document = documents.full_snapshot()
        snapshot = reader.snapshot_from_document(document)
        written = writer.snapshot_document(snapshot)
        self.assertEqual(json.dumps(document), json.dumps(written))

    def test_target_as_it_was_read(self):
        snapshot = reader.snapshot_from_document(documents.snapshot())
        short = {'version': 1, 'placement': {}}
        for document in (documents.target(), short):
            target = reader.target_from_document(document, snapshot)
            self.assertEqual(document, writer.target_document(target))

    def test_plan_as_it_was_read(self):
        document = documents.plan()
        snapshot = reader.snapshot_from_document(documents.snapshot())
        result = reader.plan_from_document(document, snapshot)
        self.assertEqual(
            json.dumps(document), json.dumps(writer.plan_document(result))
        )

    def test_actions_have_exactly_the_keys_of_their_type(self):
        actions = (
            plan.Action('1', plan.DISABLE_SERVICE, node='a'),
            plan.Action('2', plan.COLD_MIGRATE, 'i', 'a', 'b'),
        )
        document = writer.plan_document(
            plan.Plan(plan.Status.OPTIMAL, actions)
        )
        last = [
            *('parents', 'after', 'reason'),
            *('estimated_s', 'starts_s', 'starts_bound_s'),
        ]
        service, migration = document['actions']
        self.assertEqual(['id', 'type', 'node', *last], list(service))
        ends = ['instance', 'source', 'destination', 'displacement']
        self.assertEqual(['id', 'type', *ends, *last], list(migration))


class TestText(unittest.TestCase):
    def test_an_entry_a_line(self):
        document = {'version': 1, 'actions': [{'id': 1}, {'id': 2}], 'm': []}
        self.assertEqual(
            '{\n "version": 1,\n "actions": [\n  {"id": 1},\n  {"id": 2}\n'
            ' ],\n "m": []\n}\n',
            writer.dumps(document),
        )

    def test_what_is_no_object(self):
        self.assertEqual('[1]\n', writer.dumps([1]))
        self.assertEqual({}, json.loads(writer.dumps({})))

    def test_no_document_has_a_number_that_is_none(self):
        with self.assertRaises(ValueError):
            writer.dumps({'a': float('nan')})


class TestFiles(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.path = os.path.join(self.folder, 'out.json')

    def test_nothing_else_is_left(self):
        writer.write_json({'a': 1}, self.path)
        writer.write_json({'a': 2}, self.path)
        self.assertEqual(['out.json'], os.listdir(self.folder))
        with open(self.path, encoding='utf-8') as file:
            self.assertEqual({'a': 2}, json.load(file))

    def test_the_mode_is_kept(self):
        writer.write_json({}, self.path)
        os.chmod(self.path, 0o640)
        writer.write_json({}, self.path)
        mode = stat.S_IMODE(os.stat(self.path).st_mode)
        self.assertEqual(0o640, mode)

    def test_a_link_stays_a_link(self):
        link = os.path.join(self.folder, 'link.json')
        os.symlink(self.path, link)
        writer.write_json({}, link)
        self.assertTrue(os.path.islink(link))
        self.assertTrue(os.path.isfile(self.path))

    def test_a_device_stays_a_device(self):
        writer.write_json({}, os.devnull)
        self.assertFalse(os.path.isfile(os.devnull))

    def test_what_cannot_be_written(self):
        absent = os.path.join(self.folder, 'absent', 'out.json')
        for path in (absent, self.folder):
            with self.assertRaises(errors.BadInput) as caught:
                writer.write_json({}, path)
            (problem,) = caught.exception.problems
            self.assertIn(': cannot be written: ', problem)
        self.assertEqual([], os.listdir(self.folder))

    def test_a_snapshot_comes_back(self):
        snapshot = records.Snapshot(
            (records.ComputeNode('ü', {'VCPU': records.Inventory(1)}),), ()
        )
        writer.write_json(writer.snapshot_document(snapshot), self.path)
        self.assertEqual(snapshot, reader.read_snapshot(self.path))
