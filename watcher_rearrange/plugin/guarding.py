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

"""Whether the actions of a plan are guarded ones."""

from __future__ import annotations

from oslo_config import cfg


GROUP = 'watcher_planners.rearrange'

GUARD_ACTIONS = cfg.BoolOpt(
    'guard_actions',
    default=True,
    help='Write actions that verify, before they run, that every action '
    'they depend on has succeeded, and that skip themselves otherwise '
    '(guarded_migrate, guarded_change_nova_service_state). The appliers '
    'need this package for them. If disabled, the plan has the plain '
    'actions of Watcher, in the same order; but Watcher runs an action '
    'although one that it depends on has failed or was skipped, so that '
    'a migration can then find its room still taken.',
)

# A strategy asks before Watcher loads the planner.
cfg.CONF.register_opt(GUARD_ACTIONS, group=GROUP)


def is_on() -> bool:
    """Return what the planner will do."""
    return bool(cfg.CONF[GROUP].guard_actions)
