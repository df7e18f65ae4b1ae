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

"""Nova's aggregate filters as rules on one instance and one node."""

from __future__ import annotations

import unittest

from collections.abc import Mapping
from typing import Any

from tests.unit.model import small
from watcher_rearrange.constraints import filters
from watcher_rearrange.constraints import numa
from watcher_rearrange.model.cluster import Cluster
from watcher_rearrange.model.records import Aggregate
from watcher_rearrange.model.records import Cpu
from watcher_rearrange.model.records import Snapshot


CPU = Cpu('x86_64', 'Intel', 'Skylake', ('sse', 'avx'))
HYPERVISORS: Mapping[str, Any] = {
    'c1': {'hypervisor_type': 'QEMU', 'hypervisor_version': 8002000},
    'c2': {'hypervisor_type': 'ironic', 'hypervisor_version': 1},
    'c3': {'hypervisor_type': 'QEMU', 'hypervisor_version': 6002000},
}


def nodes(
    rule: str,
    instance: dict[str, Any],
    c1: Mapping[str, str] = {},
    c2: Mapping[str, str] = {},
) -> list[bool]:
    """Where one rule lets an instance on c3 be; c3 is in no aggregate."""
    snapshot = Snapshot(
        tuple(
            small.node(name, cpu=CPU, **HYPERVISORS[name])
            for name in ('c1', 'c2', 'c3')
        ),
        (small.instance('a', 'c3', **instance),),
        aggregates=(
            Aggregate('one', ('c1', 'elsewhere'), c1),
            Aggregate('two', ('c2',), c2),
        ),
        scheduler_filters=(rule,),
    )
    (found,) = filters.node_rules(Cluster.from_snapshot(snapshot))
    return found.permitted(snapshot.instances[0]).tolist()


class TestExtraSpecs(unittest.TestCase):
    def _nodes(self, **specs: str) -> list[bool]:
        specs = {name.replace('__', ':'): v for name, v in specs.items()}
        return nodes(
            'AggregateInstanceExtraSpecsFilter',
            {'flavor_extra_specs': specs},
            {'disk': 'ssd, nvme', 'net': '40'},
            {'disk': 'hdd'},
        )

    def test_without_any_every_node_does(self) -> None:
        self.assertEqual([True] * 3, self._nodes())

    def test_of_no_scope_and_of_its_own(self) -> None:
        self.assertEqual([True, False, False], self._nodes(disk='ssd'))
        own = {'aggregate_instance_extra_specs__disk': '<or> nvme <or> hdd'}
        self.assertEqual([True, True, False], self._nodes(**own))

    def test_all_of_them(self) -> None:
        self.assertEqual([False] * 3, self._nodes(disk='hdd', net='>= 10'))

    def test_those_of_other_scopes_are_not_looked_at(self) -> None:
        self.assertEqual([True] * 3, self._nodes(hw__cpu_policy='dedicated'))


class TestImages(unittest.TestCase):
    def _nodes(self, **properties: str) -> list[bool]:
        return nodes(
            'AggregateImagePropertiesIsolation',
            {'image_properties': properties},
            {'os_distro': 'debian,ubuntu', 'owner': 'me'},
            {'os_distro': 'suse', 'hw_pmu': 'True'},
        )

    def test_what_the_image_does_not_say_agrees(self) -> None:
        self.assertEqual([True] * 3, self._nodes())
        self.assertEqual([True] * 3, self._nodes(os_version='12'))

    def test_what_it_says_must_agree(self) -> None:
        found = self._nodes(os_distro='ubuntu')
        self.assertEqual([True, False, True], found)

    def test_nova_does_not_know_all_properties(self) -> None:
        self.assertEqual([True] * 3, self._nodes(owner='you'))

    def test_flags_are_read_before(self) -> None:
        self.assertEqual([True] * 3, self._nodes(hw_pmu='yes'))
        self.assertEqual([True] * 3, self._nodes(hw_pmu='false'))


class TestTenants(unittest.TestCase):
    def _nodes(self, rule: str, project: str) -> list[bool]:
        return nodes(
            rule,
            {'project_id': project},
            {'filter_tenant_id': 'p1, p2', 'filter_tenant_id_more': 'p3'},
            {'filter_tenant_id': 'p4'},
        )

    def test_others_are_kept_out(self) -> None:
        rule = 'AggregateMultiTenancyIsolation'
        for project in ('p1', 'p2', 'p3'):
            self.assertEqual([True, False, True], self._nodes(rule, project))
        self.assertEqual([False, False, True], self._nodes(rule, 'p5'))

    def test_placement_keeps_them_in(self) -> None:
        # There, a value is one project.
        rule = 'require_tenant_aggregate'
        self.assertEqual([True, False, False], self._nodes(rule, 'p3'))
        self.assertEqual([False, True, False], self._nodes(rule, 'p4'))
        for project in ('p1', 'p2', 'p5'):
            self.assertEqual([True] * 3, self._nodes(rule, project))


