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

"""Figures that several goals show, so that they read the same in all."""

from __future__ import annotations

from watcher_rearrange.model import plan
from watcher_rearrange.plugin.efficacy.figures import Figure


PEAK = 'peak_utilization_pct'

MIGRATIONS = Figure(
    'migrations',
    'Migrations in the plan, live and cold.',
    'migrations',
    lambda figures: figures.made.path.migrations,
)
LIVE_MIGRATIONS = Figure(
    'live_migrations',
    'Instances moved while they keep running.',
    'migrations',
    lambda figures: figures.count(plan.LIVE_MIGRATE),
)
COLD_MIGRATIONS = Figure(
    'cold_migrations',
    'Instances moved while they are shut off.',
    'migrations',
    lambda figures: figures.count(plan.COLD_MIGRATE),
)
DISPLACEMENTS = Figure(
    'displacements',
    'Migrations to a node that is not the final one, to make room.',
    'migrations',
    lambda figures: figures.made.path.displacements,
)
MEMORY_MOVED_GB = Figure(
    'memory_moved_gb',
    'Memory of the instances that are moved, counted once per migration.',
    'GiB',
    lambda figures: figures.memory_moved_gb,
    whole=False,
)
ESTIMATED_MINUTES = Figure(
    'estimated_minutes',
    'How long the plan is estimated to take.',
    'min',
    lambda figures: figures.estimated_minutes,
    whole=False,
)
HIGHEST_UTILIZATION_BEFORE = Figure(
    'highest_utilization_before_pct',
    'Highest utilization of any node in any resource, before the plan.',
    '%',
    lambda figures: figures.before(PEAK),
    whole=False,
)
HIGHEST_UTILIZATION_AFTER = Figure(
    'highest_utilization_after_pct',
    'Highest utilization of any node in any resource, after the plan.',
    '%',
    lambda figures: figures.after(PEAK),
    whole=False,
)
ACTIVE_NODES_BEFORE = Figure(
    'active_nodes_before',
    'Compute nodes with instances on them, before the plan.',
    'nodes',
    lambda figures: figures.before('active_nodes'),
)
ACTIVE_NODES_AFTER = Figure(
    'active_nodes_after',
    'Compute nodes with instances on them, after the plan.',
    'nodes',
    lambda figures: figures.after('active_nodes'),
)
