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

"""Instances that know their quiet hours."""

from __future__ import annotations

import dataclasses
import datetime

from collections.abc import Sequence

from watcher_rearrange.model import records as model
from watcher_rearrange.policies.file import hours
from watcher_rearrange.policies.file import records
from watcher_rearrange.policies.file import selection


def marked(
    snapshot: model.Snapshot, policy: records.Policy, now: datetime.datetime
) -> model.Snapshot:
    """Return a snapshot whose instances have the hours of a policy.

    :param now: when a plan begins, with a time zone
    """
    found = rules_of(snapshot, policy)
    if not found:
        return snapshot
    return dataclasses.replace(
        snapshot,
        instances=tuple(
            _marked(one, hours_of(found[k]), now) if k in found else one
            for k, one in enumerate(snapshot.instances)
        ),
    )


def rules_of(
    snapshot: model.Snapshot, policy: records.Policy
) -> dict[int, list[records.Rule]]:
    """Return of each instance that has quiet hours the rules with these."""
    selector = selection.Selector(snapshot)
    found: dict[int, list[records.Rule]] = {}
    for rule in policy.rules:
        if rule.kind == records.QUIET_HOURS:
            for k in selector.instances(rule.instances):
                found.setdefault(k, []).append(rule)
    return found


def hours_of(rules: Sequence[records.Rule]) -> list[records.Hours]:
    """Return the hours of some rules."""
    return [one for rule in rules for one in rule.hours]


def _marked(
    instance: model.Instance,
    found: list[records.Hours],
    now: datetime.datetime,
) -> model.Instance:
    start = hours.next_start(found, now)
    from_s = None if start is None else (start - now).total_seconds()
    return dataclasses.replace(
        instance,
        not_within=tuple(dict.fromkeys(one.text for one in found)),
        quiet_from_s=from_s,
    )