class TestFlavors(unittest.TestCase):
    def test_others_are_kept_out(self) -> None:
        for flavor, expected in (
            ('small', [True, False, True]),
            ('big', [True, True, True]),
            ('other', [False, False, True]),
        ):
            found = nodes(
                'AggregateTypeAffinityFilter',
                {'flavor': flavor},
                {'instance_type': 'small, big'},
                {'instance_type': 'big'},
            )
            self.assertEqual(expected, found, flavor)


class TestIsolated(unittest.TestCase):
    def _nodes(self, **instance: Any) -> list[bool]:
        return nodes(
            'isolate_aggregates',
            instance,
            {'trait:GPU': 'required', 'trait:SSD': 'required'},
            {'trait:GPU': 'forbidden'},
        )

    def test_only_who_asks_for_all_traits(self) -> None:
        one = {'required_traits': ('GPU',)}
        self.assertEqual([False, True, True], self._nodes())
        self.assertEqual([False, True, True], self._nodes(**one))
        for more in (
            {'required_traits': ('GPU', 'SSD')},
            {**one, 'flavor_extra_specs': {'trait_2:SSD': 'required'}},
            {**one, 'image_properties': {'trait:SSD': 'required'}},
        ):
            self.assertEqual([True] * 3, self._nodes(**more))


class TestCapabilities(unittest.TestCase):
    def _nodes(self, **specs: str) -> list[bool]:
        specs = {name.replace('__', ':'): v for name, v in specs.items()}
        rule = 'ComputeCapabilitiesFilter'
        return nodes(rule, {'flavor_extra_specs': specs})

    def test_of_the_processors(self) -> None:
        has = {'capabilities__cpu_info__features': '<in> avx'}
        self.assertEqual([True] * 3, self._nodes(**has))

    def test_of_the_hypervisor(self) -> None:
        kind = {'capabilities__hypervisor_type': 'QEMU'}
        self.assertEqual([True, False, True], self._nodes(**kind))
        new = {'capabilities__hypervisor_version': '>= 8000000'}
        self.assertEqual([True, False, True], self._nodes(**new))

    def test_what_is_not_known_keeps_it_where_it_is(self) -> None:
        for spec in ('capabilities__free_ram_mb', 'hw__maxphysaddr_bits'):
            self.assertEqual([False, False, True], self._nodes(**{spec: '1'}))


class TestImageProperties(unittest.TestCase):
    def _nodes(self, **properties: str) -> list[bool]:
        rule = 'ImagePropertiesFilter'
        return nodes(rule, {'image_properties': properties})

    def test_what_does_not_matter(self) -> None:
        self.assertEqual([True] * 3, self._nodes(hw_disk_bus='scsi'))
        self.assertEqual([True] * 3, self._nodes(hw_architecture=''))

    def test_architectures(self) -> None:
        for name in ('x86_64', 'AMD64', 'i386', 'i686'):
            self.assertEqual([True] * 3, self._nodes(hw_architecture=name))
            self.assertEqual([True] * 3, self._nodes(architecture=name))
        found = self._nodes(hw_architecture='aarch64')
        self.assertEqual([False, False, True], found)

    def test_the_type_is_that_of_the_host(self) -> None:
        for name in ('img_hv_type', 'hypervisor_type', 'hw_vm_mode'):
            found = self._nodes(**{name: 'kvm'})
            self.assertEqual([True, False, True], found)

    def test_versions(self) -> None:
        for text, expected in (
            ('>=8.2', [True, False, True]),
            (' == 8.2.0 ', [True, False, True]),
            ('>8.2', [False, False, True]),
            ('<9,!=0.0.1', [True, True, True]),
            ('<9.0, >1', [True, False, True]),
            ('8.2', [False, False, True]),
            ('>=8.2b1', [False, False, True]),
        ):
            found = self._nodes(img_hv_requested_version=text)
            self.assertEqual(expected, found, text)
            found = self._nodes(hypervisor_version_requires=text)
            self.assertEqual(expected, found, text)

    def test_bits_of_addresses_are_not_known(self) -> None:
        found = self._nodes(hw_maxphysaddr_bits='42')
        self.assertEqual([False, False, True], found)

    def test_the_present_name_counts(self) -> None:
        found = self._nodes(hw_architecture='x86_64', architecture='aarch64')
        self.assertEqual([True] * 3, found)


class TestEnabled(unittest.TestCase):
    def _names(self, *enabled: str) -> list[str]:
        snapshot = Snapshot((), (), scheduler_filters=enabled)
        cluster = Cluster.from_snapshot(snapshot)
        return [rule.name for rule in filters.node_rules(cluster)]

    def test_only_those_that_are(self) -> None:
        self.assertEqual([], self._names())
        self.assertEqual(
            ['aggregate_flavors'],
            self._names('ComputeFilter', 'AggregateTypeAffinityFilter'),
        )

    def test_all_where_nobody_says(self) -> None:
        cluster = Cluster.from_snapshot(Snapshot((), ()))
        names = [name for name in filters.NAMES if name != numa.FILTER]
        self.assertEqual(len(names), len(filters.node_rules(cluster)))
