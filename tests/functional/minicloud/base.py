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

"""A running cloud for every test of it."""

from __future__ import annotations

import os
import pathlib
import unittest

from typing import Any

from tests.functional.minicloud import cloud as clouds
from tests.functional.minicloud import processes as proc
from tests.functional.minicloud import session as sessions
from tests.functional.minicloud import tenant as tenants
from tests.functional.minicloud import truth as truths


class CloudTestCase(unittest.TestCase):
    """Drives the cloud in the folder ``MINICLOUD_FOLDER``.

    The tests run one after the other; each starts with an empty cloud.
    """

    cloud: clouds.Cloud

    @classmethod
    def setUpClass(cls) -> None:
        """Find the cloud.

        :raises proc.CloudError: if none runs
        """
        super().setUpClass()
        folder = os.environ.get('MINICLOUD_FOLDER', '.minicloud')
        cls.cloud = clouds.Cloud.find(pathlib.Path(folder))
        if not cls.cloud.processes.running():
            raise proc.CloudError('no cloud runs; try: ./minicloud up')

    def setUp(self) -> None:
        """Connect the clients and empty the cloud."""
        super().setUp()
        self.session = sessions.Session(self.cloud)
        self.connection = self.session.connection
        self.operator = self.session.operator
        self.tenant = self.session.tenant
        self.reset()
        self.truth = truths.Truth(self.cloud.layout, self.connection)

    def reset(self) -> None:
        """Take everything back: failures, audits, instances, services."""
        self.session.reset()

    def boot(self, *wishes: tenants.Wish) -> dict[str, str]:
        """Boot instances; see :meth:`.Tenant.boot`."""
        return self.tenant.boot(wishes)

    def plan(self, strategy: str, **parameters: Any) -> Any:
        """Run an audit that succeeds and return its action plan."""
        audit = self.operator.audit(strategy, parameters)
        self.assertEqual('SUCCEEDED', audit.state, audit.status_message)
        return self.operator.plan(audit.uuid)

    def hosts(self) -> dict[str, str]:
        """Return where every instance is, by name."""
        return {s.name: s.compute_host for s in self.tenant.servers()}

    def service(self, host: str) -> Any:
        """Return the compute service of a host."""
        (found,) = self.connection.compute.services(
            binary='nova-compute', host=host
        )
        return found

    def assert_clean(self) -> None:
        """Nova refused nothing, every migration did what it should."""
        self.assertEqual([], self.truth.refusals())
        self.assertEqual([], self.truth.overloads())
        bad = [
            migration
            for migration in self.truth.migrations()
            if migration['status'] not in truths.DONE
        ]
        self.assertEqual([], bad)
        self.assert_allocated_where_running()

    def assert_allocated_where_running(self) -> None:
        """Every instance holds its flavor on its host, and nobody else."""
        self.assertEqual([], self.truth.misallocated())
