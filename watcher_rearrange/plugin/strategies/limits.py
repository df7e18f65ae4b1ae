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

"""Deployment-wide limits on the parameters of audits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from oslo_config import cfg


TIME_LIMIT = cfg.IntOpt(
    'time_limit_s',
    default=0,
    min=0,
    help='Upper limit, in seconds, of the audit parameter of the same name: '
    'how long the search for a plan may take. It occupies a worker of the '
    'decision engine for that long. 0 leaves it to the audits.',
)
MAX_MIGRATIONS = cfg.IntOpt(
    'max_migrations',
    default=0,
    min=0,
    help='Upper limit of the audit parameter of the same name: how many '
    'migrations one action plan may have. It also holds for audits that ask '
    'for no limit. 0 leaves it to the audits.',
)


def apply(
    given: Mapping[str, Any], defaults: Mapping[str, Any], config: Any
) -> dict[str, Any]:
    """Return the parameters of an audit within the limits of the cloud.

    :param given: the audit's input parameters
    :param defaults: the parameters that have a limit, with their defaults
    :param config: the strategy's options, with the limits by the same name
    """
    parameters = dict(given)
    for name, default in defaults.items():
        limit = config[name]
        value = parameters.get(name, default)
        if limit and _exceeds(value, limit):
            parameters[name] = limit
    return parameters


def _exceeds(value: Any, limit: int) -> bool:
    # What is not a number is left for the check of the parameters.
    return isinstance(value, int | float) and not 0 < value <= limit
