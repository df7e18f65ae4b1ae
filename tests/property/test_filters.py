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

"""Nova's filters, processors and hypervisors: the search and the checker.

One move at a time, as in ``test_rules``, on clusters full of aggregates.
"""

from __future__ import annotations

import unittest

from typing import Any

import hypothesis

from hypothesis import strategies as st

from tests.property import clusters
from tests.property.filtering import FilteringCase
from tests.property.test_rules import Search
from tests.property.test_rules import one_move
from watcher_rearrange import checker
from watcher_rearrange.checker import requirements as checker_specs
from watcher_rearrange.constraints import extra_specs
from watcher_rearrange.constraints import filters
from watcher_rearrange.constraints.movability import MoveOptions
from watcher_rearrange.model import plan


EXAMPLES = hypothesis.settings(
    max_examples=200,
    derandomize=True,
    deadline=None,
    suppress_health_check=list(hypothesis.HealthCheck),
)

PROJECTS = ('p1', 'p2', 'p3')
FLAVORS = ('small', 'big')
VALUES = ('1', '2', '4', 'fast', 'slow', 'fast, 2', '')
OPERATORS = (
    *('=', '==', '!=', '>=', '<=', 's==', 's!=', 's<', 's<=', 's>', 's>='),
    *('<in>', '<all-in>', '<or>', ''),
)
SPECS = (
    *('disk', 'aggregate_instance_extra_specs:disk', 'hw:disk', 'size'),
    'aggregate_instance_extra_specs:net:speed',
)
CAPABILITIES = (
    *('capabilities:cpu_info:vendor', 'capabilities:cpu_info:features'),
    *('capabilities:hypervisor_type', 'hw:maxphysaddr_bits', 'capabilities'),
    *('capabilities:hypervisor_version', 'capabilities:vcpus_total'),
)
METADATA = {
    'disk': VALUES,
    'net:speed': VALUES,
    'filter_tenant_id': ('p1', 'p2', 'p1, p2', ''),
    'filter_tenant_id2': PROJECTS,
    'instance_type': ('small', 'small, big', 'huge'),
    'os_distro': ('debian', 'debian,ubuntu', 'suse'),
    'hw_pmu': ('True', 'true'),
    'owner': ('me',),
    'trait:CUSTOM_GOLD': ('required', 'required', 'forbidden'),
}
CPUS = st.none() | st.fixed_dictionaries(
    {
        'vendor': st.sampled_from(('Intel', 'Intel', 'AMD')),
        'arch': st.sampled_from(('x86_64', '')),
        'features': st.sets(st.sampled_from(('sse', 'avx'))).map(sorted),
    }
)


UNKNOWN = {'hypervisor_type': '', 'hypervisor_version': None}
HYPERVISORS = clusters.hypervisors(
    ('QEMU', 'QEMU', 'LXC', ''),
    (None, 0, 1, 6002000, 8002000, 8002000, 10000001),
)


@st.composite
def requirements(draw: st.DrawFn) -> str:
    """Draw what an extra spec says, now and then something broken."""
    values = draw(st.lists(st.sampled_from(VALUES[:5]), max_size=3))
    operator = draw(st.sampled_from(OPERATORS))
    glue = f' {operator} ' if operator == '<or>' else ' '
    return ' '.join((operator, glue.join(values))).strip()


@st.composite
def aggregates(draw: st.DrawFn, hosts: list[str]) -> dict[str, Any]:
    """Draw an aggregate without a name."""
    keys = draw(
        st.lists(
            st.sampled_from(sorted(METADATA)),
            min_size=1,
            max_size=3,
            unique=True,
        )
    )
    return {
        'hosts': draw(
            st.lists(st.sampled_from(hosts), min_size=1, unique=True)
        ),
        'metadata': {
            key: draw(st.sampled_from(METADATA[key])) for key in keys
        },
    }


