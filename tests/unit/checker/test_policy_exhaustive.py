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

"""The judge of policies against every state that small plans can reach.

The oracle below walks through all combinations of actions not started,
running, succeeded and failed, and counts afresh at each arrival.
"""

from __future__ import annotations

import random
import unittest

from collections.abc import Iterator

from tests.unit.checker.documents import Document
from tests.unit.checker.documents import move
from tests.unit.checker.documents import plan
from tests.unit.checker.policies import RACKS
from tests.unit.checker.policies import A
from tests.unit.checker.policies import B
from tests.unit.checker.policies import cluster
from tests.unit.checker.policies import policy
from tests.unit.checker.policies import rule
from tests.unit.checker.policies import vm
from watcher_rearrange import checker


PLANS = 400
NODES = ('n1', 'n2', 'n3', 'n4')
ZONES = {'n1': 'z1', 'n2': 'z1', 'n3': 'z2', 'n4': 'z2'}
IN_RACKS = {'n1': 'rack-1', 'n2': 'rack-1', 'n3': 'node n3', 'n4': 'node n4'}
WAITING, RUNNING, SUCCEEDED, FAILED = range(4)
State = tuple[int, ...]
Where = dict[str, set[str]]
Breach = tuple[str, ...]


class Oracle:
    """What arrivals of a plan break of one rule, in all states."""

    def __init__(self, found: Document, cloud: Document, moves: list) -> None:
        self.rule = found
        self.kind = found['rule']
        self.moves = moves
        self.home = {i['uuid']: i['host'] for i in cloud['instances']}
        ids = [action['id'] for action in moves]
        self.parents = [
            [ids.index(parent) for parent in action['parents']]
            for action in moves
        ]
        over = found.get('over', 'node')
        self.part_of = {n: n for n in NODES}
        if over == 'zone':
            self.part_of = ZONES
        elif over != 'node':
            self.part_of = IN_RACKS

    def breaches(self) -> set[Breach]:
        found: set[Breach] = set()
        todo = [(WAITING,) * len(self.moves)]
        seen = set(todo)
        while todo:
            state = todo.pop()
            for i, status in enumerate(state):
                nexts = []
                if status == WAITING and self.ready(state, i):
                    nexts = [put(state, i, RUNNING)]
                    found |= self.arrival(state, nexts[0], i)
                elif status == RUNNING:
                    nexts = [put(state, i, SUCCEEDED), put(state, i, FAILED)]
                todo += [one for one in nexts if one not in seen]
                seen.update(nexts)
        return found

    def ready(self, state: State, i: int) -> bool:
        return all(state[parent] == SUCCEEDED for parent in self.parents[i])

    def where(self, state: State) -> Where:
        """The parts that each instance holds room in."""
        hosts = {uuid: {host} for uuid, host in self.home.items()}
        for status, action in zip(state, self.moves):
            if status == SUCCEEDED:
                hosts[action['instance']] = {action['destination']}
            elif status == RUNNING:
                hosts[action['instance']] |= {action['destination']}
        return {
            uuid: {self.part_of[host] for host in own}
            for uuid, own in hosts.items()
        }

    def arrival(self, before: State, after: State, i: int) -> set[Breach]:
        uuid = self.moves[i]['instance']
        part = self.part_of[self.moves[i]['destination']]
        was, here = self.where(before), self.where(after)
        if part in was[uuid]:
            return set()
        return self.broken(here, uuid, part)

    def broken(self, here: Where, uuid: str, part: str) -> set[Breach]:
        is_a = uuid.startswith('a')
        crowd = {one for one, parts in here.items() if part in parts}
        ours = {one for one in crowd if one.startswith('a')}
        theirs = crowd - ours
        if self.kind in ('gather', 'near'):
            more = sum(one.startswith('a') for one in here) > 1
            wrong = is_a and more and ours == {uuid}
            return {('r', uuid, part)} if wrong else set()
        if self.kind == 'lonely':
            wrong = bool(ours and theirs)
        elif self.kind == 'split':
            if self.rule['others']:
                theirs = {one for one in theirs if one.startswith('b')}
            wrong = bool(ours and theirs) and uuid in ours | theirs
        elif self.kind == 'reserve':
            wrong = part in ('n1', 'n3') and 100 - 10 * len(crowd) < 75
            return {('r', part, 'MEMORY_MB')} if wrong else set()
        elif self.kind == 'max_instances':
            wrong = is_a and part in ('n1', 'n3') and len(ours) > 1
        else:
            wrong = is_a and len(ours) > self.rule['at_most']
        return {('r', part)} if wrong else set()


def put(state: State, i: int, status: int) -> State:
    return (*state[:i], status, *state[i + 1 :])


RULES = (
    rule('spread', instances=A, at_most=1),
    rule('spread', instances=A, at_most=2, over='zone'),
    rule('spread', instances=A, at_most=1, over=RACKS),
    rule('gather', instances=A),
    rule('near', instances=A, over='zone'),
    rule('near', instances=A, over=RACKS),
    rule('lonely', instances=A),
    rule('split', instances=A, others=B),
    rule('split', instances=A, others=B, over='zone'),
    rule('split', instances=A, others={}, over=RACKS),
    rule('max_instances', instances=A, at_most=1, nodes={'names': ['n[13]']}),
    rule('reserve', nodes={'names': ['n[13]']}, keep={'MEMORY_MB': 75}),
)


def cases() -> Iterator[tuple[Document, Document, list[Document]]]:
    rng = random.Random(20)
    for number in range(PLANS):
        names = ['a1', 'a2', 'a3', 'b1', 'b2', 'c1'][: rng.randint(3, 6)]
        home = {name: rng.choice(NODES) for name in names}
        here = dict(home)
        last: dict[str, str] = {}
        moves = []
        for k in range(rng.randint(1, 5)):
            name = rng.choice(names)
            there = rng.choice([n for n in NODES if n != here[name]])
            parents = {str(j) for j in range(k) if rng.random() < 0.3}
            parents |= {last[name]} if name in last else set()
            moves.append(
                move(str(k), name, here[name], there, *sorted(parents))
            )
            here[name], last[name] = there, str(k)
        cloud = cluster(*(vm(name, host) for name, host in home.items()))
        yield RULES[number % len(RULES)], cloud, moves


def judged(found: Document, cloud: Document, moves: list, n: int) -> set:
    report = checker.check_plan(
        cloud,
        plan(*moves),
        interleavings=n,
        policy=checker.Policy(policy(found)),
    )
    return {
        one.things
        for one in report.violations
        if one.rule in checker.POLICY_RULES
    }


class TestExhaustive(unittest.TestCase):
    def test_the_search_finds_just_what_can_happen(self) -> None:
        wrong = 0
        for found, cloud, moves in cases():
            wanted = Oracle(found, cloud, moves).breaches()
            with self.subTest(rule=found, moves=moves):
                self.assertEqual(wanted, judged(found, cloud, moves, 0))
            wrong += bool(wanted)
        self.assertTrue(PLANS / 4 < wrong < PLANS * 3 / 4, wrong)

    def test_simulation_finds_nothing_else(self) -> None:
        for found, cloud, moves in list(cases())[:60]:
            self.assertEqual(
                judged(found, cloud, moves, 0), judged(found, cloud, moves, 20)
            )
