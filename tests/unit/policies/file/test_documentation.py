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

"""What the documentation shows is what there is."""

from __future__ import annotations

import pathlib
import re
import textwrap
import unittest

from watcher_rearrange.policies.file import loading
from watcher_rearrange.policies.file import reading
from watcher_rearrange.policies.file import schema


ROOT = pathlib.Path(__file__).resolve().parents[4]
PAGE = ROOT / 'doc' / 'source' / 'user' / 'policies.rst'


class TestDocumentation(unittest.TestCase):
    def setUp(self) -> None:
        self.text = PAGE.read_text(encoding='utf-8')

    def examples(self) -> list[str]:
        blocks = re.findall(
            r'\.\. code-block:: yaml\n\n((?:   .*\n|\n)+)', self.text
        )
        return [textwrap.dedent(block) for block in blocks]

    def test_the_examples_are_policies_with_every_kind(self) -> None:
        kinds = set()
        for text in self.examples():
            if 'rules:' in text:
                document = loading.loads(text, 'example')
                policy = reading.policy_from_document(document)
                kinds |= {rule.kind for rule in policy.rules}
        self.assertEqual(set(schema.KINDS), kinds)

    def test_every_kind_has_its_invariant(self) -> None:
        for kind in schema.KINDS:
            self.assertRegex(self.text, rf'(?m)^``{kind}`` +\S')
