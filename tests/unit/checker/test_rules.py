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

"""For every rule a plan that breaks it, and it alone."""

from __future__ import annotations

import copy
import unittest

from typing import Any
from typing import NamedTuple

from tests.unit.checker.documents import MOVE
from tests.unit.checker.documents import Document
from tests.unit.checker.documents import group
from tests.unit.checker.documents import instance
from tests.unit.checker.documents import move
from tests.unit.checker.documents import plan
from tests.unit.checker.documents import service
from tests.unit.checker.documents import small_cluster
from watcher_rearrange import checker


class Broken(NamedTuple):
    """A plan, and the one breach that the checker has to report."""

    rule: str
    things: tuple[str, ...]
    cluster: Document
    plan: Document
    target: Document | None = None
    limits: checker.Limits = checker.Limits()


def marked(action: Document, displacement: bool) -> Document:
    return {**action, 'displacement': displacement}


ON = service('on', 'enable', 'n2')
OFF = service('off', 'disable', 'n2')
OFF_N1 = service('off', 'disable', 'n1')
PINNED = {'pinned_az': 'z'}
TWO_TRAITS = {'required_traits': ['T1', 'T2']}
INTEL = {'arch': 'x86_64', 'vendor': 'Intel', 'features': ['avx', 'sse']}


def kept(key: str, value: str, **more: Any) -> Document:
    """n2 is in an aggregate with such metadata."""
    of_n2 = {'name': 'h', 'hosts': ['n2'], 'metadata': {key: value}}
    return small_cluster(aggregates=[of_n2], **more)


BROKEN = (
    Broken(
        'aggregate_extra_specs',
        ('a', 'n2', 'ssd'),
        kept('ssd', 'no', a={'flavor_extra_specs': {'ssd': 'yes'}}),
        plan(MOVE),
    ),
    Broken(
        'aggregate_flavors',
        ('a', 'n2'),
        kept('instance_type', 'big', a={'flavor': 'small'}),
        plan(MOVE),
    ),
    Broken(
        'aggregate_images',
        ('a', 'n2', 'os_distro'),
        kept('os_distro', 'a, b', a={'image_properties': {'os_distro': 'c'}}),
        plan(MOVE),
    ),
    Broken(
        'aggregate_tenants',
        ('a', 'n2'),
        kept('filter_tenant_id', 'p', a={'project_id': 'q'}),
        plan(MOVE),
    ),
    Broken(
        'cpu',
        ('a', 'n2'),
        small_cluster(
            {
                'n1': {'cpu': INTEL},
                'n2': {'cpu': {**INTEL, 'features': ['sse']}},
            }
        ),
        plan(MOVE),
    ),
    Broken(
        'hypervisor',
        ('a', 'n2', 'n1'),
        small_cluster(
            {
                'n1': {'hypervisor_version': 8002000},
                'n2': {'hypervisor_version': 6002000},
            }
        ),
        plan(MOVE),
    ),
    Broken(
        'image_properties',
        ('a', 'n2', 'hw_architecture'),
        small_cluster(
            {'n2': {'cpu': INTEL}},
            a={'image_properties': {'hw_architecture': 'aarch64'}},
        ),
        plan(MOVE),
    ),
    Broken(
        'isolated_aggregates',
        ('a', 'n2', 'h'),
        kept('trait:T', 'required'),
        plan(MOVE),
    ),
    Broken(
        'tenant_aggregates',
        ('a', 'n3'),
        kept('filter_tenant_id', 'p', a={'project_id': 'p'}),
        plan(move('1', 'a', 'n1', 'n3')),
    ),
    Broken(
        'action_type',
        ('a',),
        small_cluster(a={'state': 'stopped'}),
        plan(MOVE),
    ),
    Broken(
        'affinity',
        ('g', 'a', 'n2'),
        small_cluster(server_groups=[group('affinity', 'a', 'b')]),
        plan(MOVE),
    ),
    Broken(
        'anti_affinity',
        ('g', 'n2'),
        small_cluster(server_groups=[group('anti-affinity', 'a', 'b')]),
        plan(MOVE, move('2', 'b', 'n1', 'n2')),
    ),
    Broken(
        'availability_zone', ('a', 'n2'), small_cluster(a=PINNED), plan(MOVE)
    ),
    Broken(
        'capabilities',
        ('a', 'n2', 'capabilities:cpu_info:arch'),
        small_cluster(
            a={'flavor_extra_specs': {'capabilities:cpu_info:arch': 'x'}}
        ),
        plan(MOVE),
    ),
    Broken(
        'capacity',
        ('n2', 'MEMORY_MB'),
        small_cluster({'n2': {'memory_mb': 50}}),
        plan(MOVE),
    ),
    Broken(
        'chain',
        ('2', '1', 'a'),
        small_cluster(),
        plan(MOVE, move('2', 'a', 'n2', 'n3')),
    ),
    Broken(
        'cycle',
        ('1', '2'),
        small_cluster(),
        plan(
            move('1', 'a', 'n1', 'n2', '2'),
            move('2', 'b', 'n1', 'n2', '1'),
            move('3', 'b', 'n2', 'n3', '2'),
        ),
    ),
    Broken(
        'displacement', ('1', 'a'), small_cluster(), plan(marked(MOVE, True))
    ),
    Broken(
        'duplicate_id',
        ('1',),
        small_cluster(),
        plan(MOVE, move('1', 'b', 'n1', 'n2')),
    ),
    Broken(
        'excluded', ('a',), small_cluster(a={'excluded': True}), plan(MOVE)
    ),
    Broken(
        'max_unit',
        ('a', 'n2', 'MEMORY_MB'),
        small_cluster(
            {
                'n2': {
                    'inventories': {
                        'MEMORY_MB': {'total': 9999, 'max_unit': 1}
                    }
                }
            }
        ),
        plan(MOVE),
    ),
    Broken('stays', ('a',), small_cluster(a={'stays': 'busy'}), plan(MOVE)),
    Broken(
        'forbidden_traits',
        ('a', 'n2'),
        small_cluster(
            {'n2': {'traits': ['T']}}, a={'forbidden_traits': ['T']}
        ),
        plan(MOVE),
    ),
    Broken(
        'in_migration',
        ('a',),
        small_cluster(
            migrations=[{'instance': 'a', 'source': 'n1', 'destination': 'n3'}]
        ),
        plan(MOVE),
    ),
    Broken(
        'instance_state',
        ('a',),
        small_cluster(a={'state': 'paused'}),
        plan(MOVE),
    ),
    Broken(
        'list_order',
        ('1', '2'),
        small_cluster(),
        plan(move('1', 'a', 'n1', 'n2', '2'), move('2', 'b', 'n1', 'n2')),
    ),
    Broken('locked', ('a',), small_cluster(a={'locked': True}), plan(MOVE)),
    Broken(
        'malformed_action',
        ('1',),
        small_cluster(),
        plan({'id': '1', 'type': 'resize', 'instance': 'a'}),
    ),
    Broken(
        'numa',
        ('a',),
        small_cluster(a={'flavor_extra_specs': {'hw:numa_nodes': '2'}}),
        plan(MOVE),
    ),
    Broken(
        'provision',
        ('n2', 'MEMORY_MB'),
        small_cluster(),
        plan(MOVE),
        {
            'placement': {'a': 'n2'},
            'provision': [instance('c', 'n2', 30), instance('d', 'n2', 30)],
        },
    ),
    Broken('receiving_node', ('a', 'n2'), small_cluster(), plan(OFF, MOVE)),
    Broken(
        'release',
        ('a', '1'),
        small_cluster(),
        plan(MOVE),
        {'placement': {}, 'release': ['a']},
    ),
    Broken(
        'required_traits',
        ('a', 'n2'),
        small_cluster({'n2': {'traits': ['T1']}}, a=TWO_TRAITS),
        plan(MOVE),
    ),
    Broken(
        'reserve',
        ('n1',),
        small_cluster({'n3': {'memory_mb': 50}}),
        plan(MOVE, OFF_N1),
        None,
        checker.Limits(failures_to_tolerate=1),
    ),
    Broken(
        'same_node',
        ('1', 'a'),
        small_cluster(),
        plan(move('1', 'a', 'n1', 'n1')),
    ),
    Broken(
        'source', ('1', 'a'), small_cluster(), plan(move('1', 'a', 'n3', 'n2'))
    ),
    Broken(
        'source_node',
        ('a', 'n1'),
        small_cluster({'n1': {'state': 'down'}}),
        plan(MOVE),
    ),
    Broken(
        'status_actions',
        ('NO_CHANGE',),
        small_cluster(),
        plan(MOVE, status='NO_CHANGE'),
    ),
    Broken(
        'target',
        ('b',),
        small_cluster(),
        plan(MOVE),
        {'placement': dict(a='n2', b='n2')},
    ),
    Broken(
        'unknown_instance',
        ('x',),
        small_cluster(),
        plan(move('1', 'x', 'n1', 'n2')),
    ),
    Broken(
        'unknown_node',
        ('n9',),
        small_cluster(),
        plan(move('1', 'a', 'n1', 'n9')),
    ),
    Broken(
        'unknown_parent',
        ('1', '0'),
        small_cluster(),
        plan(move('1', 'a', 'n1', 'n2', '0')),
    ),
    Broken('unknown_status', ('DONE',), small_cluster(), plan(status='DONE')),
)


