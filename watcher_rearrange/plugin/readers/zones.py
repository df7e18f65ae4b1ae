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

"""Availability zones of the compute nodes, which only Nova knows."""

from __future__ import annotations

import dataclasses

from oslo_log import log
from watcher.common import nova_helper

from watcher_rearrange.plugin.readers import watcher_model


LOG = log.getLogger(__name__)


def add(reading: watcher_model.Reading) -> watcher_model.Reading:
    """Add the zones to a snapshot in which an instance is pinned to one.

    Without them such an instance stays, as no node is known to be in its
    zone; so it does if Nova does not answer.
    """
    snapshot = reading.snapshot
    if not any(instance.pinned_az for instance in snapshot.instances):
        return reading
    try:
        services = nova_helper.NovaHelper().get_service_list()
    except Exception as error:
        # The client raises errors of its own, of Keystone and of requests.
        LOG.warning('Availability zones cannot be read: %s', error)
        return reading.saying(f'no availability zones are known: {error}')
    zones = {service.host: service.zone for service in services}
    nodes = tuple(
        dataclasses.replace(
            node,
            availability_zone=zones.get(node.hostname)
            or node.availability_zone,
        )
        for node in snapshot.compute_nodes
    )
    return dataclasses.replace(
        reading, snapshot=dataclasses.replace(snapshot, compute_nodes=nodes)
    )
