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

"""The options of the package, for the sample configuration."""

from __future__ import annotations

from oslo_config import cfg

from watcher_rearrange.plugin import options
from watcher_rearrange.plugin import planner
from watcher_rearrange.plugin.readers import images
from watcher_rearrange.plugin.readers import missed
from watcher_rearrange.plugin.readers import ports
from watcher_rearrange.plugin.readers import scheduler
from watcher_rearrange.plugin.strategies import base
from watcher_rearrange.plugin.strategies import combined
from watcher_rearrange.plugin.strategies import consolidate
from watcher_rearrange.plugin.strategies import defragment
from watcher_rearrange.plugin.strategies import evacuate
from watcher_rearrange.plugin.strategies import optimize
from watcher_rearrange.plugin.strategies import policy
from watcher_rearrange.plugin.strategies import rebalance


STRATEGIES = (
    rebalance.Rebalance,
    consolidate.Consolidate,
    evacuate.Evacuate,
    combined.Combined,
    defragment.Defragment,
    optimize.Optimize,
    policy.Policy,
)


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    """Return every option by its group.

    Watcher registers them itself when it loads the plugins.
    """
    groups = [
        (f'watcher_strategies.{strategy.get_name()}', strategy)
        for strategy in STRATEGIES
    ]
    groups.append(
        (f'watcher_planners.{planner.NAME}', planner.RearrangePlanner)
    )
    own = [(name, plugin.get_config_opts()) for name, plugin in groups]
    common = [*base.COMMON, *missed.OPTIONS, *scheduler.FOR_ALL]
    return [
        (options.GROUP, common),
        *own,
        (images.GROUP, images.OPTIONS),
        (ports.GROUP, ports.OPTIONS),
    ]
