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

"""Reading of policy files."""

from __future__ import annotations

import datetime
import json
import os
import pathlib
import tempfile
import unittest

from typing import Any

import jsonschema

from watcher_rearrange.model.errors import BadInput
from watcher_rearrange.policies.file import hours
from watcher_rearrange.policies.file import loading
from watcher_rearrange.policies.file import publishing
from watcher_rearrange.policies.file import reading
from watcher_rearrange.policies.file import records
from watcher_rearrange.policies.file import schema


ROOT = pathlib.Path(__file__).resolve().parents[4]

# One rule of each kind with every key that it may have.
EVERY = """
version: 1
rules:
- name: fence
  rule: fence
  instances:
    projects: [p]
    names: ['web-*']
    uuids: [u]
    metadata: {role: db}
    flavors: [m1.*]
    images: [cirros]
    server_groups: [g]
  nodes: {aggregates: [gold], zones: [z1], traits: [T], names: ['n*']}
- {name: ban, rule: ban, instances: {}, nodes: {}, should: 0.5}
- {name: spread, rule: spread, instances: {}, over: zone, at_most: 2}
- {name: gather, rule: gather, instances: {}, must: true}
- name: near
  rule: near
  instances: {}
  over: {aggregates: ['rack-*']}
- {name: lonely, rule: lonely, instances: {}}
- {name: root, rule: root, instances: {}, must: true}
- {name: split, rule: split, instances: {}, others: {names: [b]}, over: node}
- {name: reserve, rule: reserve, nodes: {}, keep: {MEMORY_MB: 8192}}
- {name: most, rule: max_instances, nodes: {}, instances: {}, at_most: 0}
- {name: quiet, rule: quiet_hours, hours: ['22:00-06:00'], instances: {}}
- {name: budget, rule: budget, migrations: 3, each: project}
- {name: priority, rule: priority, instances: {}, value: -2}
- {name: only, rule: only, instances: {}}
"""


def parsed(text: str) -> Any:
    return loading.loads(text, 'p.yaml')


def rule(text: str) -> records.Rule:
    document = parsed(f'version: 1\nrules: [{{name: r, {text}}}]')
    return reading.policy_from_document(document).rules[0]


class Problems(unittest.TestCase):
    def assert_problems(self, text: str, *problems: str) -> None:
        with self.assertRaises(BadInput) as caught:
            reading.policy_from_document(parsed(text))
        self.assertEqual(problems, caught.exception.problems)


class TestRecords(unittest.TestCase):
    def test_every_kind_is_read(self) -> None:
        policy = reading.policy_from_document(parsed(EVERY))
        self.assertEqual(
            list(schema.KINDS), [one.kind for one in policy.rules]
        )
        first = policy.rules[0]
        self.assertEqual(
            records.Instances(
                ('p',),
                ('web-*',),
                ('u',),
                {'role': 'db'},
                ('m1.*',),
                ('cirros',),
                ('g',),
            ),
            first.instances,
        )
        self.assertEqual(
            records.Nodes(('n*',), ('gold',), ('z1',), ('T',)), first.nodes
        )

    def test_must_is_the_default(self) -> None:
        self.assertTrue(rule('rule: gather, instances: {}').must)
        found = rule('rule: gather, instances: {}, should: 5')
        self.assertEqual((False, 5.0), (found.must, found.weight))

    def test_over(self) -> None:
        spread = 'rule: spread, instances: {}'
        self.assertEqual(records.Over('node'), rule(spread).over)
        self.assertEqual(
            records.Over('zone'), rule(f'{spread}, over: zone').over
        )
        self.assertEqual(
            records.Over('', ('r*',)),
            rule(f'{spread}, over: {{aggregates: [r*]}}').over,
        )

    def test_numbers(self) -> None:
        found = rule('rule: reserve, nodes: {}, keep: {VCPU: 2.0}')
        self.assertIsInstance(found.keep['VCPU'], int)
        found = rule('rule: budget, migrations: 7, each: server_group')
        self.assertEqual((7, 'server_group'), (found.migrations, found.each))


