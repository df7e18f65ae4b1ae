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

"""Things that the tests of the plugin are made of."""

from __future__ import annotations

import unittest
import uuid

from typing import Any
from unittest import mock

from watcher.common import exception
from watcher.common import nova_helper
from watcher.decision_engine.model import element
from watcher.decision_engine.model import model_root

from watcher_rearrange.model import plan
from watcher_rearrange.model import records
from watcher_rearrange.plugin.readers import cloud


def trust_the_model(test: unittest.TestCase) -> None:
    """Let Nova and Placement say what the model of a test says."""
    patcher = mock.patch.object(
        cloud, 'add', side_effect=lambda read, all_images=False: read
    )
    patcher.start()
    test.addCleanup(patcher.stop)


def uuid_of(name: str) -> str:
    """Return the same UUID for the same name."""
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, name))


def node_element(hostname: str, **fields: Any) -> element.ComputeNode:
    given = {
        'uuid': uuid_of(hostname),
        'hostname': hostname,
        'status': 'enabled',
        'state': 'up',
        'disabled_reason': None,
        'vcpus': 16,
        'vcpu_reserved': 0,
        'vcpu_ratio': 2.0,
        'memory': 65536,
        'memory_mb_reserved': 1024,
        'memory_ratio': 1.0,
        'disk': 500,
        'disk_gb_reserved': 0,
        'disk_ratio': 1.0,
    }
    return element.ComputeNode(**{**given, **fields})


def instance_element(name: str, **fields: Any) -> element.Instance:
    given = {
        'uuid': uuid_of(name),
        'name': name,
        'state': 'active',
        'vcpus': 2,
        'memory': 4096,
        'disk': 20,
        'metadata': {},
        'project_id': uuid_of('project'),
        'locked': False,
    }
    return element.Instance(**{**given, **fields})


def model(
    nodes: list[element.ComputeNode],
    instances: dict[str, list[element.Instance]],
) -> model_root.ModelRoot:
    """Return a model; instances by the hostname they are on."""
    root = model_root.ModelRoot()
    by_name = {node.hostname: node for node in nodes}
    for node in nodes:
        root.add_node(node)
    for hostname, those in instances.items():
        for instance in those:
            root.add_instance(instance)
            root.map_instance(instance, by_name[hostname])
    return root


def snapshot(*hostnames: str, instances: dict[str, str]) -> records.Snapshot:
    """Return a snapshot; instances by name, with their host."""
    return records.Snapshot(
        tuple(
            records.ComputeNode(hostname, {}, uuid=uuid_of(hostname))
            for hostname in hostnames
        ),
        tuple(
            records.Instance(uuid_of(name), host, {}, name=name)
            for name, host in instances.items()
        ),
    )


def move(
    action_id: str,
    name: str,
    ends: tuple[str, str],
    parents: tuple[str, ...] = (),
    **fields: Any,
) -> plan.Action:
    """Return a live migration between two ends."""
    return plan.Action(
        action_id,
        fields.pop('type', plan.LIVE_MIGRATE),
        instance=uuid_of(name),
        source=ends[0],
        destination=ends[1],
        parents=parents,
        **fields,
    )


def server(name: str, host: str, **fields: Any) -> nova_helper.Server:
    given = dict.fromkeys(nova_helper.Server.__dataclass_fields__)
    return nova_helper.Server(
        **{
            **given,
            'uuid': uuid_of(name),
            'name': name,
            'host': host,
            'status': 'ACTIVE',
            **fields,
        }
    )


def service(
    host: str, status: str = 'enabled', state: str = 'up'
) -> nova_helper.Service:
    given = dict.fromkeys(nova_helper.Service.__dataclass_fields__)
    return nova_helper.Service(
        **{
            **given,
            'uuid': uuid_of(f'service {host}'),
            'host': host,
            'status': status,
            'state': state,
        }
    )


class FakeNova:
    """Stands for NovaHelper: what it knows, and what goes wrong.

    :ivar migrates: whether a migration arrives
    :ivar error: raised by every call that changes something
    :ivar running: how many more looks see a migration under way
    """

    def __init__(self, *servers: nova_helper.Server) -> None:
        self.servers = {server.uuid: server for server in servers}
        self.services: list[nova_helper.Service] = []
        self.migrates = True
        self.error: Exception | None = None
        self.running = 0
        self.looks = 0
        self.connection: Any = None

    def find_instance(self, instance_id: str) -> nova_helper.Server:
        if instance_id not in self.servers:
            raise exception.ComputeResourceNotFound(name=instance_id)
        return self.servers[instance_id]

    def get_service_list(self) -> list[nova_helper.Service]:
        return self.services

    def get_compute_node_by_hostname(self, hostname: str) -> Any:
        for found in self.services:
            if found.host == hostname:
                return found
        raise exception.ComputeNodeNotFound(name=hostname)

    def live_migrate_instance(
        self, instance_id: str, dest_hostname: str
    ) -> bool:
        if self.error is not None:
            raise self.error
        if self.migrates:
            old = self.find_instance(instance_id)
            self.servers[instance_id] = server(old.name, dest_hostname)
        return self.migrates

    def _instance_migrate(self, instance_id: str, dest_hostname: str) -> None:
        if self.error is not None:
            raise self.error
        if self.migrates:
            old = self.find_instance(instance_id)
            self.servers[instance_id] = server(
                old.name, dest_hostname, status='VERIFY_RESIZE'
            )

    def confirm_resize(
        self, instance: nova_helper.Server, previous_status: str
    ) -> bool:
        self.servers[instance.uuid] = server(
            instance.name, instance.host, status=previous_status
        )
        return True

    def disable_service_nova_compute(self, hostname: str, reason: str) -> bool:
        if self.error is not None:
            raise self.error
        self.services = [service(hostname, 'disabled')]
        return True

    def get_running_migration(self, instance_id: str) -> list[str]:
        self.looks += 1
        if self.running > 0:
            self.running -= 1
            return ['migration']
        return []
