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

"""How Nova is configured, as far as it matters; no API tells it."""

from __future__ import annotations

import dataclasses

from collections.abc import Iterable
from typing import Any

from oslo_config import cfg

from watcher_rearrange.constraints import filters
from watcher_rearrange.constraints.aggregate_extra_specs import SCOPE
from watcher_rearrange.model import records
from watcher_rearrange.plugin import guarding
from watcher_rearrange.plugin import options


EXTRA_SPECS = 'AggregateInstanceExtraSpecsFilter'

SCHEDULER_FILTERS = cfg.ListOpt(
    'scheduler_filters',
    default=[],
    help="The filters that are enabled in Nova's scheduler, as in its "
    '[filter_scheduler] enabled_filters, and of the request filters '
    'require_tenant_aggregate and isolate_aggregates. Of these, plans '
    'respect those that there are rules for. If the list is empty they '
    f'respect all; {EXTRA_SPECS} only where an aggregate of the cloud has '
    'metadata that a flavor asks for, as without any it would refuse every '
    'node. If NUMATopologyFilter is among them, instances with a NUMA '
    'topology stay, unless an audit has move_numa.',
)


SKIP_VERSION_CHECK = cfg.BoolOpt(
    'skip_hypervisor_version_check_on_lm',
    default=False,
    help="As in Nova's [workarounds]: whether it migrates instances live to "
    'hypervisors of an older version, too.',
)

OPTIONS = options.register(SCHEDULER_FILTERS, SKIP_VERSION_CHECK)

SYNC_S = 'scheduler_sync_s'
FOR_ALL = options.register(
    cfg.IntOpt(
        SYNC_S,
        default=records.SCHEDULER_SYNC_S,
        min=0,
        deprecated_group='watcher_actions.guarded_migrate',
        help="How many seconds after a migration Nova's scheduler is sure to "
        'know that the instance has left: a little more than [DEFAULT] '
        'scheduler_instance_sync_interval of Nova. For so long no member of '
        'its anti-affinity group goes to the node that it left. 0 if Nova has '
        'track_instance_changes switched off.',
    )
)


def as_configured(
    snapshot: records.Snapshot, config: Any = None
) -> records.Snapshot:
    """Return a snapshot with what is said of Nova.

    :param config: the options of a strategy; None where there is none
    """
    named = options.value(SCHEDULER_FILTERS.name, config)
    return dataclasses.replace(
        snapshot,
        scheduler_filters=tuple(named) or snapshot.scheduler_filters,
        skip_hypervisor_version_check_on_lm=options.value(
            SKIP_VERSION_CHECK.name, config
        ),
        # Plain actions do not wait.
        scheduler_sync_s=options.value(SYNC_S) if guarding.is_on() else 0,
    )


def assumed(
    instances: Iterable[records.Instance],
    aggregates: Iterable[records.Aggregate],
) -> tuple[str, ...] | None:
    """Return the filters that are enabled if nobody says so; None for all.

    :param aggregates: of the whole cloud
    """
    offered = {key for one in aggregates for key in one.metadata}
    wanted = {
        key.removeprefix(f'{SCOPE}:')
        for instance in instances
        for key in instance.flavor_extra_specs
    }
    if offered & wanted:
        return None
    return tuple(name for name in filters.NAMES if name != EXTRA_SPECS)