def found(case: Broken, **options: Any) -> list[tuple[str, tuple[str, ...]]]:
    report = checker.check_plan(
        case.cluster, case.plan, case.target, limits=case.limits, **options
    )
    return [(each.rule, each.things) for each in report.violations]


class TestRules(unittest.TestCase):
    def test_each_rule_is_caught_alone(self) -> None:
        for case in BROKEN:
            for interleavings in (0, 10):
                expected = [(case.rule, case.things)]
                if case.rule == 'chain' and interleavings:
                    # Seen when the second of two moves starts first.
                    expected.append(('source', ('2', 'a')))
                with self.subTest(rule=case.rule, count=interleavings):
                    self.assertEqual(
                        expected, found(case, interleavings=interleavings)
                    )

    def test_every_rule_has_a_case(self) -> None:
        self.assertEqual(
            sorted(checker.RULES), sorted(case.rule for case in BROKEN)
        )

    def test_each_explains_itself(self) -> None:
        for case in BROKEN:
            report = checker.check_plan(
                case.cluster, case.plan, case.target, limits=case.limits
            )
            text = str(report.violations[0])
            with self.subTest(text):
                self.assertNotIn('None', text)
                self.assertNotIn('{', text)
                self.assertTrue(report.violations[0].when)
                for thing in case.things:
                    self.assertIn(thing, text)

    def test_documents_stay_as_they_are(self) -> None:
        for case in BROKEN:
            before = copy.deepcopy((case.cluster, case.plan, case.target))
            checker.check_plan(case.cluster, case.plan, case.target)
            self.assertEqual(before, (case.cluster, case.plan, case.target))