class TestRefused(Problems):
    def test_all_problems_at_once_with_their_places(self) -> None:
        self.assert_problems(
            'version: 2\n'
            'extra: 1\n'
            'rules:\n'
            '- {name: a, rule: near, instances: {}, over: node}\n'
            '- {name: b, rule: frob}\n'
            '- {name: c, rule: fence, instances: {names: []}}\n'
            '- {name: a, rule: reserve, nodes: {zone: [z]}, keep: {MiB: 1}}\n'
            '- 7\n'
            '- {name: d, rule: quiet_hours, hours: [6pm]}\n',
            "document: unknown: 'extra'; there are version, rules",
            "rules[0].over: 'node' is none of 'zone'",
            "rules[1].rule: 'frob' is none of "
            + ', '.join(map(repr, schema.KINDS)),
            "rules[2]: 'nodes' is missing",
            'rules[2].instances.names: is empty',
            "rules[3].keep: 'MiB' is not the name of a resource class",
            "rules[3].nodes: unknown: 'zone'; there are names, aggregates, "
            'zones, traits',
            'rules[4]: 7 is not a mapping',
            "rules[5].hours[0]: '6pm' is not hours such as '22:00-06:00' or "
            "'Mon-Fri 08:00-18:00'",
            'version: 2 is not 1',
            "rules[3].name: 'a' is also rules[0].name",
        )

    def test_should_of_what_can_only_be_a_must(self) -> None:
        for kind in (*schema.MUST_ONLY, records.PRIORITY):
            with self.subTest(kind), self.assertRaises(BadInput) as caught:
                rule(f'rule: {kind}, should: 1')
            self.assertIn("unknown: 'should'", str(caught.exception))

    def test_must_and_should(self) -> None:
        self.assert_problems(
            'version: 1\n'
            'rules:\n'
            '- {name: a, rule: gather, instances: {}, must: true, should: 1}',
            "rules[0]: 'must' and 'should' exclude each other",
        )

    def test_weights(self) -> None:
        for weight, problem in (
            ('0', 'rules[0].should: 0 is not more than 0'),
            ('.nan', 'rules[0].should: nan is not a number'),
            ('.inf', 'rules[0].should: inf is not a number'),
        ):
            with self.assertRaises(BadInput) as caught:
                rule(f'rule: gather, instances: {{}}, should: {weight}')
            self.assertIn(problem, caught.exception.problems)

    def test_nothing_and_nonsense(self) -> None:
        self.assert_problems('', 'document: is empty')
        self.assert_problems('[]', 'document: a list is not a mapping')

    def test_a_list_within_itself(self) -> None:
        with self.assertRaises(BadInput):
            reading.policy_from_document(parsed('&a [*a]'))

    def test_keys_that_stand_twice(self) -> None:
        with self.assertRaises(BadInput) as caught:
            parsed('version: 1\nrules: []\nversion: 1')
        self.assertEqual(
            ("p.yaml: line 3: 'version' stands twice",),
            caught.exception.problems,
        )

    def test_what_is_merged_may_be_said_again(self) -> None:
        found = parsed('a: &a {x: 1, y: 2}\nb: {<<: *a, x: 3}')
        self.assertEqual({'x': 3, 'y': 2}, found['b'])

    def test_what_is_not_yaml(self) -> None:
        for text in ('a: [', 'a: 1\n---\nb: 2', '!!python/name:os.system x'):
            with self.subTest(text), self.assertRaises(BadInput) as caught:
                parsed(text)
            self.assertRegex(str(caught.exception), '^p.yaml: is not YAML')


