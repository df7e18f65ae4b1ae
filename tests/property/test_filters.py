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

"""Nova's aggregate filters and processors: the search and the checker.

One move at a time, as in ``test_rules``, on clusters full of aggregates.
"""

from __future__ import annotations

import unittest

from typing import Any

import hypothesis

from hypothesis import strategies as st

from tests.property import clusters
from tests.property.test_rules import Search
from tests.property.test_rules import one_move
from watcher_rearrange import checker
from watcher_rearrange.checker import requirements as checker_specs
from watcher_rearrange.constraints import extra_specs
from watcher_rearrange.constraints import filters
from watcher_rearrange.constraints.movability import MoveOptions
from watcher_rearrange.model import plan


EXAMPLES = hypothesis.settings(
    max_examples=150,
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
REQUIRED = {'trait:CUSTOM_GOLD': 'required'}
METADATA = st.fixed_dictionaries(
    {},
    optional={
        'disk': st.sampled_from(VALUES),
        'net:speed': st.sampled_from(VALUES),
        'filter_tenant_id': st.sampled_from(('p1', 'p2', 'p1, p2', '')),
        'filter_tenant_id2': st.sampled_from(PROJECTS),
        'instance_type': st.sampled_from(('small', 'small, big', 'huge')),
        'os_distro': st.sampled_from(('debian', 'debian,ubuntu')),
        'hw_pmu': st.sampled_from(('True', 'true')),
        'trait:CUSTOM_GOLD': st.sampled_from(('required', 'forbidden')),
    },
)
CPUS = st.none() | st.fixed_dictionaries(
    {
        'vendor': st.sampled_from(('Intel', 'Intel', 'AMD')),
        'arch': st.sampled_from(('x86_64', '')),
        'features': st.sets(st.sampled_from(('sse', 'avx'))).map(sorted),
    }
)


@st.composite
def requirements(draw: st.DrawFn) -> str:
    """Draw what an extra spec says, now and then something broken."""
    values = draw(st.lists(st.sampled_from(VALUES[:5]), max_size=3))
    operator = draw(st.sampled_from(OPERATORS))
    glue = f' {operator} ' if operator == '<or>' else ' '
    return ' '.join((operator, glue.join(values))).strip()


def instances() -> Any:
    """What is of interest of an instance here."""
    return st.fixed_dictionaries(
        {
            'project_id': st.sampled_from(PROJECTS),
            'flavor': st.sampled_from(FLAVORS),
            'not_live': st.sampled_from(('', '', '', 'it has a GPU')),
        },
        optional={
            'flavor_extra_specs': st.dictionaries(
                st.sampled_from(SPECS), requirements(), max_size=2
            )
            | st.just(REQUIRED),
            'image_properties': st.fixed_dictionaries(
                {},
                optional={
                    'os_distro': st.sampled_from(('debian', 'suse', '')),
                    'hw_pmu': st.sampled_from(('yes', 'no', 'True')),
                },
            )
            | st.just(REQUIRED),
            'required_traits': st.just(['CUSTOM_GOLD']),
        },
    )


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """A cluster in which aggregates and processors matter."""
    document = draw(clusters.snapshots(most_nodes=4))
    hosts = [node['hostname'] for node in document['compute_nodes']]
    document['aggregates'] = [
        {
            'name': f'aggregate{k}',
            'hosts': draw(st.lists(st.sampled_from(hosts), unique=True)),
            'metadata': draw(METADATA),
        }
        for k in range(draw(st.integers(0, 3)))
    ]
    for node in document['compute_nodes']:
        node['cpu'] = draw(CPUS)
    for instance in document['instances']:
        instance.update(draw(instances()))
    names = (*filters.NAMES, 'ComputeFilter')
    document['scheduler_filters'] = draw(
        st.none() | st.lists(st.sampled_from(names), unique=True)
    )
    return document


class TestFilters(unittest.TestCase):
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

    def _compare(self, accepted: bool, found: list[str], what: str) -> None:
        if accepted and found:
            self.fail(f'UNDER_FILTERING {what}: {found}')
        if not accepted and not found:
            self.fail(f'OVER_FILTERING {what}')

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
    def test_processors_bind_only_those_who_go_live(
        self, document: dict[str, Any]
    ) -> None:
        for instance in document['instances']:
            instance['not_live'] = 'whatever'
        search = Search(document, MoveOptions(cold_if_not_live=True))
        without = Search(
            {
                **document,
                'compute_nodes': [
                    {**node, 'cpu': None} for node in document['compute_nodes']
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
