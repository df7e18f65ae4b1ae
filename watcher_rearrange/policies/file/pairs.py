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

"""Pairs of rules that contradict each other on any cluster.

Only what can be read off the file: rules on the very same instances, as soon
as there are any (for ``gather`` and ``spread``, two).
"""

from __future__ import annotations

import itertools

from watcher_rearrange.policies.file import records
from watcher_rearrange.policies.file.records import Rule


_PATTERN = frozenset('*?[')


def contradictions(policy: records.Policy) -> list[tuple[str, str]]:
    """Return the names of the rules of each pair."""
    rules = [rule for rule in policy.rules if rule.must]
    return [
        (one.name, other.name)
        for one, other in itertools.combinations(rules, 2)
        if one.instances == other.instances
        and (_excluded(one, other) or _excluded(other, one))
    ]


def _excluded(one: Rule, other: Rule) -> bool:
    kinds = (one.kind, other.kind)
    if kinds == (records.FENCE, records.BAN):
        return other.nodes in (one.nodes, records.Nodes())
    if kinds == (records.FENCE, records.FENCE):
        return _apart(one.nodes.names, other.nodes.names) or _apart(
            one.nodes.zones, other.nodes.zones
        )
    # Who gathers on a node is in one part, whatever the parts are.
    return kinds == (records.GATHER, records.SPREAD) and other.at_most == 1


def _apart(some: tuple[str, ...], others: tuple[str, ...]) -> bool:
    """Whether no value fits both; patterns may always."""
    if not some or not others:
        return False
    plain = not any(_PATTERN.intersection(text) for text in some + others)
    return plain and not set(some) & set(others)
