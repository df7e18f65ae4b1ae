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
"""Optimize: objectives that the operator composes."""

from __future__ import annotations

import dataclasses

from collections.abc import Mapping
from typing import Any

from watcher_rearrange.model import errors
from watcher_rearrange.policies import schema
from watcher_rearrange.policies import terms
from watcher_rearrange.policies.common import CommonPolicy
from watcher_rearrange.policies.common import common
from watcher_rearrange.policies.common import extent
from watcher_rearrange.policies.consolidate import MAX_UTILIZATION_PCT
from watcher_rearrange.policies.terms import TermWish


SCHEMA = schema.schema(
    {
        'objectives': {
            'description': (
                'What is minimised: a list of levels, one after the other, '
                'each as far as those before it permit. A level is a list '
                'of terms whose weighted sum counts: {"name": ..., '
                '"weight": 1, "enough": 0} with the options of the term. '
                'Up to "enough" a term counts as 0. Terms: '
                f'{", ".join(terms.OPTIONS)}.'
            ),
            'type': 'array',
            'items': {'type': 'array', 'items': terms.TERM, 'minItems': 1},
            'minItems': 1,
            'default': [
                [{'name': 'soft_threshold'}],
                [{'name': 'imbalance', 'enough': 5}],
                [{'name': 'migrations'}],
            ],
        },
        'max_utilization_pct': MAX_UTILIZATION_PCT,
        'effort': {
            'description': (
                'How long to search, as a multiple of what is usual for the '
                'size of the cluster, within time_limit_s.'
            ),
            'type': 'number',
            'minimum': 0.01,
            'maximum': 1000,
            'default': 1,
        },
        **schema.EXTENT,
    }
)


@dataclasses.dataclass(frozen=True)
class OptimizePolicy(CommonPolicy):
    """The parameters of an optimization.

    :ivar levels: the terms of each, the first level first
    :ivar max_utilization_pct: by resource class
    :ivar effort: how much longer to search than usual
    """

    levels: tuple[tuple[TermWish, ...], ...]
    max_utilization_pct: Mapping[str, float]
    effort: float

    @classmethod
    def of(cls, given: Mapping[str, object]) -> OptimizePolicy:
        """Check the parameters and fill in the defaults.

        :raises BadInput: with every problem, those of all terms too
        """
        full = schema.complete(SCHEMA, given)
        placed = _placed(full)
        problems = [
            problem
            for level in placed
            for place, term in level.items()
            for problem in terms.problems(place, term)
        ]
        if problems:
            raise errors.BadInput(problems)
        return cls(
            levels=tuple(
                tuple(TermWish.of(*item) for item in level.items())
                for level in placed
            ),
            max_utilization_pct=full['max_utilization_pct'],
            effort=float(full['effort']),
            **common(full),
            **extent(full),
        )


def _placed(full: Mapping[str, Any]) -> list[dict[str, Mapping[str, Any]]]:
    """The terms of each level by where they stand."""
    return [
        {f'objectives[{k}][{n}]': term for n, term in enumerate(level)}
        for k, level in enumerate(full['objectives'])
    ]
