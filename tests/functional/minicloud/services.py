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

"""Keystone, Placement, Glance, Nova and Watcher, as an init system does."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence

from tests.functional.minicloud import hosts as host_files
from tests.functional.minicloud import infrastructure
from tests.functional.minicloud import layout as layouts
from tests.functional.minicloud import processes as proc
from tests.functional.minicloud import settings


HOSTED = layouts.HERE / 'hosted'

# In the order of their start.
APIS = ('keystone', 'placement', 'glance', 'neutron', 'nova', 'watcher')
COMPUTE_START_S = 300.0


class Services:
    """The services of one cloud.

    :param layout: where they keep their files
    :param processes: that they become
    """

    def __init__(
        self, layout: layouts.Layout, processes: proc.Processes
    ) -> None:
        """Keep where they go."""
        self._layout = layout
        self._processes = processes

    def start_api(self, name: str) -> None:
        """Start one of :data:`APIS` and wait until it listens."""
        application, environment = self._application(name)
        path = settings.write_gunicorn(self._layout, name, application)
        self._processes.start(
            name,
            [self._layout.bin / 'gunicorn'],
            {
                **environment,
                'GUNICORN_CMD_ARGS': f'-c {path}',
                'PYTHONPATH': str(HOSTED),
            },
        )

    def wait_api(self, name: str) -> None:
        """Wait until an API answers.

        :raises proc.CloudError: if it does not
        """
        url = self._layout.url(name)
        proc.wait_for(
            lambda: proc.answers(url),
            f'{name} to answer at {url}, see {self._layout.log}',
        )

    def start_agent(self, name: str) -> None:
        """Start the conductor, the scheduler or one of Watcher."""
        project = name.partition('-')[0]
        self._processes.start(
            name,
            [
                self._layout.bin / name,
                '--config-file',
                self._layout.etc / project / f'{project}.conf',
                '--log-file',
                self._layout.agent_log(name),
            ],
        )

    def start_computes(self, hosts: Sequence[host_files.Host]) -> None:
        """Start the compute services of some hosts.

        They go into the processes that :func:`.hosts.by_process` says.

        :raises proc.CloudError: if one of these runs
        """
        groups = host_files.by_process(hosts).values()
        self._processes.call(
            [
                self._layout.bin / 'python',
                HOSTED / 'computes.py',
                self._layout.etc / 'nova' / 'compute.conf',
                self._layout.log,
                self._layout.run,
                *(','.join(host.name for host in group) for group in groups),
            ],
            {
                'MINICLOUD_HOSTS': str(self._layout.hosts),
                'MINICLOUD_SWITCHES': str(self._layout.switches),
            },
        )

    def now(self) -> str:
        """Return the time, as :meth:`wait_computes` takes it."""
        return self._sql('SELECT UTC_TIMESTAMP()').strip()

    def wait_computes(self, count: int, since: str) -> None:
        """Wait for so many computes to be up, with their size in Placement.

        A cloud that was kept has both of before: a compute that starts again
        writes its size, and only then reports to be up.

        :param since: when they were started
        :raises proc.CloudError: if they do not
        """
        queries = (
            'SELECT COUNT(DISTINCT resource_provider_id) '
            'FROM placement.inventories',
            'SELECT COUNT(*) FROM nova_cell1.services '
            "WHERE `binary` = 'nova-compute' AND deleted = 0 "
            f"AND COALESCE(last_seen_up, created_at) >= '{since}'",
        )
        proc.wait_for(
            lambda: all(
                int(self._sql(query) or 0) >= count for query in queries
            ),
            f'{count} computes to report, see {self._layout.log}',
            COMPUTE_START_S,
        )

    def discover_computes(self) -> None:
        """Map the computes into Nova's cell."""
        self._processes.call(
            [
                self._layout.bin / 'nova-manage',
                '--config-file',
                self._layout.etc / 'nova' / 'nova.conf',
                'cell_v2',
                'discover_hosts',
            ]
        )

    def synchronize_watcher(self) -> None:
        """Enter the goals and strategies in Watcher's database."""
        self._processes.call(
            [
                self._layout.bin / 'watcher-sync',
                '--config-file',
                self._layout.etc / 'watcher' / 'watcher.conf',
            ]
        )

    def _sql(self, query: str) -> str:
        return infrastructure.execute(self._layout, self._processes, query)

    def _application(self, name: str) -> tuple[str, Mapping[str, str]]:
        etc = self._layout.etc
        if name in ('keystone', 'placement', 'glance'):
            variable = f'OS_{name.upper()}_CONFIG_DIR'
            return f'{name}.wsgi.api:application', {variable: str(etc / name)}
        own = {
            'neutron': {},
            'nova': {
                'OS_NOVA_CONFIG_DIR': str(etc / 'nova'),
                'MINICLOUD_SWITCHES': str(self._layout.switches),
            },
            'watcher': {
                'WATCHER_CONF': str(etc / 'watcher' / 'watcher.conf'),
                'WATCHER_LOG': str(self._layout.log / 'watcher-api.log'),
            },
        }
        module = name if name == 'neutron' else f'{name}_api'
        return f'{module}:application', own[name]
