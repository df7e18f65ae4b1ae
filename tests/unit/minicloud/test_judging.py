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

"""Allocations that are wrong, and the order of actions."""

from __future__ import annotations

import types
import unittest

from tests.functional.minicloud import judging


HELD = {'VCPU': 2, 'MEMORY_MB': 2048}


class TestDifferences(unittest.TestCase):
    """One instance of 2 VCPU and 2048 MiB, without a disk, on cmp01."""

    def setUp(self) -> None:
        """Make the instance."""
        super().setUp()
        flavor = types.SimpleNamespace(vcpus=2, ram=2048, disk=0)
        self.server = types.SimpleNamespace(
            id='u', name='vm', compute_host='cmp01', flavor=flavor
        )

    def count(
        self, held: dict[str, dict[str, dict[str, int]]], unconfirmed: int = 0
    ) -> int:
        """Return how many differences there are."""
        return len(judging.differences([self.server], held, unconfirmed))

    def test_as_it_should_be(self) -> None:
        """It holds its flavor on its host."""
        self.assertEqual(0, self.count({'u': {'cmp01': HELD}}))

    def test_instance(self) -> None:
        """It holds nothing, too little, too much, elsewhere, or twice."""
        for held in (
            {},
            {'cmp01': {**HELD, 'VCPU': 1}},
            {'cmp01': {**HELD, 'DISK_GB': 1}},
            {'cmp02': HELD},
            {'cmp01': HELD, 'cmp02': HELD},
        ):
            self.assertEqual(1, self.count({'u': held} if held else {}), held)

    def test_others(self) -> None:
        """Just so many others hold something as resizes are unconfirmed."""
        held = {'u': {'cmp01': HELD}, 'migration': {'cmp02': HELD}}
        self.assertEqual(1, self.count(held))
        self.assertEqual(0, self.count(held, 1))
        self.assertEqual(1, self.count(held, 2))


class TestSort(unittest.TestCase):
    """Actions of a plan by UUID, with their parents."""

    def order(self, **parents: str) -> str:
        """Return the order of actions with one letter each."""
        actions = [
            types.SimpleNamespace(uuid=uuid, parents=list(above))
            for uuid, above in parents.items()
        ]
        return ''.join(action.uuid for action in judging.sort(actions))

    def test_order(self) -> None:
        """Each comes after its parents, wherever it is listed."""
        self.assertEqual('bdac', self.order(a='bd', b='', c='a', d='b'))

    def test_none(self) -> None:
        """A parent that is not there and a circle raise an error."""
        self.assertRaises(ValueError, self.order, a='x')
        self.assertRaises(ValueError, self.order, a='b', b='a')
