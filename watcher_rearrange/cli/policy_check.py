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

"""``policy check``: what a policy file means for a cluster."""

from __future__ import annotations

import argparse
import dataclasses
import time

from collections.abc import Iterator
from collections.abc import Mapping
from typing import Any

from watcher_rearrange.cli import inputs
from watcher_rearrange.cli import output
from watcher_rearrange.cli import policy_input
from watcher_rearrange.cli import policy_text
from watcher_rearrange.cli import status
from watcher_rearrange.model import records as model
from watcher_rearrange.policies.file import pairs
from watcher_rearrange.policies.file import reading
from watcher_rearrange.policies.file import records
from watcher_rearrange.policies.file import selection
from watcher_rearrange.snapshot import loading
from watcher_rearrange.snapshot import reader


STRATEGY = 'rearrange_policy'


def run(arguments: argparse.Namespace) -> int:
    """Check a policy; the status tells whether anything is to be said."""
    path, *others = arguments.files
    if not others:
        found = _alone(path)
    else:
        found = _on_cluster(path, others[0], arguments.time_limit)
    output.show(arguments, found, lambda: policy_text.checked(found))
    return status.DONE if found['ok'] else status.VIOLATIONS


def _alone(path: str) -> dict[str, Any]:
    policy = reading.read_policy(path)
    against = pairs.contradictions(policy)
    return {
        'ok': not against,
        'rules': len(policy.rules),
        'contradictions': [list(names) for names in against],
    }


def _on_cluster(
    path: str, snapshot_path: str, time_limit_s: float
) -> dict[str, Any]:
    from watcher_rearrange import checker
    from watcher_rearrange.optimizer import contradictions

    source = inputs.source(snapshot_path)
    plain = loading.load_json(source)
    with loading.naming(source):
        snapshot = reader.snapshot_from_document(plain)
    document, policy = policy_input.load(path, snapshot)
    deadline = time.monotonic() + time_limit_s
    against = contradictions.contradictions(policy, snapshot, deadline)
    broken = checker.broken_rules(plain, document)
    names = {
        one.uuid: f'{one.name} ({one.uuid})'
        for one in snapshot.instances
        if one.name
    }
    violated = [
        _violated(rule, own, names)
        for rule in policy.rules
        if (own := [one for one in broken if one.things[0] == rule.name])
    ]
    unused = list(_unused(policy, snapshot))
    must = any(one['must'] for one in violated)
    return {
        'ok': not (unused or against.sets or against.crowded or must),
        'rules': len(policy.rules),
        'unused': unused,
        'contradictions': [list(names) for names in against.sets],
        'crowded': [list(names) for names in against.crowded],
        'undecided': list(against.undecided),
        'violated': violated,
        'repair': (
            _repair(document, snapshot, time_limit_s) if violated else None
        ),
    }


def _violated(
    rule: records.Rule, broken: list[Any], names: Mapping[str, str]
) -> dict[str, Any]:
    """A rule with what breaks it.

    :param names: of instances in messages, by UUID
    """
    violations = []
    for one in broken:
        things = tuple(names.get(thing, thing) for thing in one.things)
        named = dataclasses.replace(one, things=things)
        violations.append({**one.to_dict(), 'message': str(named)})
    return {
        'rule': rule.name,
        'kind': rule.kind,
        'must': rule.must,
        'weight': None if rule.must else rule.weight,
        'violations': violations,
    }


def _unused(
    policy: records.Policy, snapshot: model.Snapshot
) -> Iterator[dict[str, str]]:
    """Each selection that says something and matches nothing."""
    selector = selection.Selector(snapshot)
    for rule in policy.rules:
        matches = {
            'instances': (rule.instances, selector.instances(rule.instances)),
            'others': (rule.others, selector.others(rule)),
            'nodes': (rule.nodes, selector.nodes(rule.nodes)),
        }
        for name, (wanted, found) in matches.items():
            if wanted not in (records.Instances(), records.Nodes()):
                if not found:
                    yield {'rule': rule.name, 'selection': name}
        if rule.over.aggregates and not _is_divided(rule, snapshot):
            yield {'rule': rule.name, 'selection': 'over'}


def _is_divided(rule: records.Rule, snapshot: model.Snapshot) -> bool:
    fits = selection.one_of(rule.over.aggregates)
    return any(fits(aggregate.name) for aggregate in snapshot.aggregates)


def _repair(
    document: dict[str, Any], snapshot: model.Snapshot, time_limit_s: float
) -> dict[str, Any] | None:
    """What the strategy that repairs would do, where there is one."""
    from watcher_rearrange.policies import parameters

    if STRATEGY not in parameters.STRATEGIES:
        return None
    from watcher_rearrange.planning import pipeline
    from watcher_rearrange.snapshot import writer

    # No strategy may be given less than a second.
    wanted = {'policy': document, 'time_limit_s': max(1.0, time_limit_s)}
    with output.progress():
        plan = pipeline.plan(snapshot, STRATEGY, wanted)
    found = writer.plan_document(plan)
    return {
        'status': found['status'],
        'path': found.get('path'),
        'messages': found.get('messages', []),
    }
