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

"""The menu: what plans with fewer or more migrations would bring."""

from __future__ import annotations

import math

from collections.abc import Callable
from collections.abc import Iterable

from watcher_rearrange.model.plan import Alternative
from watcher_rearrange.model.plan import Plan


def alternatives(
    plan_with: Callable[[int | None], Plan], count: int
) -> tuple[Alternative, ...]:
    """Return the trade-off between migrations and objectives.

    The plan without a limit comes last; the others have a share of its
    migrations. One that costs more than another and brings no more is left
    out.

    :param plan_with: plans with at most so many migrations
    :param count: how many at most
    """
    whole = plan_with(None)
    most = whole.path.migrations
    budgets = {math.ceil(most * k / count) for k in range(1, count)}
    plans = [plan_with(budget) for budget in sorted(budgets - {0, most})]
    return _worthwhile(_figures(plan) for plan in (*plans, whole))


def _figures(plan: Plan) -> Alternative:
    return Alternative(
        plan.path.migrations,
        plan.path.migrated_mb,
        plan.path.makespan_s,
        plan.objectives,
    )


def _worthwhile(points: Iterable[Alternative]) -> tuple[Alternative, ...]:
    """Those that bring more than any that costs as little or less."""
    best: list[Alternative] = []
    for point in sorted(points, key=lambda p: (p.migrations, _value(p))):
        if point.migrations and (not best or _value(point) < _value(best[-1])):
            best.append(point)
    return tuple(best)


def _value(point: Alternative) -> tuple[float, ...]:
    return tuple(row.after for row in point.objectives)
