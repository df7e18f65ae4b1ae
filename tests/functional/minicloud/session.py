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

"""What drives a running cloud: its clients, and the way back to nothing."""

from __future__ import annotations

import time

from collections.abc import Collection

from tests.functional.minicloud import client
from tests.functional.minicloud import cloud as clouds
from tests.functional.minicloud import infrastructure
from tests.functional.minicloud import processes as proc
from tests.functional.minicloud import restrictions
from tests.functional.minicloud import tenant as tenants
from tests.functional.minicloud import truth as truths
from tests.functional.minicloud import watcher


FREE_S = 30.0


class Session:
    """The clients of one cloud.

    :param cloud: that runs
    """

    def __init__(self, cloud: clouds.Cloud) -> None:
        """Connect."""
        self.cloud = cloud
        self.connection = client.connect(cloud.layout)
        self.operator = watcher.Operator(client.watcher(self.connection))
        self.tenant = tenants.Tenant(self.connection)
        self.restrictions = restrictions.Restrictions(self.connection)

    def truth(self) -> truths.Truth:
        """Return what watches Nova and Placement from now on."""
        return truths.Truth(self.cloud.layout, self.connection)

    def reset(self) -> None:
        """Take everything back: failures, audits, instances, services.

        Also zones, aggregates and custom traits of nodes.
        """
        self.cloud.switches.clear()
        for name in self.cloud.missing():
            self.cloud.start(name)
        self._end_cancelling()
        self.operator.clear()
        self.tenant.delete_all()
        self._free()
        self.restrictions.lift()
        compute = self.connection.compute
        for service in compute.services(binary='nova-compute'):
            if service.is_forced_down:
                compute.update_service_forced_down(service, forced=False)
            if service.status == 'disabled':
                compute.enable_service(service)
        proc.wait_for(
            lambda: set(self.states().values()) == {'up'},
            'all computes to be up',
        )

    def _end_cancelling(self) -> None:
        """End the plans whose applier died while they were cancelled.

        Watcher has no other way.
        """
        for plan in self.operator.stuck():
            infrastructure.execute(
                self.cloud.layout,
                self.cloud.processes,
                "UPDATE watcher.action_plans SET state='CANCELLED' "
                f"WHERE uuid='{plan}'",
            )

    def _free(self) -> None:
        """Wait until nobody holds room: an instance is gone before its is.

        What is still held then was lost on the way, as by a service that
        was killed in the middle; ``nova-manage placement audit`` is there
        for these. ``log/lost.log`` tells of them: a test may have lost them.
        """
        truth = self.truth()
        try:
            proc.wait_for(
                lambda: not truth.allocations(), 'free room', FREE_S, 1.0
            )
        except proc.CloudError:
            lost = truth.allocations()
            for consumer in lost:
                self.connection.placement.delete(f'/allocations/{consumer}')
            self._note_lost(lost)

    def _note_lost(self, consumers: Collection[str]) -> None:
        with (self.cloud.layout.log / 'lost.log').open('a') as out:
            out.write(
                f'{time.strftime("%F %T")} deleted the allocations of '
                f'{len(consumers)} consumers: {" ".join(consumers)}\n'
            )

    def states(self) -> dict[str, str]:
        """Return the states of the compute services by host."""
        services = self.connection.compute.services(binary='nova-compute')
        return {service.host: service.state for service in services}
