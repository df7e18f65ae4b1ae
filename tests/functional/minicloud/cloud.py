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

import pathlib
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
NOVA = ('nova-conductor', 'nova-scheduler')
WATCHER = ('watcher-decision-engine', 'watcher-applier')
# What an agent writes into its log when it is ready.
READY = {
    **{name: f'Starting {name.removeprefix("nova-")} node' for name in NOVA},
    **dict.fromkeys(WATCHER, WATCHER_READY),
}


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
        layout = layouts.Layout.find(folder)
        if layout is None:
            raise proc.CloudError(f'there is no cloud in {folder}')
        return cls(layout)

    @property
    def hosts(self) -> list[host_files.Host]:
        """The computes that it was started with."""
        return host_files.read(self.layout.hosts)

    def up(
        self,
        hosts: Sequence[host_files.Host],
        watcher: str = settings.REARRANGE,
        say: Callable[[str], None] = lambda line: None,
    ) -> None:
        """Start everything, or leave nothing running.

        :param watcher: more of Watcher's configuration
        :param say: told every step and its seconds
        :raises proc.CloudError: if something is missing, runs already or
            does not start
        """
        # Outside: a cloud that runs already is not to be ended.
        self._check()
        try:
            self._up(hosts, watcher, say)
        except BaseException:
            self.down()
            raise

    def _up(
        self,
        hosts: Sequence[host_files.Host],
        watcher: str,
        say: Callable[[str], None],
    ) -> None:
        self.layout.make()
        host_files.write(self.layout.hosts, hosts)
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
        self.processes.stop(running.difference(infrastructure.NAMES))
        self.processes.stop([infrastructure.BUS, infrastructure.DATABASE])
        self.processes.stop([infrastructure.EPMD])

    def remove(self) -> None:
        """End everything and delete what it made."""
        self.down()
        self.layout.remove()

    def start_watcher(self) -> None:
        """Start Watcher, its database brought up to date first."""
        self.services.synchronize_watcher()
        self.services.start_api('watcher')
        self._start_agents(WATCHER)
        self.services.wait_api('watcher')

    def start(self, name: str) -> None:
        """Start a process again.

        :param name: as :meth:`.Processes.running` has it
        :raises proc.CloudError: if there is no such process, or it runs
        """
        if name in self.processes.running():
            raise proc.CloudError(f'{name} runs already')
        computes = host_files.by_process(self.hosts)
        if name in infrastructure.NAMES:
            infrastructure.start_one(self.layout, self.processes, name)
        elif name in services.APIS:
            self.services.start_api(name)
            self.services.wait_api(name)
        elif name in READY:
            self._start_agents([name])
        elif name == dashboard.NAME:
            dashboard.start(self.layout, self.processes)
        elif name in computes:
            self.services.start_computes(computes[name])
        else:
            raise proc.CloudError(f'there is no process {name}')

    def missing(self) -> list[str]:
        """Return the processes that should run and do not."""
        wanted = [
            *infrastructure.NAMES,
            *services.APIS,
            *READY,
            *host_files.by_process(self.hosts),
        ]
        running = self.processes.running()
        return [name for name in wanted if name not in running]

    def _start_agents(self, names: Sequence[str]) -> None:
        """Start agents and wait until they have cleared up.

        Those of Watcher cancel what was under way when they ended, and would
        do so with what begins meanwhile.
        """
        seen = {name: self._log_size(name) for name in names}
        for name in names:
            self.services.start_agent(name)
        for name, since in seen.items():
            self._wait_log(name, READY[name], since)

    def _log_size(self, name: str) -> int:
        log = self.layout.agent_log(name)
        return log.stat().st_size if log.exists() else 0

    def _wait_log(self, name: str, text: str, since: int) -> None:
        """Wait until an agent has written something.

        :param since: where to look from, in bytes: the log may be of before
        """
        log = self.layout.agent_log(name)

        def is_written() -> bool:
            if not log.exists():
                return False
            with log.open(errors='replace') as lines:
                lines.seek(since)
                return text in lines.read()

        proc.wait_for(is_written, f'{name}, see {log}', AGENT_S)

    def _check(self) -> None:
        """Look for what is in the way, before anything is changed."""
        layout = self.layout
        if self.processes.running():
            raise proc.CloudError(f'a cloud runs in {layout.folder} already')
        self._check_folder()
        taken = [
            str(layout.port(name))
            for name in layouts.PORTS
            if proc.is_listening(layout.port(name))
        ]
        if taken:
            raise proc.CloudError(
                f'ports {", ".join(taken)} are taken by something else'
            )
        if missing := infrastructure.missing():
            raise proc.CloudError(
                f'{" and ".join(missing)} missing; try: apt-get install '
                f'--no-install-recommends {" ".join(missing)}'
            )

    def _check_folder(self) -> None:
        folder = self.layout.folder
        kept = layouts.Layout.find(folder)
        # Its catalogue and its cell hold addresses.
        if kept and kept.first_port != self.layout.first_port:
            raise proc.CloudError(
                f'the cloud in {folder} has the ports from {kept.first_port}'
            )
        if kept is None and folder.exists() and any(folder.iterdir()):
            raise proc.CloudError(
                f'{folder} is not empty and holds no cloud; try another'
            )

    def _start_infrastructure(self) -> None:
        infrastructure.start(self.layout, self.processes)

    def _start_shared(self) -> None:
        for name in ('keystone', 'placement', 'glance', 'neutron'):
            self.services.start_api(name)
        self.services.wait_api('keystone')

    def _start_nova(self, hosts: Sequence[host_files.Host]) -> None:
        self.services.start_api('nova')
        # A compute that finds no conductor gives up for a minute.
        self._start_agents(NOVA)
        since = self.services.now()
        self.services.start_computes(hosts)
        self.services.wait_computes(len(hosts), since)
        self.services.discover_computes()
        self.services.wait_api('nova')
