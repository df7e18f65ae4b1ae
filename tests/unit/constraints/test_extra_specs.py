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

"""What extra specs of a flavor ask for."""

from __future__ import annotations

import unittest

from watcher_rearrange.constraints.extra_specs import fulfilled


# Requirement, values that fulfil it, values that do not.
CASES = (
    ('ssd', ('ssd',), ('SSD', 'ssds', '')),
    ('a b', ('a b',), ('a', 'b')),
    ('= 4', ('4', '4.5', '1e3'), ('3.9',)),
    ('== 4', ('4', '4.0'), ('5',)),
    ('!= 4', ('5',), ('4.0',)),
    ('>= 4', ('4', '10'), ('3',)),
    ('<= 4', ('4', '-1'), ('10',)),
    ('s== 4', ('4',), ('4.0',)),
    ('s!= 4', ('4.0',), ('4',)),
    ('s< b', ('a', '10'), ('b', 'c')),
    ('s<= b', ('a', 'b'), ('c',)),
    ('s> b', ('c',), ('b', 'a')),
    ('s>= b', ('b', 'c'), ('a',)),
    ('<in> sse', ('avx sse2', 'sse'), ('avx',)),
    ('<all-in> sse avx', ('avx, sse2',), ('sse', 'avx')),
    ('<or> a <or> b', ('a', 'b'), ('c', '<or>')),
    # Of these, only the first word counts.
    ('>= 4 9', ('5',), ('3',)),
)

NEVER = ('=', '>=', 's==', '<in>', '<all-in>', '<or>')


class TestFulfilled(unittest.TestCase):
    def test_operators(self) -> None:
        for requirement, good, bad in CASES:
            for value in good:
                self.assertTrue(fulfilled((value,), requirement), requirement)
            for value in bad:
                self.assertFalse(fulfilled((value,), requirement), requirement)

    def test_an_operator_alone_is_never_fulfilled(self) -> None:
        for requirement in NEVER:
            for value in ('1', 'a', '', requirement):
                self.assertFalse(fulfilled((value,), requirement), requirement)

    def test_one_of_several_values_is_enough(self) -> None:
        self.assertTrue(fulfilled(('hdd', 'ssd'), 'ssd'))
        self.assertFalse(fulfilled((), 'ssd'))

    def test_what_is_no_number_breaks_the_filter_down(self) -> None:
        self.assertFalse(fulfilled(('fast',), '>= 4'))
        self.assertFalse(fulfilled(('8', 'fast'), '>= 4'))
        self.assertFalse(fulfilled(('8',), '>= fast'))
