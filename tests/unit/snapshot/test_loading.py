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

"""JSON that is refused before anybody looks at its keys."""

from __future__ import annotations

import io
import os
import tempfile
import unittest

from watcher_rearrange.model import errors
from watcher_rearrange.snapshot import loading


class TestLoadJson(unittest.TestCase):
    def refuse(self, content: bytes) -> tuple[str, ...]:
        with self.assertRaises(errors.BadInput) as caught:
            loading.load_json(io.BytesIO(content))
        return caught.exception.problems

    def test_reads_a_document(self):
        source = io.BytesIO(b'{"a": [1, 2.5, "x", null]}')
        self.assertEqual({'a': [1, 2.5, 'x', None]}, loading.load_json(source))

    def test_a_byte_order_mark_is_passed_over(self):
        self.assertEqual([], loading.load_json(io.BytesIO(b'\xef\xbb\xbf[]')))

    def test_every_repeated_key_is_named_with_its_place(self):
        problems = self.refuse(b'{"a": {"x": 1, "x": 2}, "b": 1, "b": [{}]}')
        self.assertEqual(
            (
                "<file>: document: key 'b' stands twice",
                "<file>: a: key 'x' stands twice",
            ),
            problems,
        )

    def test_numbers_that_are_none(self):
        problems = self.refuse(b'{"a": [NaN, 1], "b": -Infinity}')
        self.assertEqual(
            (
                '<file>: a[0]: is not a finite number',
                '<file>: b: is not a finite number',
            ),
            problems,
        )

    def test_what_is_not_json(self):
        for content in (b'', b'{', b'{"a": 1,}', b'[1] 2', b'nonsense'):
            with self.subTest(content=content):
                (problem,) = self.refuse(content)
                self.assertIn('<file>: is not JSON: ', problem)

    def test_what_is_not_utf_8(self):
        (problem,) = self.refuse(b'["\xff"]')
        self.assertIn('is not UTF-8: byte 2', problem)

    def test_what_is_nested_too_deeply(self):
        (problem,) = self.refuse(b'[' * 200000)
        self.assertIn('<file>: is not', problem)

    def test_files_that_cannot_be_read(self):
        with tempfile.TemporaryDirectory() as folder:
            absent = os.path.join(folder, 'absent.json')
            for path in (folder, absent, 'a\0b'):
                with (
                    self.subTest(path=path),
                    self.assertRaises(errors.BadInput) as caught,
                ):
                    loading.load_json(path)
                (problem,) = caught.exception.problems
                self.assertTrue(
                    problem.startswith(f'{path}: cannot be read: '), problem
                )
