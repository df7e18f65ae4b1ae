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

"""What the judge of rules must see, one broken rule at a time."""

from __future__ import annotations

import dataclasses
import types
import unittest

from typing import Any
from unittest import mock

from benchmarks import real_cloud_judge
from benchmarks import real_cloud_ruled_judge as judging
from benchmarks import real_cloud_stage
from benchmarks import real_cloud_table
from tests.unit.minicloud import test_judge


A, B, C = 'uuid-a', 'uuid-b', 'uuid-c'
PLAIN = judging.Bound('a', 'project', '1-1024-5', {})
APART = {A: 'cmp01', B: 'cmp02', C: 'cmp03'}
TOGETHER = dict.fromkeys((A, B, C), 'cmp01')


def facts(bound: judging.Bound = PLAIN, **fields: Any) -> judging.Facts:
    """Return three instances, the first of which asks for something."""
    others = {
        uuid: dataclasses.replace(PLAIN, name=name)
        for uuid, name in ((B, 'b'), (C, 'c'))
    }
    return judging.Facts({A: bound, **others}, **fields)


def bound(**fields: Any) -> judging.Bound:
    """Return the first instance."""
    return dataclasses.replace(PLAIN, **fields)


def aggregate(**metadata: str) -> Any:
    """Return an aggregate of cmp01 alone."""
    return frozenset(('cmp01',)), metadata


def rule(kind: str, **fields: Any) -> dict[str, Any]:
    """Return a policy with one rule, on a and b."""
    names = {'names': ['a', '[b]']}
    return {
        'rules': [{'name': 'r', 'rule': kind, 'instances': names, **fields}]
    }


class TestInstances(unittest.TestCase):
    """What an instance asks of its host."""

    def assert_only_on(
        self, found: judging.Facts, good: str, bad: str, text: str
    ) -> None:
        """Expect that the first instance may be on one of two hosts."""
        self.assertEqual({}, judging.breaches(found, {A: good}))
        self.assertEqual({f'a: {text}': 1}, judging.breaches(found, {A: bad}))

    def test_zone(self) -> None:
        """It is where it is pinned."""
        found = facts(bound(zone='az1'), zones={'cmp01': 'az1'})
        self.assert_only_on(found, 'cmp01', 'cmp02', 'not in zone az1')

    def test_pool(self) -> None:
        """One of the values of all aggregates of its host."""
        found = facts(
            bound(specs={judging.POOL: 'ssd'}),
            aggregates=(aggregate(pool='hdd, ssd'), aggregate(pool='gpu')),
        )
        self.assert_only_on(found, 'cmp01', 'cmp02', 'not in pool ssd')

    def test_required_trait(self) -> None:
        """Its host has the trait."""
        found = facts(
            bound(specs={'trait:CUSTOM_X': 'required'}),
            traits={'cmp01': frozenset(('CUSTOM_X',))},
        )
        text = 'trait CUSTOM_X is required'
        self.assert_only_on(found, 'cmp01', 'cmp02', text)

    def test_forbidden_trait(self) -> None:
        """Its host lacks the trait."""
        found = facts(
            bound(specs={'trait:CUSTOM_X': 'forbidden'}),
            traits={'cmp01': frozenset(('CUSTOM_X',))},
        )
        text = 'trait CUSTOM_X is forbidden'
        self.assert_only_on(found, 'cmp02', 'cmp01', text)

    def test_tenants(self) -> None:
        """A host of others is none of its own."""
        found = facts(aggregates=(aggregate(filter_tenant_id='other'),))
        text = 'on a host of other projects'
        self.assert_only_on(found, 'cmp02', 'cmp01', text)

    def test_flavors(self) -> None:
        """A host for some flavors takes no others."""
        found = facts(aggregates=(aggregate(instance_type='2-1-1,4-1-1'),))
        text = 'on a host of other flavors'
        self.assert_only_on(found, 'cmp02', 'cmp01', text)


class TestGroups(unittest.TestCase):
    """Server groups of a, b, and one that was deleted."""

    def breaches(
        self, policy: str, hosts: judging.Hosts, most: int = 1
    ) -> judging.Breaches:
        """Return what is broken of a group."""
        group = judging.Group('g', policy, most, (A, B, 'deleted'))
        return judging.breaches(facts(groups=(group,)), hosts)

    def test_anti_affinity(self) -> None:
        """At most so many on a host."""
        self.assertEqual({}, self.breaches('anti-affinity', APART))
        self.assertEqual({}, self.breaches('anti-affinity', TOGETHER, 2))
        self.assertEqual(
            {'group g: too many on cmp01': 1},
            self.breaches('anti-affinity', TOGETHER),
        )

    def test_affinity(self) -> None:
        """All on one host."""
        self.assertEqual({}, self.breaches('affinity', TOGETHER))
        self.assertEqual(
            {'group g: apart': 1}, self.breaches('affinity', APART)
        )

    def test_soft(self) -> None:
        """Nova refuses nothing for these."""
        for policy in ('soft-affinity', 'soft-anti-affinity'):
            for hosts in (APART, TOGETHER):
                self.assertEqual({}, self.breaches(policy, hosts))


