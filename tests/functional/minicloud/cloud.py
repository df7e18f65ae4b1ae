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

"""A whole cloud: up, down, and single services in between."""

from __future__ import annotations

import json
import pathlib
import shutil
import time

from collections.abc import Callable
from collections.abc import Sequence

from tests.functional.minicloud import dashboard
from tests.functional.minicloud import hosts as host_files
from tests.functional.minicloud import infrastructure
from tests.functional.minicloud import layout as layouts
from tests.functional.minicloud import processes as proc
from tests.functional.minicloud import schemas
from tests.functional.minicloud import seed
from tests.functional.minicloud import services
from tests.functional.minicloud import settings
from tests.functional.minicloud import switches


AGENT_S = 180.0
# The last that an agent of Watcher does when it starts.
WATCHER_READY = 'Starting service monitoring service'
CONDUCTOR_S = 180.0


class Cloud:
    """One cloud in one folder.

    :param layout: its folder and ports
    """

    def __init__(self, layout: layouts.Layout) -> None:
        """Change nothing yet."""
        self.layout = layout
        self.processes = proc.Processes(layout.run, layout.log)
        self.services = services.Services(layout, self.processes)
        self.switches = switches.Switches(layout.switches)

    @classmethod
    def find(cls, folder: pathlib.Path) -> Cloud:
        """Return the cloud of a folder.

        :raises proc.CloudError: if there is none
        """
        path = folder / 'cloud.json'
        try:
            first_port = json.loads(path.read_text())['first_port']
        except FileNotFoundError as error:
            raise proc.CloudError(f'there is no cloud in {folder}') from error
        return cls(layouts.Layout(folder.resolve(), first_port))

    @property
    def hosts(self) -> list[host_files.Host]:
        """The computes that it was started with."""
        return host_files.read(self.layout.folder / 'hosts.json')

    def up(
        self,
        hosts: Sequence[host_files.Host],
        watcher: str = settings.REARRANGE,
        say: Callable[[str], None] = lambda line: None,
    ) -> None:
        """Start everything.

        :param watcher: more of Watcher's configuration
        :param say: told every step and its seconds
        :raises proc.CloudError: if something is missing, runs already or
            does not start
        """
        self._check()
        self.layout.make_folders()
        (self.layout.folder / 'cloud.json').write_text(
            json.dumps({'first_port': self.layout.first_port})
        )
        host_files.write(self.layout.folder / 'hosts.json', hosts)
        settings.write(self.layout, watcher)
        for name, step in (
            ('database and bus', self._start_infrastructure),
            ('schemas', lambda: schemas.create(self.layout, self.processes)),
            ('Keystone, Placement, Glance', self._start_shared),
            ('users and catalogue', lambda: seed.enter(self.layout)),
            ('Nova', lambda: self._start_nova(hosts)),
            ('Watcher', self.start_watcher),
        ):
            began = time.monotonic()
            step()
            say(f'{name:<30}{time.monotonic() - began:6.1f} s')

    def down(self) -> None:
        """End everything, the database and the bus last."""
        running = set(self.processes.running())
        last = {
            infrastructure.DATABASE,
            infrastructure.BUS,
            infrastructure.EPMD,
        }
        self.processes.stop(running - last)
        self.processes.stop([infrastructure.BUS, infrastructure.DATABASE])
        self.processes.stop([infrastructure.EPMD])

    def remove(self) -> None:
        """End everything and delete the folder."""
        self.down()
        shutil.rmtree(self.layout.folder)

    def start_watcher(self) -> None:
        """Start Watcher, its database brought up to date first."""
        self.services.synchronize_watcher()
        self.services.start_api('watcher')
        for name in ('watcher-decision-engine', 'watcher-applier'):
            self.services.start_agent(name)
        self.services.wait_api('watcher')

    def start(self, name: str) -> None:
        """Start a process again.

        :param name: as :meth:`.Processes.running` has it
        :raises proc.CloudError: if there is no such process, or it runs
        """
        if name in self.processes.running():
            raise proc.CloudError(f'{name} runs already')
        if name in services.APIS:
            self.services.start_api(name)
            self.services.wait_api(name)
        elif name.startswith('watcher-'):
            self._start_again(name)
        elif name in services.AGENTS:
            self.services.start_agent(name)
        elif name == dashboard.NAME:
            dashboard.start(self.layout, self.processes)
        elif hosts := self._hosts_of(name):
            self.services.start_computes(hosts)
        else:
            raise proc.CloudError(f'there is no process {name}')

    def missing(self) -> list[str]:
        """Return the processes that should run and do not."""
        first = {}
        for host in self.hosts:
            first.setdefault(host.process, f'compute-{host.name}')
        wanted = [*services.APIS, *services.AGENTS, *first.values()]
        running = self.processes.running()
        return [name for name in wanted if name not in running]

    def _start_again(self, name: str) -> None:
        """Start an agent of Watcher and wait until it has cleared up.

        It cancels what was under way when it ended, and would do so with
        what begins meanwhile.
        """
        log = self.layout.log / f'{name}.log'
        before = log.stat().st_size if log.exists() else 0
        self.services.start_agent(name)

        def is_ready() -> bool:
            if not log.exists():
                return False
            with log.open(errors='replace') as lines:
                lines.seek(before)
                return WATCHER_READY in lines.read()

        proc.wait_for(is_ready, f'{name}, see {log}', AGENT_S)

    def _hosts_of(self, name: str) -> list[host_files.Host]:
        hosts = self.hosts
        first = name.removeprefix('compute-')
        groups = {host.process for host in hosts if host.name == first}
        return [host for host in hosts if host.process in groups]

    def _check(self) -> None:
        if missing := infrastructure.missing():
            raise proc.CloudError(
                f'{" and ".join(missing)} missing; try: apt-get install '
                f'--no-install-recommends {" ".join(missing)}'
            )
        if self.processes.running():
            raise proc.CloudError(
                f'a cloud runs in {self.layout.folder} already'
            )
        taken = [
            str(self.layout.port(name))
            for name in layouts.PORTS
            if proc.is_listening(self.layout.port(name))
        ]
        if taken:
            raise proc.CloudError(
                f'ports {", ".join(taken)} are taken by something else'
            )

    def _start_infrastructure(self) -> None:
        infrastructure.start(self.layout, self.processes)

    def _start_shared(self) -> None:
        for name in ('keystone', 'placement', 'glance', 'neutron'):
            self.services.start_api(name)
        self.services.wait_api('keystone')

    def _start_nova(self, hosts: Sequence[host_files.Host]) -> None:
        self.services.start_api('nova')
        for name in ('nova-conductor', 'nova-scheduler'):
            self.services.start_agent(name)
        # A compute that finds no conductor gives up for a minute.
        self._wait_conductor()
        self.services.start_computes(hosts)
        self.services.wait_computes(len(hosts))
        self.services.discover_computes()
        self.services.wait_api('nova')

    def _wait_conductor(self) -> None:
        log = self.layout.log / 'nova-conductor.log'

        def listens() -> bool:
            return (
                log.exists() and 'Starting conductor node' in log.read_text()
            )

        proc.wait_for(listens, f'the conductor, see {log}', CONDUCTOR_S)
