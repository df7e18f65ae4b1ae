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

"""What a node is and an image or a flavor asks for: search and checker.

One instance that may go to one other node, so that each rule is met often.
"""

from __future__ import annotations

from typing import Any

import hypothesis

from hypothesis import strategies as st

from tests.property import clusters
from tests.property.filtering import FilteringCase
from tests.property.test_rules import Search
from tests.property.test_rules import one_move
from watcher_rearrange import checker
from watcher_rearrange.constraints.movability import MoveOptions


EXAMPLES = hypothesis.settings(
    max_examples=1000,
    derandomize=True,
    deadline=None,
    suppress_health_check=list(hypothesis.HealthCheck),
)

HYPERVISORS = clusters.hypervisors(
    ('QEMU', 'QEMU', 'LXC', ''),
    (None, 0, 1, 6002000, 8002000, 8002000, 10000001),
    cpu=st.none()
    | st.fixed_dictionaries(
        {'arch': st.sampled_from(('x86_64', 'x86_64', 'aarch64', ''))}
    ),
)
PREDICATES = st.lists(
    st.tuples(
        st.sampled_from(('>=', '<', '<=', '==', '!=', '>', '', '=', '~=')),
        st.sampled_from(('6.2', '8.2.0', '8', '10.0.1', '8.2b1', '6..2')),
    ).map(' '.join),
    min_size=1,
    max_size=2,
).map(','.join)
OF_IMAGES = {
    'hw_architecture': ('x86_64', 'AMD64', 'i386', 'aarch64', ''),
    'architecture': ('x86_64', 'i686', 'ppc64'),
    'img_hv_type': ('kvm', 'lxc', ''),
    'hypervisor_type': ('qemu',),
    'hw_vm_mode': ('hvm',),
    'hw_maxphysaddr_bits': ('42', ''),
}
TOPOLOGIES = {
    'hw:numa_nodes': ('1', '2', ''),
    'hw:mem_page_size': ('large', 'small', ''),
    'hw:cpu_policy': ('shared', 'mixed', 'dedicated', ''),
    'hw:pmem': ('big', ' ,', ''),
    'hw:cpu_thread_policy': ('prefer',),
    'resources:PCPU': ('0', '4'),
    'resources12:PCPU': ('4', ''),
    'resources0:PCPU': ('4',),
    'resources:VCPU': ('4',),
}


@st.composite
def topologies(draw: st.DrawFn) -> dict[str, Any]:
    """Draw what makes a NUMA topology, or seems to."""
    names = draw(
        st.lists(st.sampled_from(sorted(TOPOLOGIES)), max_size=2, unique=True)
    )
    given = {name: draw(st.sampled_from(TOPOLOGIES[name])) for name in names}
    if draw(st.booleans()):
        return {'flavor_extra_specs': given}
    properties = {name.replace(':', '_'): x for name, x in given.items()}
    return {'image_properties': properties}


@st.composite
def asking_images(draw: st.DrawFn) -> dict[str, str]:
    """Draw properties that are about hypervisors."""
    names = draw(
        st.lists(st.sampled_from(sorted(OF_IMAGES)), max_size=2, unique=True)
    )
    found = {name: draw(st.sampled_from(OF_IMAGES[name])) for name in names}
    for name in ('img_hv_requested_version', 'hypervisor_version_requires'):
        if draw(st.integers(0, 3)) == 0:
            found[name] = draw(PREDICATES)
    return found


@st.composite
def capabilities(draw: st.DrawFn) -> dict[str, str]:
    """Draw extra specs that are about hypervisors."""
    name = draw(
        st.sampled_from(('hypervisor_type', 'hypervisor_version', 'vcpus'))
    )
    wanted = draw(st.sampled_from(('QEMU', '>= 1', '>= 8002000', '== 0')))
    return {f'capabilities:{name}': wanted}


@st.composite
def documents(draw: st.DrawFn, instance: Any) -> dict[str, Any]:
    """Two nodes and an instance on the first.

    :param instance: a strategy for what is of interest of it
    """
    hosts = ('here', 'there')
    room = {rc: {'total': 8} for rc in ('VCPU', 'PCPU')}
    filters = ('NUMATopologyFilter', 'ImagePropertiesFilter')
    return {
        'version': 1,
        'compute_nodes': [
            {'hostname': host, 'inventories': room, **draw(HYPERVISORS)}
            for host in hosts
        ],
        'instances': [
            {
                'uuid': '00000000-0000-4000-9000-000000000000',
                'host': 'here',
                # What goes live is bound by the host, too.
                'state': 'stopped',
                'allocations': {
                    'VCPU': 1,
                    'PCPU': draw(st.sampled_from((0, 0, 0, 1))),
                },
                **draw(instance),
            }
        ],
        'scheduler_filters': draw(
            st.none() | st.lists(st.sampled_from(filters), unique=True)
        ),
    }


class TestHostRules(FilteringCase):
    @EXAMPLES
    @hypothesis.given(
        documents(
            asking_images().map(lambda given: {'image_properties': given})
        )
    )
    def test_images(self, document: dict[str, Any]) -> None:
        self._judge(document, move_numa=True)

    @EXAMPLES
    @hypothesis.given(documents(topologies()), st.integers(0, 3))
    def test_topologies(self, document: dict[str, Any], dice: int) -> None:
        self._judge(document, move_numa=dice == 0)

    @EXAMPLES
    @hypothesis.given(
        documents(
            capabilities().map(lambda given: {'flavor_extra_specs': given})
        )
    )
    def test_capabilities(self, document: dict[str, Any]) -> None:
        document['scheduler_filters'] = None
        self._judge(document, move_numa=True)

    def _judge(self, document: dict[str, Any], move_numa: bool) -> None:
        search = Search(document, MoveOptions(move_numa=move_numa))
        (instance,) = document['instances']
        found = checker.check_plan(
            document,
            one_move(instance, 'there'),
            interleavings=0,
            limits=checker.Limits(move_numa=move_numa),
        )
        self._compare(
            search.accepts(0, 1), [str(v) for v in found.violations], 'it'
        )
