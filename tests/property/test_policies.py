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

"""Whatever the policy, no plan of any strategy breaks it on the way."""

from __future__ import annotations

import datetime
import unittest

from typing import Any

import hypothesis

from hypothesis import strategies as st

from tests.property import clusters
from tests.property import judging
from watcher_rearrange.checker import policy as judge
from watcher_rearrange.model import errors
from watcher_rearrange.planning import pipeline
from watcher_rearrange.policies.file import reading
from watcher_rearrange.snapshot import reader


EXAMPLES = hypothesis.settings(
    max_examples=150,
    derandomize=True,
    deadline=None,
    suppress_health_check=list(hypothesis.HealthCheck),
)

NOW = datetime.datetime(2026, 1, 5, 23, tzinfo=datetime.timezone.utc)

NAMES = st.lists(
    st.sampled_from([f'vm{k}' for k in range(14)]),
    min_size=1,
    max_size=4,
    unique=True,
)
SOME = st.one_of(
    st.builds(lambda names: {'names': names}, NAMES),
    st.just({'names': ['vm1*']}),
)
NODES = st.sampled_from(
    (
        {'names': ['cmp0', 'cmp1']},
        {'zones': ['az1']},
        {'traits': ['CUSTOM_GOLD']},
        {'names': ['cmp[2-9]']},
    )
)
OVER = st.sampled_from(('node', 'zone'))
FEW = st.integers(1, 3)


def rule(kind: str, **fields: Any) -> st.SearchStrategy[dict[str, Any]]:
    """A rule of a kind, of which each field is drawn."""
    return st.fixed_dictionaries({'rule': st.just(kind), **fields})


def should(
    rules: st.SearchStrategy[dict[str, Any]],
) -> st.SearchStrategy[dict[str, Any]]:
    """Rules, some of which are no musts."""
    return st.one_of(rules, st.builds(lambda one: {**one, 'should': 2}, rules))


PLACEMENTS = st.one_of(
    rule('fence', instances=SOME, nodes=NODES),
    rule('ban', instances=SOME, nodes=NODES),
    rule('spread', instances=SOME, over=OVER, at_most=FEW),
    rule('gather', instances=SOME),
    rule('near', instances=SOME, over=st.just('zone')),
    rule('lonely', instances=SOME),
    rule('split', instances=SOME, others=SOME, over=OVER),
    rule('max_instances', nodes=NODES, at_most=FEW),
)
MUSTS = st.one_of(
    rule(
        'reserve',
        nodes=NODES,
        keep=st.sampled_from(({'VCPU': 4}, {'MEMORY_MB': 4096})),
    ),
    rule('root', instances=SOME),
    rule('only', instances=SOME),
    rule(
        'quiet_hours',
        instances=SOME,
        # Some begin while a plan runs that begins at 23:00.
        hours=st.sampled_from(
            (
                ['22:00-06:00'],
                ['Sat-Sun 08:00-18:00'],
                ['23:01-06:00'],
                ['Mon 23:01-23:02', '12:00-13:00'],
            )
        ),
    ),
    rule('budget', instances=SOME, migrations=st.integers(0, 4)),
    rule('priority', instances=SOME, value=st.integers(0, 9)),
)


STRATEGIES = (
    'policy',
    'policy',
    'evacuate',
    'rebalance',
    'consolidate',
    'optimize',
    'combined',
    'mending',
    'mending',
    'defragment',
)


@st.composite
def policies(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a policy document."""
    rules = draw(st.lists(should(PLACEMENTS), min_size=1, max_size=4))
    rules += draw(st.lists(MUSTS, max_size=2))
    return {
        'version': 1,
        'rules': [
            {'name': f'{one["rule"]}-{number}', **one}
            for number, one in enumerate(rules)
        ],
    }


# Other parameters of a strategy that is there already.
OF = {'mending': 'combined'}


def asked(
    document: dict[str, Any], name: str, **more: Any
) -> tuple[str, dict[str, Any]]:
    """Return the strategy of a name, and parameters for it."""
    return OF.get(name, name), {**parameters(document)[name], **more}


def parameters(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return parameters of each strategy with which it has work."""
    evacuate = {'nodes': [document['compute_nodes'][0]['hostname']]}
    return {
        'policy': {},
        'evacuate': evacuate,
        'rebalance': {'threshold_pct': 2.5},
        'consolidate': {},
        'optimize': {},
        'combined': {
            'stages': [
                {'strategy': 'evacuate', 'parameters': evacuate},
                {'strategy': 'rebalance', 'parameters': {'threshold_pct': 5}},
            ]
        },
        'mending': {
            'stages': [
                {'strategy': 'policy'},
                {'strategy': 'consolidate'},
                {'strategy': 'rebalance', 'parameters': {'threshold_pct': 5}},
            ]
        },
        'defragment': {'flavors': {'big': {'VCPU': 6, 'MEMORY_MB': 6144}}},
    }


class TestPolicies(judging.JudgedCase):
    def _plan(
        self, document: dict[str, Any], policy: dict[str, Any], strategy: str
    ) -> dict[str, Any]:
        snapshot = reader.snapshot_from_document(document)
        migrated = {one['uuid']: 1 for one in document['instances'][:2]}
        known = pipeline.Business(
            reading.policy_from_document(policy), NOW, migrated
        )
        made = pipeline.plan(snapshot, *asked(document, strategy), known)
        judged = judge.Policy(policy, judge.Circumstances(NOW, migrated))
        return self.assert_kept(document, made, judged, interleavings=50)

    @EXAMPLES
    @hypothesis.given(
        clusters.snapshots(), policies(), st.sampled_from(STRATEGIES)
    )
    def test_kept(
        self, document: dict[str, Any], policy: dict[str, Any], strategy: str
    ) -> None:
        """The independent judge finds nothing in any order."""
        self._plan(document, policy, strategy)

    @EXAMPLES
    @hypothesis.given(clusters.snapshots(), policies())
    def test_repair(
        self, document: dict[str, Any], policy: dict[str, Any]
    ) -> None:
        """A repair mends what the judge calls broken, and breaks nothing."""
        plan = self._plan(document, policy, 'policy')
        after = {
            action['instance']: action['destination']
            for action in plan['actions']
        }
        names = {one['name'] for one in policy['rules'] if 'should' not in one}

        def broken(hosts: dict[str, str]) -> set[str]:
            found = judge.broken_rules(document, policy, hosts)
            return {one.things[0] for one in found} & names

        self.assertLessEqual(broken(after), broken({}))
        told = {
            one['things'][0]
            for one in plan['violations_after']
            if one['rule'] == 'policy'
        }
        self.assertLessEqual(told, broken(after))


class TestBadPolicies(unittest.TestCase):
    def test_a_name_twice(self) -> None:
        one = {'name': 'a', 'rule': 'root', 'instances': {'names': ['a']}}
        policy = {'version': 1, 'rules': [one]}
        known = pipeline.Business(reading.policy_from_document(policy))
        snapshot = reader.snapshot_from_document(
            {'version': 1, 'compute_nodes': [], 'instances': []}
        )
        with self.assertRaises(errors.BadInput) as raised:
            pipeline.plan(snapshot, 'policy', {'policy': policy}, known)
        self.assertIn("a rule 'a' too", raised.exception.problems[0])
