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

"""Plans that are worth it: as large a one as the operator will pay for.

The first migrations bring the most. So where a plan as a whole brings too
little for each, or moves too much memory, one with fewer is looked for.
"""

from __future__ import annotations

from collections.abc import Callable

from watcher_rearrange.constraints import breaches
from watcher_rearrange.model.plan import Plan
from watcher_rearrange.model.plan import Status
from watcher_rearrange.policies.worth import Worth


# Plans made at most; each halves the migrations that are in question.
TRIES = 8

MB_PER_GB = 1024


def limited(
    plan_with: Callable[[int | None], Plan], most: int | None, worth: Worth
) -> Plan:
    """Return a plan that is worth it, or one without actions.

    :param plan_with: plans with at most so many migrations
    :param most: the operator's own limit on these
    """
    result = plan_with(most)
    reason = objection(result, worth)
    if not reason:
        return result
    best = Plan(
        Status.NO_CHANGE,
        messages=(f'nothing is moved: {reason}', *result.messages),
    )
    low, high = 0, result.path.migrations
    for _ in range(TRIES - 1):
        middle = (low + high) // 2
        if middle <= low:
            break
        found = plan_with(middle)
        if found.path.migrations and not objection(found, worth):
            low, best = middle, found
        else:
            high = middle
    return best


def objection(plan: Plan, worth: Worth) -> str:
    """Return why a plan is not worth it, or nothing."""
    migrations = plan.path.migrations
    if not migrations:
        return ''
    moved_gb = plan.path.migrated_mb / MB_PER_GB
    if worth.max_moved_gb and moved_gb > worth.max_moved_gb:
        return f'{moved_gb:.1f} GiB, max_moved_gb is {worth.max_moved_gb:g}'
    if _mends(plan):
        # Rules are kept whatever that costs.
        return ''
    gain, unit = _gain(plan)
    for least, price, per in (
        (worth.min_gain_per_migration, migrations, 'migration'),
        (worth.min_gain_per_gb, moved_gb, 'gb'),
    ):
        if least and gain < least * price:
            return (
                f'{gain / price:.4g} {unit} gained for each of {price:.6g}, '
                f'min_gain_per_{per} is {least:g}'
            )
    return ''


def _mends(plan: Plan) -> bool:
    """Whether it has another aim, too, and mends something first."""
    gains = [row.name for row in plan.objectives if row.after < row.before]
    others = {row.name for row in plan.objectives} - {*breaches.NAMES}
    return bool(others) and not {*gains}.isdisjoint(breaches.NAMES)


def _gain(plan: Plan) -> tuple[float, str]:
    """The gain in the first objective that gets better."""
    for row in plan.objectives:
        if row.after < row.before:
            return row.before - row.after, row.unit
    return 0.0, 'of any objective'
