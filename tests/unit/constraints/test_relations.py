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

import dataclasses
import unittest

from tests.unit.model import small
from watcher_rearrange.constraints.relations import Relations
from watcher_rearrange.model import records
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.model.records import Migration
from watcher_rearrange.model.records import Relation


NODES = {'c1': 9, 'c2': 9, 'c3': 9, 'c4': 9}
# Two zones of two nodes.
ZONES = {'c1': 'z1', 'c2': 'z1', 'c3': 'z2', 'c4': 'z2'}
ALONE = {node: node for node in NODES}


def relations(
    hosts: dict[str, str], *found: Relation, moving: tuple[Migration, ...] = ()
) -> tuple[Relations, Placement]:
    cluster = small.cluster(
        NODES,
        {uuid: (host, 1) for uuid, host in hosts.items()},
        relations=found,
        migrations=moving,
    )
    return Relations(cluster), Placement(cluster)


def permitted(
    hosts: dict[str, str], *found: Relation, moving: tuple[Migration, ...] = ()
) -> str:
    """The nodes where the first instance may go, in short."""
    known, placement = relations(hosts, *found, moving=moving)
    allowed = known.permitted(placement, 0)
    return ''.join('1234'[k] for k in range(4) if allowed[k])


class TestAtMost(unittest.TestCase):
    def _relation(self, **more: dict[str, int]) -> Relation:
        members = frozenset('abc')
        return Relation('r', records.AT_MOST, members, ZONES, most=2, **more)

    def test_room_in_the_other_zone(self) -> None:
        hosts = {'a': 'c1', 'b': 'c3'}
        self.assertEqual('1234', permitted(hosts, self._relation()))

    def test_no_room_there(self) -> None:
        hosts = {'a': 'c1', 'b': 'c3', 'c': 'c4'}
        self.assertEqual('12', permitted(hosts, self._relation()))

    def test_those_outside_count(self) -> None:
        found = self._relation(outside={'z2': 1})
        hosts = {'a': 'c1', 'b': 'c3'}
        self.assertEqual('12', permitted(hosts, found))

    def test_so_many_that_they_are_followed(self) -> None:
        hosts = {f'i{k}': f'c{k % 4 + 1}' for k in range(400)}
        relation = Relation(
            'r', records.AT_MOST, frozenset(hosts), ZONES, most=201
        )
        known, placement = relations(hosts, relation)
        (found,) = known.relations
        self.assertEqual([200, 200], found.members.counts(placement).tolist())
        placement.move(0, 2)
        self.assertEqual([199, 201], found.members.counts(placement).tolist())
        self.assertEqual(
            [199, 200], found.members.counts(placement, 0).tolist()
        )
        # i1 is in the first zone, and the second is full.
        self.assertEqual(
            [True, True, False, False], known.permitted(placement, 1).tolist()
        )
        placement.move(0, -1)
        self.assertEqual([199, 200], found.members.counts(placement).tolist())


class TestTogether(unittest.TestCase):
    relation = Relation('r', records.TOGETHER, frozenset('abc'), ZONES)
    away = (Migration('b', 'c3', 'c1'),)

    def test_where_another_is(self) -> None:
        hosts = {'a': 'c1', 'b': 'c3'}
        self.assertEqual('1234', permitted(hosts, self.relation))

    def test_not_where_nobody_is(self) -> None:
        hosts = {'a': 'c1', 'b': 'c2'}
        self.assertEqual('12', permitted(hosts, self.relation))

    def test_who_leaves_is_no_company(self) -> None:
        hosts = {'a': 'c1', 'b': 'c3'}
        found = permitted(hosts, self.relation, moving=self.away)
        self.assertEqual('12', found)

    def test_who_moves_within_the_zone_is(self) -> None:
        hosts = {'a': 'c1', 'b': 'c3'}
        moving = (Migration('b', 'c3', 'c4'),)
        self.assertEqual(
            '1234', permitted(hosts, self.relation, moving=moving)
        )

    def test_company_outside(self) -> None:
        found = Relation(
            'r', records.TOGETHER, frozenset('a'), ZONES, outside={'z2': 1}
        )
        # Who is there migrates, or does not.
        self.assertEqual('12', permitted({'a': 'c1'}, found))
        sure = dataclasses.replace(found, settled_outside={'z2': 1})
        self.assertEqual('1234', permitted({'a': 'c1'}, sure))


class TestExclusive(unittest.TestCase):
    lonely = Relation('r', records.EXCLUSIVE, frozenset('ab'), ALONE, None)

    def test_members_go_where_nobody_else_is(self) -> None:
        hosts = {'a': 'c1', 'b': 'c2', 'x': 'c3'}
        self.assertEqual('124', permitted(hosts, self.lonely))

    def test_others_keep_away(self) -> None:
        hosts = {'x': 'c1', 'a': 'c2', 'b': 'c3'}
        self.assertEqual('14', permitted(hosts, self.lonely))

    def test_of_two_rules_each_keeps_away(self) -> None:
        other = Relation('s', records.EXCLUSIVE, frozenset('c'), ALONE, None)
        hosts = {'a': 'c1', 'b': 'c2', 'c': 'c3'}
        self.assertEqual('124', permitted(hosts, self.lonely, other))

    def test_who_is_meant_by_both_joins_neither(self) -> None:
        other = Relation('s', records.EXCLUSIVE, frozenset('ac'), ALONE, None)
        hosts = {'a': 'c1', 'b': 'c2', 'c': 'c3'}
        self.assertEqual('14', permitted(hosts, self.lonely, other))

    def test_who_is_on_the_way_is_there(self) -> None:
        hosts = {'x': 'c1', 'a': 'c2'}
        moving = (Migration('a', 'c2', 'c3'),)
        self.assertEqual('14', permitted(hosts, self.lonely, moving=moving))

    def test_excess(self) -> None:
        known, placement = relations({'a': 'c1', 'x': 'c1'}, self.lonely)
        self.assertEqual(1, known.excess(placement, known.relations[0]))