class TestPolicy(unittest.TestCase):
    """Rules on a and b, not on c."""

    def test_fence_and_ban(self) -> None:
        """One in, one out."""
        nodes = {'names': ['cmp?1']}
        for kind, name in (('fence', 'b'), ('ban', 'a')):
            policy = rule(kind, nodes=nodes)
            found = judging.breaches(facts(), APART, policy)
            self.assertEqual({f'r: {name}': 1}, found)

    def test_spread(self) -> None:
        """One a node, if it does not say how many."""
        found = judging.breaches(facts(), TOGETHER, rule('spread'))
        self.assertEqual({'r: too many on cmp01': 1}, found)
        for policy, hosts in (
            (rule('spread', at_most=2), TOGETHER),
            (rule('spread'), APART),
        ):
            self.assertEqual({}, judging.breaches(facts(), hosts, policy))

    def test_gather(self) -> None:
        """All on one node."""
        policy = rule('gather')
        found = judging.breaches(facts(), APART, policy)
        self.assertEqual({'r: apart': 1}, found)
        self.assertEqual({}, judging.breaches(facts(), TOGETHER, policy))

    def test_should(self) -> None:
        """What should only hold may be broken."""
        policy = rule('gather', should=1)
        self.assertEqual({}, judging.breaches(facts(), APART, policy))


class TestWorse(unittest.TestCase):
    """What was broken may stay so, not more."""

    def test_worse(self) -> None:
        """New, or by more."""
        before = {'as ever': 2, 'more': 1, 'less': 2, 'mended': 1}
        after = {'as ever': 2, 'more': 2, 'less': 1, 'new': 1}
        self.assertEqual(
            ['more, 2 and before 1', 'new, 1 and before 0'],
            judging.worse(before, after),
        )


class TestRead(unittest.TestCase):
    """What the services answer is understood."""

    def test_read(self) -> None:
        """Each fact is where it belongs."""
        space = types.SimpleNamespace
        flavor = space(original_name='f', extra_specs={'trait:X': 'required'})
        server = space(
            id=A,
            name='a',
            project_id='p',
            flavor=flavor,
            pinned_availability_zone='az1',
        )
        group = space(
            name='g', policy='affinity', rules=None, member_ids=[A, B]
        )
        made = space(hosts=['cmp01'], metadata={'pool': 'ssd'})
        session: Any = space(
            tenant=space(servers=lambda: [server]),
            restrictions=space(
                groups=lambda: [group],
                zones=lambda: {'cmp01': 'az1'},
                aggregates=lambda: [made],
                traits=lambda: {'cmp01': frozenset(('X',))},
            ),
        )
        self.assertEqual(
            judging.Facts(
                {A: judging.Bound('a', 'p', 'f', flavor.extra_specs, 'az1')},
                (judging.Group('g', 'affinity', 1, (A, B)),),
                {'cmp01': 'az1'},
                ((frozenset(('cmp01',)), {'pool': 'ssd'}),),
                {'cmp01': frozenset(('X',))},
            ),
            judging.read(session),
        )


class Cloud(test_judge.Cloud):
    """The same cloud, with a server group of a and b."""

    def __init__(self, policy: str) -> None:
        super().__init__()
        self.policy = policy
        self.states = ['ONGOING', 'SUCCEEDED']
        self.now = [self.server('a', 'cmp01'), self.server('b', 'cmp02')]
        self.after = [self.server('a', 'cmp02'), self.server('b', 'cmp02')]
        self.client.action_plan.get = self.get
        self.restrictions = self

    def server(self, uuid: str, host: str) -> Any:
        """Return an instance with all that rules are about."""
        flavor = types.SimpleNamespace(
            **vars(test_judge.FLAVOR), original_name='f', extra_specs={}
        )
        made = test_judge.server(uuid, host, pinned_availability_zone=None)
        made.flavor, made.project_id = flavor, 'project'
        return made

    def get(self, plan: str) -> Any:
        """Return the plan, which takes a while."""
        self.plan.state = self.states.pop(0)
        return self.plan

    def groups(self) -> list[Any]:
        """Return the group."""
        return [
            types.SimpleNamespace(
                name='g', policy=self.policy, rules={}, member_ids=['a', 'b']
            )
        ]

    def zones(self) -> dict[str, str]:
        """Return no zones."""
        return {}

    def aggregates(self) -> list[Any]:
        """Return no aggregates."""
        return []

    def traits(self) -> dict[str, frozenset[str]]:
        """Return no traits."""
        return {}


@mock.patch.object(real_cloud_judge, 'LOOK_S', 0.0)
class TestJudge(unittest.TestCase):
    """The first instance goes to the other one of its group."""

    def row(self, cloud: Cloud, **parameters: Any) -> real_cloud_judge.Row:
        """Return what the judge saw."""
        scenario: Any = types.SimpleNamespace(
            disabled=(), dead=None, parameters=parameters
        )
        session: Any = cloud
        truth: Any = cloud
        prepared = real_cloud_stage.Prepared(truth, None, None)
        judge = judging.Judge(session, scenario, prepared)
        step = real_cloud_judge.Step('rearrange_evacuate', parameters)
        return judge.run([step], again=False)

    def test_broken(self) -> None:
        """While the plan runs, and at its end."""
        found = self.row(Cloud('anti-affinity'))
        text = 'group g: too many on cmp02, 1 and before 0'
        self.assertEqual([f'meanwhile {text}', text], found['rules'])
        self.assertEqual({}, found['broken before'])
        self.assertEqual(
            {'group g: too many on cmp02': 1}, found['broken after']
        )

    def test_mended(self) -> None:
        """What is mended is no fault."""
        row = self.row(Cloud('affinity'))
        self.assertEqual([], real_cloud_table.faults(row))
        self.assertEqual({'group g: apart': 1}, row['broken before'])
        self.assertEqual({}, row['broken after'])

    def test_policy(self) -> None:
        """Rules of the audit are judged, too."""
        ban = {
            'name': 'r',
            'rule': 'ban',
            'instances': {'names': ['a']},
            'nodes': {'names': ['cmp02']},
        }
        row = self.row(Cloud('soft-affinity'), policy={'rules': [ban]})
        self.assertIn('r: a, 1 and before 0', row['rules'])
