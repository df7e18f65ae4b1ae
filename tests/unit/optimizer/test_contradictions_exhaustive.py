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

"""Contradictions against every placement of small clusters.

The checker, which shares nothing with the programme that looks for
contradictions, says what each placement breaks.
"""

from __future__ import annotations

import fnmatch
import itertools
import random
import unittest

from collections.abc import Collection
from typing import Any

from tests.unit.checker.policies import RACKS
from tests.unit.checker.policies import A
from tests.unit.checker.policies import B
from tests.unit.checker.policies import cluster
from tests.unit.checker.policies import vm
from tests.unit.optimizer.test_contradictions import sets
from watcher_rearrange import checker


CASES = 60
NODES = ('n1', 'n2', 'n3', 'n4')
NAMES = ('a1', 'a2', 'a3', 'b1')

Document = dict[str, Any]


def rule(rng: random.Random) -> Document:
    """A rule that is likely to contradict others."""
    whom = rng.choice((A, A, B, {}, {'names': ['*1']}))
    nodes = {'names': rng.sample(NODES, rng.randint(1, 2))}
    over = rng.choice(('zone', RACKS))
    return rng.choice(
        (
            {'rule': 'fence', 'instances': whom, 'nodes': nodes},
            {'rule': 'ban', 'instances': whom, 'nodes': nodes},
            {'rule': 'spread', 'instances': whom},
            {'rule': 'spread', 'instances': whom, 'over': over, 'at_most': 2},
            {'rule': 'gather', 'instances': whom},
            {'rule': 'near', 'instances': whom, 'over': over},
            {'rule': 'lonely', 'instances': whom},
            {'rule': 'split', 'instances': whom, 'others': B, 'over': over},
            {'rule': 'max_instances', 'nodes': nodes, 'at_most': 1},
            {'rule': 'root', 'instances': whom},
            {'rule': 'only', 'instances': whom},
        )
    )


def some_rules(rng: random.Random, count: int) -> dict[str, Document]:
    names = [f'r{k}' for k in range(count)]
    return {name: {'name': name, **rule(rng)} for name in names}


def movable(name: str, rules: Collection[Document]) -> bool:
    """Whether root and only let an instance move."""
    for one in rules:
        patterns = one.get('instances', {}).get('names', ['*'])
        is_meant = fnmatch.fnmatchcase(name, patterns[0])
        if one['rule'] == 'root' and is_meant:
            return False
        if one['rule'] == 'only' and not is_meant:
            return False
    return True


def fits(
    cloud: Document, hosts: tuple[str, ...], names: Collection[str]
) -> bool:
    """Whether nodes have room for some instances, or hold no more than now.

    :param hosts: of all instances
    """
    needs = {
        one['uuid']: one['allocations']['MEMORY_MB']
        for one in cloud['instances']
    }
    home = [one['host'] for one in cloud['instances']]

    def held(where: Collection[str], node: str) -> int:
        at = zip(NAMES, where, strict=True)
        return sum(needs[x] for x, host in at if x in names and host == node)

    return all(
        held(hosts, node) <= max(100, held(home, node)) for node in NODES
    )


def about(rules: Collection[Document]) -> set[str]:
    """Whom rules are about; ``only`` is about nobody, lonely about all."""
    found: set[str] = set()
    for one in rules:
        if one['rule'] == 'only':
            continue
        if one['rule'] == 'lonely':
            return set(NAMES)
        for whom in (one.get('instances', {}), one.get('others')):
            if whom is not None:
                (pattern,) = whom.get('names', ['*'])
                found |= set(fnmatch.filter(NAMES, pattern))
    return found


def possible(
    cloud: Document, rules: Collection[Document], room: bool = False
) -> bool:
    """Whether any placement breaks none of the rules."""
    home = {one['uuid']: one['host'] for one in cloud['instances']}
    choices = [
        NODES if movable(name, rules) else [home[name]] for name in NAMES
    ]
    document = {'version': 1, 'rules': list(rules)}
    return any(
        not checker.broken_rules(
            cloud, document, dict(zip(NAMES, hosts, strict=True))
        )
        and (not room or fits(cloud, hosts, about(rules)))
        for hosts in itertools.product(*choices)
    )


class TestExhaustive(unittest.TestCase):
    def test_what_contradicts_does_and_the_rest_does_not(self) -> None:
        rng = random.Random(6)
        seen = 0
        for _ in range(CASES):
            cloud = cluster(*(vm(name, rng.choice(NODES)) for name in NAMES))
            rules = some_rules(rng, rng.randint(2, 5))
            found = sets(*rules.values(), cloud=cloud)
            seen += len(found.sets)
            with self.subTest(rules=rules, cloud=cloud):
                self.assertEqual((), found.undecided)
                self._check(cloud, rules, found.sets)
        self.assertGreater(seen, CASES / 5)

    def _check(
        self,
        cloud: Document,
        rules: dict[str, Document],
        found: Collection[tuple[str, ...]],
    ) -> None:
        for names in found:
            own = [rules[name] for name in names]
            self.assertFalse(possible(cloud, own), names)
            for fewer in itertools.combinations(own, len(own) - 1):
                self.assertTrue(possible(cloud, fewer), names)
        if not found:
            self.assertTrue(possible(cloud, rules.values()))

    def test_where_nodes_are_full(self) -> None:
        rng = random.Random(7)
        seen = 0
        for _ in range(CASES):
            cloud = cluster(*(vm(name, rng.choice(NODES)) for name in NAMES))
            for one in cloud['instances']:
                one['allocations'] = {'MEMORY_MB': rng.choice((30, 50, 80))}
            rules = some_rules(rng, rng.randint(1, 3))
            found = sets(*rules.values(), cloud=cloud)
            seen += len(found.crowded)
            with self.subTest(rules=rules, cloud=cloud):
                for names in found.crowded:
                    own = [rules[name] for name in names]
                    self.assertTrue(possible(cloud, own), names)
                    self.assertFalse(possible(cloud, own, room=True), names)
                    for fewer in itertools.combinations(own, len(own) - 1):
                        self.assertTrue(possible(cloud, fewer, room=True))
                if not (found.sets or found.crowded):
                    every = rules.values()
                    self.assertTrue(possible(cloud, every))
        self.assertGreater(seen, CASES / 10)