@st.composite
def instances(draw: st.DrawFn) -> dict[str, Any]:
    """Draw what is of interest of an instance here."""
    found = {
        'project_id': draw(st.sampled_from(PROJECTS)),
        'flavor': draw(st.sampled_from(FLAVORS)),
        'not_live': draw(st.sampled_from(('', '', '', 'it has a GPU'))),
    }
    kind = draw(st.integers(0, 7))
    if kind <= 1:
        found['flavor_extra_specs'] = draw(
            st.dictionaries(st.sampled_from(SPECS), requirements(), max_size=2)
        )
    elif kind <= 3:
        found['image_properties'] = {
            'os_distro': draw(st.sampled_from(('debian', 'suse', ''))),
            'hw_pmu': draw(st.sampled_from(('yes', 'no', 'True'))),
            'owner': 'you',
        }
    elif kind == 6:
        found['flavor_extra_specs'] = {
            draw(st.sampled_from(CAPABILITIES)): draw(
                st.sampled_from(
                    ('Intel', '<in> sse', 's!= AMD', '>= 1', '>= 8002000')
                )
            )
        }
    elif kind == 4:
        found['flavor_extra_specs'] = {'trait:CUSTOM_GOLD': 'required'}
    elif kind == 5:
        found['image_properties'] = {'trait:CUSTOM_GOLD': 'required'}
    return found


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """A cluster in which aggregates and processors matter."""
    hosts = [f'cmp{k}' for k in range(3)]
    document: dict[str, Any] = {
        'version': 1,
        'compute_nodes': [
            {
                'hostname': host,
                'inventories': {'VCPU': {'total': 8}},
                'cpu': draw(CPUS),
                **draw(HYPERVISORS),
            }
            for host in hosts
        ],
        'instances': [
            {
                'uuid': f'00000000-0000-4000-9000-{k:012d}',
                'name': f'vm{k}',
                'host': draw(st.sampled_from(hosts)),
                'state': draw(st.sampled_from(('active', 'stopped'))),
                'allocations': {'VCPU': draw(st.integers(1, 3))},
                **draw(instances()),
            }
            for k in range(4)
        ],
        'aggregates': [
            {'name': f'aggregate{k}', **draw(aggregates(hosts))}
            for k in range(draw(st.integers(1, 3)))
        ],
    }
    names = (*filters.NAMES, 'ComputeFilter')
    document['scheduler_filters'] = draw(
        st.none() | st.lists(st.sampled_from(names), max_size=3, unique=True)
    )
    document['skip_hypervisor_version_check_on_lm'] = draw(
        st.sampled_from((False, False, True))
    )
    return document


class TestFilters(FilteringCase):
    @EXAMPLES
    @hypothesis.given(documents(), st.booleans())
    def test_one_move(self, document: dict[str, Any], cold: bool) -> None:
        search = Search(document, MoveOptions(cold_if_not_live=cold))
        for i, instance in enumerate(document['instances']):
            for n, node in enumerate(document['compute_nodes']):
                host = node['hostname']
                if host == instance['host'] or not search.judges(i):
                    continue
                move = one_move(instance, host)
                if search.rules.movability.movable[i]:
                    how = search.rules.movability.migration_type(i)
                    move['actions'][0]['type'] = how
                found = checker.check_plan(document, move, interleavings=0)
                self._compare(
                    search.accepts(i, n),
                    [str(v) for v in found.violations],
                    f'{instance["name"]} to {host}',
                )

    @EXAMPLES
    @hypothesis.given(documents())
    def test_the_same_filters_are_broken_at_the_start(
        self, document: dict[str, Any]
    ) -> None:
        search = Search(document, MoveOptions())
        names = {rule.name for rule in filters.node_rules(search.cluster)}
        of_search = {
            (v.rule, v.things[1])
            for v in search.rules.violations(search.placement)
            if v.rule in names
        }
        of_checker = {
            (v.rule, v.things[1])
            for v in checker.check_placement(document)
            if v.rule in names
        }
        self.assertEqual(of_search, of_checker)

    @EXAMPLES
    @hypothesis.given(documents())
    def test_none_is_all_of_them(self, document: dict[str, Any]) -> None:
        answers = [
            Search({**document, 'scheduler_filters': enabled}, MoveOptions())
            for enabled in (None, list(filters.NAMES))
        ]
        self.assertEqual(*(a.rules.eligible.tolist() for a in answers))

    @EXAMPLES
    @hypothesis.given(documents())
    def test_the_host_binds_only_those_who_go_live(
        self, document: dict[str, Any]
    ) -> None:
        # The capabilities are a matter of the processors, too, and the image
        # of both.
        document['scheduler_filters'] = []
        for instance in document['instances']:
            instance['not_live'] = 'whatever'
        search = Search(document, MoveOptions(cold_if_not_live=True))
        without = Search(
            {
                **document,
                'compute_nodes': [
                    {**node, 'cpu': None, **UNKNOWN}
                    for node in document['compute_nodes']
                ],
            },
            MoveOptions(cold_if_not_live=True),
        )
        for i in range(len(document['instances'])):
            if search.rules.movability.movable[i]:
                self.assertEqual(
                    plan.COLD_MIGRATE,
                    search.rules.movability.migration_type(i),
                )
            self.assertEqual(
                search.rules.eligible[search.rules.class_of[i]].tolist(),
                without.rules.eligible[without.rules.class_of[i]].tolist(),
            )


class TestExtraSpecs(unittest.TestCase):
    @EXAMPLES
    @hypothesis.given(st.lists(st.sampled_from(VALUES)), requirements())
    def test_both_read_them_alike(
        self, values: list[str], requirement: str
    ) -> None:
        self.assertEqual(
            checker_specs.satisfied(values, requirement),
            extra_specs.fulfilled(values, requirement),
        )
