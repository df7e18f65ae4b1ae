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

"""Steps where one may not go from every node to every other."""

from __future__ import annotations

import unittest

from watcher_rearrange.path.exact.board import Board
from watcher_rearrange.path.exact.parts import Part
from watcher_rearrange.path.moves import Move


def swap(*bound: bool) -> Part:
    """Two change places; the third node has a newer hypervisor."""
    return Part(
        instances=[0, 1],
        nodes=[0, 1, 2],
        start=[0, 1],
        goal=[1, 0],
        weight=[1, 1],
        allowed=[(0, 1, 2)] * 2,
        demand=[[1]] * 2,
        room=[[1]] * 3,
        near=[[], []],
        bound=[*bound],
        kind_of=[0, 0, 1],
        takes=[[True, True], [False, True]],
    )


class TestBound(unittest.TestCase):
    def test_steps(self) -> None:
        board = Board(swap(True, False))
        found = board.steps(board.start, -1, None)
        self.assertEqual([(0, 2), (1, 2)], sorted(found))
        # There it would have to stay.
        found = board.steps(bytes((2, 1)), -1, None)
        self.assertEqual([(1, 0)], found)
        found = board.steps(bytes((0, 2)), -1, None)
        self.assertEqual([(0, 1), (1, 1)], sorted(found))

    def test_known_moves(self) -> None:
        moves = [Move(0, 0, 2), Move(1, 1, 0), Move(0, 2, 1)]
        self.assertTrue(Board(swap(False, False)).replayed(moves))
        self.assertFalse(Board(swap(True, False)).replayed(moves))
        self.assertTrue(Board(swap(False, True)).replayed(moves))

    def test_not_all_can_be_taken_back(self) -> None:
        self.assertTrue(swap(False, False).reversible)
        self.assertFalse(swap(True, False).reversible)

    def test_they_are_not_equal(self) -> None:
        part = swap(True, False)
        board = Board(part)
        one, other = bytes((0, 2)), bytes((2, 0))
        self.assertNotEqual(board.key(one), board.key(other))
