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

"""Units have one holder at a time, and a flow is found where there is one."""

from __future__ import annotations

import random
import unittest

from watcher_rearrange.path.graph.chains import Chains
from watcher_rearrange.path.graph.pools import Pool


Amounts = dict[int, int]


def worst(free: int, ancestors: list[int], out: Amounts, into: Amounts) -> int:
    """The most that can be taken of a pool beyond what is there, by search.

    :param out: units that each gives back when it has succeeded
    :param into: units that each takes when it starts
    """
    count = len(ancestors)
    most = 0
    for done in range(1 << count):
        if all(
            not ancestors[k] & ~done for k in range(count) if done >> k & 1
        ):
            running = [
                k
                for k in range(count)
                if not done >> k & 1 and not ancestors[k] & ~done
            ]
            held = sum(into.get(k, 0) for k in running)
            held += sum(n for k, n in into.items() if done >> k & 1)
            held -= sum(n for k, n in out.items() if done >> k & 1)
            most = max(most, held)
    return most - free


class TestChains(unittest.TestCase):
    def test_what_nobody_has_had_is_free(self) -> None:
        chains = Chains(2)
        pool = Pool(1, chains.ancestors)
        pool.give(0, 1)
        chains.link(1, [], [(pool, 1)])
        self.assertEqual([], chains.parents[1])

    def test_room_of_an_ancestor_is_taken_before_any_other(self) -> None:
        chains = Chains(3)
        pool = Pool(1, chains.ancestors)
        pool.give(0, 1)
        chains.link(1, [0], [(pool, 1)])
        chains.link(2, [], [(pool, 1)])
        self.assertEqual([[], [0], []], chains.parents)

    def test_one_who_serves_in_two_ways_is_enough(self) -> None:
        chains = Chains(4)
        disk, memory = Pool(0, chains.ancestors), Pool(0, chains.ancestors)
        disk.give(0, 1)
        memory.give(1, 1)
        disk.give(2, 1)
        memory.give(2, 1)
        chains.link(3, [], [(disk, 1), (memory, 1)])
        self.assertEqual([2], chains.parents[3])

    def test_one_who_has_a_choice_leaves_it_to_one_who_has_none(self) -> None:
        chains = Chains(4)
        pool = Pool(0, chains.ancestors)
        pool.give(0, 1)
        pool.give(1, 1)
        chains.link(2, [0, 1], [(pool, 1)])
        chains.link(3, [0], [(pool, 1)])
        self.assertEqual([0], chains.parents[3])

    def test_without_work_there_is_one_more_to_wait_for(self) -> None:
        chains = Chains(4, max_work=0)
        pool = Pool(0, chains.ancestors)
        pool.give(0, 1)
        pool.give(1, 1)
        chains.link(2, [0, 1], [(pool, 1)])
        chains.link(3, [0], [(pool, 1)])
        self.assertEqual([0, 1], chains.parents[3])

    def test_safe_and_minimal_in_every_pair(self) -> None:
        pairs = 0
        for seed in range(300):
            dice = random.Random(seed)
            count = dice.randint(2, 8)
            free = dice.randint(0, 2)
            chains = Chains(count)
            pool = Pool(free, chains.ancestors)
            of = chains.ancestors.of
            out: Amounts = {}
            into: Amounts = {}
            left = free
            for k in range(count):
                into[k] = dice.randint(0, min(left, 3))
                chains.link(k, [], [(pool, into[k])])
                out[k] = dice.randint(0, 3)
                pool.give(k, out[k])
                left += out[k] - into[k]
            self.assertLessEqual(worst(free, of, out, into), 0, seed)
            for k in range(count):
                for parent in chains.parents[k]:
                    pairs += 1
                    fewer = list(of)
                    fewer[k] &= ~(1 << parent)
                    self.assertGreater(
                        worst(free, fewer, out, into), 0, (seed, k, parent)
                    )
        self.assertGreater(pairs, 300)