class TestFiles(Problems):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def write(self, name: str, text: str) -> str:
        path = os.path.join(self.folder, name)
        with open(path, 'w', encoding='utf-8') as file:
            file.write(text)
        return path

    def one(self, name: str) -> str:
        found = f'{{name: {name}, rule: root, instances: {{}}}}'
        return f'version: 1\nrules: [{found}]'

    def test_a_folder_is_one_policy_in_the_order_of_names(self) -> None:
        self.write('b.yml', self.one('second'))
        self.write('a.yaml', self.one('first'))
        self.write('c.json', json.dumps(parsed(self.one('third'))))
        for name in ('.hidden.yaml', 'a.yaml~', 'README.md'):
            self.write(name, 'not: one')
        policy = reading.read_policy(self.folder)
        self.assertEqual(
            ['first', 'second', 'third'], [one.name for one in policy.rules]
        )

    def test_an_empty_folder_has_no_rules(self) -> None:
        self.assertEqual(records.Policy(), reading.read_policy(self.folder))

    def test_problems_of_all_files_with_their_names(self) -> None:
        first = self.write('a.yaml', self.one('x'))
        second = self.write('b.yaml', self.one('x'))
        third = self.write('c.yaml', 'a: [')
        with self.assertRaises(BadInput) as caught:
            reading.read_policy(self.folder)
        yaml, name = caught.exception.problems
        self.assertTrue(yaml.startswith(f'{third}: is not YAML'))
        self.assertEqual(
            f"{second}: rules[0].name: 'x' is also {first}: rules[0].name",
            name,
        )

    def test_what_cannot_be_read(self) -> None:
        with self.assertRaises(BadInput):
            reading.read_policy(os.path.join(self.folder, 'absent'))
        with open(os.path.join(self.folder, 'a.yaml'), 'wb') as file:
            file.write(b'\xff\xfe\xff')
        with self.assertRaises(BadInput):
            reading.read_policy(self.folder)


class TestHours(unittest.TestCase):
    def test_they_are_parsed(self) -> None:
        time = datetime.time
        self.assertEqual(
            records.Hours(time(22), time(6)), hours.parse('22:00-06:00')
        )
        self.assertEqual(
            records.Hours(time(8), time(0), frozenset((4, 5, 6, 0))),
            hours.parse('Fri-Mon 08:00-24:00'),
        )
        self.assertEqual(frozenset((2,)), hours.parse('Wed 1:00-2:00').days)

    def test_when_they_are(self) -> None:
        # A Thursday, in a zone that is ahead by two hours.
        zone = datetime.timezone(datetime.timedelta(hours=2))
        moment = datetime.datetime(2026, 11, 26, 0, 30, tzinfo=zone)
        for text, expected in (
            ('22:00-23:00', True),
            ('22:30-22:31', True),
            ('22:00-22:30', False),
            ('Wed 22:00-06:00', True),
            ('Thu 22:00-06:00', False),
            ('Wed 00:00-24:00', True),
            ('Thu 00:00-24:00', False),
            ('Tue 23:00-22:31', True),
        ):
            with self.subTest(text):
                found = hours.within([hours.parse(text)], moment)
                self.assertEqual(expected, found)

    def test_which_never_end(self) -> None:
        for texts, expected in (
            (['00:00-24:00'], True),
            (['06:00-06:00'], True),
            (['22:00-06:00', '06:00-22:00'], True),
            (['Mon-Fri 00:00-24:00', 'Sat-Sun 00:00-24:00'], True),
            (['Fri 12:00-12:00', 'Sat-Fri 12:00-12:00'], True),
            (['22:00-06:00', '06:01-22:00'], False),
            (['Mon-Sat 00:00-24:00'], False),
            (['Mon-Sat 08:00-08:00'], False),
            ([], False),
        ):
            with self.subTest(texts):
                found = hours.never_end([hours.parse(t) for t in texts])
                self.assertIs(expected, found)


class TestSchema(unittest.TestCase):
    def test_it_is_a_schema(self) -> None:
        jsonschema.Draft7Validator.check_schema(schema.schema())

    def test_what_is_published_is_current(self) -> None:
        path = ROOT / 'doc' / 'source' / 'user' / 'policy.schema.json'
        self.assertEqual(publishing.text(), path.read_text(encoding='utf-8'))

    def test_every_key_is_described(self) -> None:
        found = schema.schema()['definitions']
        for kind in schema.KINDS:
            self.assertTrue(found[kind]['description'])
            for key, spec in found[kind]['properties'].items():
                name = spec.get('$ref', '').rpartition('/')[2]
                spec = found.get(name, spec)
                if key != 'rule':
                    self.assertIn('description', spec, (kind, key))
