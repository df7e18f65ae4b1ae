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

"""Measured load, read from Watcher's datasource."""

from __future__ import annotations

import dataclasses

from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

from oslo_log import log
from watcher.decision_engine.model import element

from watcher_rearrange.model import records
from watcher_rearrange.plugin.readers import watcher_model


LOG = log.getLogger(__name__)

# The metric of each load that can be balanced.
METRICS = {'cpu_pct': 'instance_cpu_usage', 'memory_mb': 'instance_ram_usage'}

# States in which an instance has a load.
RUNNING = frozenset({'active', 'resized', 'rescued'})

# What Watcher's datasources say of themselves.
AVAILABLE = 'available'

# Reading stops when, after so many, most have no measurement: every failing
# query is repeated for seconds, for each of thousands of instances.
FIRST_LOOK = 5


class NoMetrics(Exception):
    """The datasource has no metrics to plan with."""


@dataclasses.dataclass
class _Tally:
    asked: int = 0
    missing: int = 0

    @property
    def hopeless(self) -> bool:
        return self.asked >= FIRST_LOOK and 2 * self.missing > self.asked


def measure(
    reading: watcher_model.Reading,
    elements: Mapping[str, Any],
    backend: Any,
    loads: Sequence[str],
) -> watcher_model.Reading:
    """Add the load of every instance to a snapshot.

    A stopped instance has none. One without a measurement counts as using
    all it has, which is the safe side, and is counted in a message.

    :param elements: the model's instances by UUID
    :param backend: Watcher's datasource
    :param loads: keys of :data:`METRICS`
    :raises NoMetrics: if the datasource does not answer, or most instances
        have no measurement
    """
    if backend.check_availability() != AVAILABLE:
        raise NoMetrics(f'the datasource {backend.NAME} is not available')
    tally = _Tally()
    instances = tuple(
        dataclasses.replace(
            instance,
            load={
                name: _value(instance, elements, backend, name, tally)
                for name in loads
            },
        )
        for instance in reading.snapshot.instances
    )
    if 2 * tally.missing > tally.asked:
        raise NoMetrics(_explain(tally))
    messages = reading.messages
    if tally.missing:
        messages += (f'{_explain(tally)}; these count as fully used',)
    snapshot = dataclasses.replace(reading.snapshot, instances=instances)
    return dataclasses.replace(reading, snapshot=snapshot, messages=messages)


def _explain(tally: _Tally) -> str:
    return (
        f'{tally.missing} of {tally.asked} measurements of instances are '
        'missing in the datasource'
    )


def _value(
    instance: records.Instance,
    elements: Mapping[str, Any],
    backend: Any,
    name: str,
    tally: _Tally,
) -> float:
    if instance.state not in RUNNING:
        return 0.0
    found = elements.get(instance.uuid) or _element(instance)
    value = _query(backend, found, METRICS[name])
    tally.asked += 1
    if value is not None:
        return float(value)
    tally.missing += 1
    if tally.hopeless:
        raise NoMetrics(_explain(tally))
    if name == 'cpu_pct':
        return 100.0
    return float(instance.allocations.get('MEMORY_MB', 0))


def _element(instance: records.Instance) -> element.Instance:
    """An instance that the model lacks, as datasources want it."""
    held = instance.allocations
    return element.Instance(
        uuid=instance.uuid,
        name=instance.name,
        state=instance.state,
        vcpus=held.get('VCPU', 0) + held.get('PCPU', 0),
        memory=held.get('MEMORY_MB', 0),
        disk=held.get('DISK_GB', 0),
    )


def _query(backend: Any, instance: Any, metric: str) -> float | None:
    try:
        value: float | None = backend.statistic_aggregation(
            resource=instance, resource_type='instance', meter_name=metric
        )
    except Exception as error:
        # A datasource raises whatever its client raises.
        LOG.warning('No %s of instance %s: %s', metric, instance.uuid, error)
        return None
    return value
