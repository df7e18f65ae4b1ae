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

"""Options of ``[watcher_rearrange]``: facts about the cloud.

They are the same for all strategies, and for the migrations of others that
the planner orders. A strategy may have its own value of some of them in its
own section.
"""

from __future__ import annotations

from typing import Any

from oslo_config import cfg


CONF = cfg.CONF

GROUP = 'watcher_rearrange'


def register(*options: cfg.Opt) -> tuple[cfg.Opt, ...]:
    """Register options in the common section, and return them."""
    CONF.register_opts(options, group=GROUP)
    return options


def of_a_strategy(option: cfg.Opt) -> cfg.Opt:
    """Return an option by which one strategy departs from the common one."""
    return type(option)(
        option.name,
        help=f'In place of [{GROUP}] {option.name}, for this strategy alone. '
        'Not set, the common value holds.',
    )


def value(name: str, config: Any = None) -> Any:
    """Return what holds for a strategy.

    :param config: the options of its section; None for who has none
    """
    own = None if config is None else config[name]
    return CONF[GROUP][name] if own is None else own
