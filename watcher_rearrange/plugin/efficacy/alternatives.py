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

"""Indicators of the plans beside the plan: what more or less would bring."""

from __future__ import annotations

from watcher_rearrange.model import plan
from watcher_rearrange.plugin.efficacy import figures


# As many as an audit may ask for.
MOST = 5


def specifications(*objectives: tuple[str, str]) -> tuple[figures.Figure, ...]:
    """Return the figures of each: migrations, and what they lead to.

    They are there only if the audit asked for alternatives, and of the
    objectives those that its strategy has.

    :param objectives: names with units
    """
    return tuple(
        figure
        for number in range(1, MOST + 1)
        for figure in (
            _migrations(number),
            *(_leads_to(number, *objective) for objective in objectives),
        )
    )


def _migrations(number: int) -> figures.Figure:
    return figures.Figure(
        f'alternative_{number}_migrations',
        f'Migrations of alternative {number} to this plan.',
        'migrations',
        lambda shown: _of(shown.made, number).migrations,
        present=lambda made: number <= len(made.alternatives),
    )


def _leads_to(number: int, objective: str, unit: str) -> figures.Figure:
    return figures.Figure(
        f'alternative_{number}_{objective}',
        f'{objective} after alternative {number} to this plan.',
        unit,
        lambda shown: _after(_of(shown.made, number), objective),
        whole=False,
        present=lambda made: (
            number <= len(made.alternatives)
            and any(r.name == objective for r in _of(made, number).objectives)
        ),
    )


def _of(made: plan.Plan, number: int) -> plan.Alternative:
    return made.alternatives[number - 1]


def _after(alternative: plan.Alternative, objective: str) -> float:
    return next(
        (r.after for r in alternative.objectives if r.name == objective), 0.0
    )
