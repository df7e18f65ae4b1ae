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

"""Who can go on with the processors of another node."""

from __future__ import annotations

import unittest

from typing import Any

from tests.unit.model import small
from watcher_rearrange.constraints.cpus import Cpus
from watcher_rearrange.constraints.movability import MoveOptions
from watcher_rearrange.model.cluster import Cluster
from watcher_rearrange.model.records import Cpu
from watcher_rearrange.model.records import Snapshot


OLD = Cpu('x86_64', 'Intel', 'Haswell', ('sse', 'avx'))
NEW = Cpu('x86_64', 'Intel', 'Skylake', ('avx', 'sse', 'avx512'))
AMD = Cpu('x86_64', 'AMD', 'EPYC', ('sse', 'avx', 'avx512'))
ARM = Cpu('aarch64')


def nodes(host: str, **more: Any) -> list[bool]:
    """Where an instance can go: old, new, amd, arm, none, empty."""
    cpus = {
        'old': OLD,
        'new': NEW,
        'amd': AMD,
        'arm': ARM,
        'none': None,
        'empty': Cpu(),
    }
    snapshot = Snapshot(
        tuple(small.node(name, cpu=cpu) for name, cpu in cpus.items()),
        (small.instance('a', host, **more),),
    )
    rule = Cpus(
        Cluster.from_snapshot(snapshot), MoveOptions(cold_if_not_live=True)
    )
    return rule.permitted(snapshot.instances[0]).tolist()


class TestCpus(unittest.TestCase):
    def test_no_feature_less(self) -> None:
        everything = [True] * 6
        found = nodes('old')
        self.assertEqual([True, True, False, False, True, True], found)
        found = nodes('new')
        self.assertEqual([False, True, False, False, True, True], found)
        for host in ('none', 'empty'):
            self.assertEqual(everything, nodes(host))

    def test_what_is_not_known_is_no_obstacle(self) -> None:
        found = nodes('arm')
        self.assertEqual([False, False, False, True, True, True], found)

    def test_only_who_goes_live_is_bound(self) -> None:
        self.assertEqual([True] * 6, nodes('new', state='stopped'))
        self.assertEqual([True] * 6, nodes('new', not_live='it has a GPU'))

    def test_equal_nodes_make_one_class(self) -> None:
        snapshot = Snapshot(
            (small.node('c1', cpu=OLD), small.node('c2', cpu=OLD)),
            (small.instance('a', 'c1'), small.instance('b', 'c2')),
        )
        rule = Cpus(Cluster.from_snapshot(snapshot), MoveOptions())
        keys = {rule.key(instance) for instance in snapshot.instances}
        self.assertEqual({None}, keys)
