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

"""Nova's fake virt driver, with sizes, time and failures.

Nova loads drivers from the package nova.virt alone, so that the launcher of
the computes adds this folder to that package's path.
"""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import time
import uuid

from typing import Any

from nova import exception
from nova.compute import power_state
from nova.virt import fake
from nova.virt import hardware


def _hosts() -> dict[str, dict[str, Any]]:
    text = pathlib.Path(os.environ['MINICLOUD_HOSTS']).read_text()
    hosts: dict[str, dict[str, Any]] = json.loads(text)
    return hosts


class Driver(fake.FakeDriver):
    """A hypervisor of the size that the cloud's file of hosts says.

    Options of Nova would do for one compute a process only.
    """

    def init_host(self, host: str) -> None:
        """Take the size of this host."""
        self._size = _hosts()[host]
        self.vcpus = self._size['vcpus']
        self.memory_mb = self._size['memory_mb']
        self.local_gb = self._size['local_gb']
        super().init_host(host)
        self.resources = fake.Resources(
            self.vcpus, self.memory_mb, self.local_gb
        )

    def get_available_resource(self, nodename: str) -> dict[str, Any]:
        """Keep a node's identity over restarts, which Nova's own does not."""
        resources: dict[str, Any] = super().get_available_resource(nodename)
        if resources:
            resources['uuid'] = _identity(nodename)
        return resources

    def get_nodenames_by_uuid(self, refresh: bool = False) -> dict[str, str]:
        """Return the nodes by identity."""
        return {_identity(node): node for node in self._nodes}

    def update_provider_tree(
        self, provider_tree: Any, nodename: str, allocations: Any = None
    ) -> None:
        """Report the host's ratios and reserves."""
        super().update_provider_tree(provider_tree, nodename, allocations)
        inventory = provider_tree.data(nodename).inventory
        size = self._size
        own = {
            'VCPU': ('cpu', size['reserved_host_cpus']),
            'MEMORY_MB': ('ram', size['reserved_host_memory_mb']),
            'DISK_GB': ('disk', -(-size['reserved_host_disk_mb'] // 1024)),
        }
        for resource_class, (name, reserved) in own.items():
            inventory[resource_class].update(
                reserved=reserved,
                allocation_ratio=size[f'{name}_allocation_ratio'],
            )
        provider_tree.update_inventory(nodename, inventory)

    def get_info(self, instance: Any, use_cache: bool = True) -> Any:
        """Let instances survive a restart of the compute service."""
        if instance.uuid in self.instances:
            return super().get_info(instance, use_cache)
        state = instance.power_state
        return hardware.InstanceInfo(
            state=power_state.RUNNING if state is None else state
        )

    def live_migration(
        self,
        context: Any,
        instance: Any,
        dest: str,
        post_method: Any,
        recover_method: Any,
        block_migration: bool = False,
        migrate_data: Any = None,
    ) -> None:
        """Take some time, then succeed unless told to fail."""
        time.sleep(_seconds(instance.uuid, self._size['live_migration_s']))
        if _is_set(f'fail-{instance.uuid}'):
            recover_method(context, instance, dest, migrate_data)
            return
        post_method(context, instance, dest, block_migration, migrate_data)

    def post_live_migration(
        self,
        context: Any,
        instance: Any,
        block_device_info: Any,
        migrate_data: Any = None,
    ) -> None:
        """Let go of the instance, which Nova's own does not."""
        self.destroy(
            context,
            instance,
            network_info=None,
            block_device_info=block_device_info,
        )

    def migrate_disk_and_power_off(
        self, context: Any, instance: Any, *args: Any, **fields: Any
    ) -> Any:
        """Cold migrate after some time, unless told to fail."""
        time.sleep(_seconds(instance.uuid, 0.0))
        if _is_set(f'fail-{instance.uuid}'):
            raise exception.InstanceFaultRollback(
                exception.MigrationError(reason='switched to fail')
            )
        return super().migrate_disk_and_power_off(
            context, instance, *args, **fields
        )

    def get_host_uptime(self) -> str:
        """Return what Nova shows of a hypervisor."""
        return 'up'

    def unfilter_instance(self, instance: Any, network_info: Any) -> None:
        """Do nothing; Nova asks for it on a host that was restarted."""


def _identity(nodename: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, f'{nodename}.minicloud'))


def _switch(name: str) -> pathlib.Path:
    return pathlib.Path(os.environ['MINICLOUD_SWITCHES']) / name


def _is_set(name: str) -> bool:
    return _switch(name).exists()


def _seconds(instance: str, default: float) -> float:
    with contextlib.suppress(FileNotFoundError):
        return float(_switch(f'slow-{instance}').read_text())
    return default
