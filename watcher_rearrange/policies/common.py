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

"""What the policies of all strategies have."""

from __future__ import annotations

import dataclasses

from collections.abc import Mapping
from typing import Any

from watcher_rearrange.constraints.movability import MoveOptions
from watcher_rearrange.model import errors
from watcher_rearrange.policies.file import reading
from watcher_rearrange.policies.file.records import Policy
from watcher_rearrange.policies.limits import Limits
from watcher_rearrange.policies.worth import Worth


@dataclasses.dataclass(frozen=True, kw_only=True)
class CommonPolicy:
    """What may be moved, how much at once, how long, and for what gain.

    :ivar deadline_s: when the plan must be over; None for no deadline
    :ivar failures_to_tolerate: nodes whose instances must have room
        elsewhere
    :ivar max_migrations: None for no limit
    :ivar alternatives: how many other plans to look for
    :ivar business: the rules that the audit gives itself
    """

    options: MoveOptions
    limits: Limits
    deadline_s: float | None
    time_limit_s: float
    seed: int
    failures_to_tolerate: int = 0
    max_migrations: int | None = None
    alternatives: int = 0
    worth: Worth = Worth()
    business: Policy = Policy()


def common(full: Mapping[str, Any], **options: Any) -> dict[str, Any]:
    """Return the fields of :class:`CommonPolicy` from complete parameters.

    :param options: of the moves, beside those that all strategies have
    """
    return {
        'options': MoveOptions(
            move_locked=full['move_locked'],
            path_cost=full['path_cost'],
            cold_if_not_live=full['cold_if_not_live'],
            move_numa=full['move_numa'],
            **options,
        ),
        'limits': Limits.of(full),
        'deadline_s': float(full['deadline_s']) or None,
        'time_limit_s': float(full['time_limit_s']),
        'seed': full['seed'],
        'business': _business(full['policy']),
        'failures_to_tolerate': full['failures_to_tolerate'],
    }


def _business(document: Mapping[str, Any]) -> Policy:
    if not document:
        return Policy()
    try:
        return reading.policy_from_document(document)
    except errors.BadInput as error:
        raise errors.BadInput(
            [f'policy.{problem}' for problem in error.problems]
        ) from None


def extent(full: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that only some strategies have parameters for."""
    return {
        'max_migrations': full['max_migrations'] or None,
        'alternatives': full['alternatives'],
        'worth': Worth.of(full),
    }
