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

"""Where a cloud keeps its files, and which ports it listens on."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import pathlib
import shutil
import sys


REGION = 'RegionOne'
# Everybody's: nothing listens outside the loopback interface.
PASSWORD = 'minicloud'

# Offsets from the cloud's first port.
PORTS = (
    'keystone',
    'placement',
    'nova',
    'glance',
    'neutron',
    'watcher',
    'horizon',
    'database',
    'bus',
    'bus_distribution',
    'epmd',
)

# The file that tells a cloud's folder from any other.
MARK = 'cloud.json'
FIRST_PORT = 'first_port'

HERE = pathlib.Path(__file__).parent


@dataclasses.dataclass(frozen=True)
class Layout:
    """The folder and the ports of one cloud.

    :param folder: absolute; holds all that the cloud writes
    :param first_port: of a range as long as :data:`PORTS`
    """

    folder: pathlib.Path
    first_port: int = 15000

    @classmethod
    def find(cls, folder: pathlib.Path) -> Layout | None:
        """Return that of the cloud in a folder, None if there is none."""
        try:
            first_port = json.loads((folder / MARK).read_text())[FIRST_PORT]
        except (KeyError, OSError, TypeError, ValueError):
            return None
        return cls(folder.resolve(), first_port)

    @property
    def etc(self) -> pathlib.Path:
        """Configuration."""
        return self.folder / 'etc'

    @property
    def run(self) -> pathlib.Path:
        """State, process identifiers and sockets."""
        return self.folder / 'run'

    @property
    def log(self) -> pathlib.Path:
        """One file a service."""
        return self.folder / 'log'

    def access_log(self, service: str) -> pathlib.Path:
        """Every request to an API, with the status of the answer."""
        return self.log / f'{service}-access.log'

    def agent_log(self, name: str) -> pathlib.Path:
        """What a service that is no API has to say."""
        return self.log / f'{name}.log'

    @property
    def switches(self) -> pathlib.Path:
        """Files that make parts of the cloud fail, see :mod:`.switches`."""
        return self.folder / 'switches'

    @property
    def bin(self) -> pathlib.Path:
        """Scripts of the environment that everything is installed in."""
        return pathlib.Path(sys.executable).parent

    @property
    def share(self) -> pathlib.Path:
        """Configuration that the services' wheels bring along."""
        return pathlib.Path(sys.prefix) / 'etc'

    @property
    def database_socket(self) -> pathlib.Path:
        """Where the database server is administered."""
        return self.run / 'database.sock'

    @property
    def bus_url(self) -> str:
        """The message bus, as oslo.messaging writes it."""
        return f'rabbit://guest:guest@127.0.0.1:{self.port("bus")}/'

    def port(self, name: str) -> int:
        """Return the port of one of :data:`PORTS`."""
        return self.first_port + PORTS.index(name)

    def url(self, service: str) -> str:
        """Return the address of an API."""
        return f'http://127.0.0.1:{self.port(service)}'

    def database_url(self, database: str) -> str:
        """Return the address of a database, as SQLAlchemy writes it."""
        return (
            f'mysql+pymysql://root@127.0.0.1:{self.port("database")}/'
            f'{database}?charset=utf8'
        )

    @property
    def hosts(self) -> pathlib.Path:
        """The computes, see :mod:`.hosts`."""
        return self.folder / 'hosts.json'

    def make(self) -> None:
        """Create what is not there yet."""
        self.folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps({FIRST_PORT: self.first_port})
        (self.folder / MARK).write_text(text)
        for folder in self._folders():
            folder.mkdir(exist_ok=True)

    def remove(self) -> None:
        """Delete what a cloud made, and the folder unless it holds more."""
        if self.find(self.folder) is None:
            return
        for folder in self._folders():
            if folder.is_dir():
                shutil.rmtree(folder)
        for path in (self.hosts, self.folder / MARK):
            path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            self.folder.rmdir()

    def _folders(self) -> tuple[pathlib.Path, ...]:
        return self.etc, self.run, self.log, self.switches
