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

"""The database server and the message bus."""

from __future__ import annotations

import os

from tests.functional.minicloud import layout as layouts
from tests.functional.minicloud import processes as proc
from tests.functional.minicloud import settings


DATABASE = 'database'
BUS = 'bus'
EPMD = 'epmd'
# In the order of their start.
NAMES = (EPMD, DATABASE, BUS)

RABBITMQ = '/usr/lib/rabbitmq/bin/rabbitmq-server'
MARIADB = '/usr/sbin/mariadbd'


def missing() -> list[str]:
    """Return the system packages that are needed and not there."""
    needed = {'mariadb-server': MARIADB, 'rabbitmq-server': RABBITMQ}
    return [name for name, path in needed.items() if not os.path.exists(path)]


def start(layout: layouts.Layout, processes: proc.Processes) -> None:
    """Start both and create the databases."""
    start_one(layout, processes, EPMD)
    # Side by side.
    _start_bus(layout, processes)
    start_one(layout, processes, DATABASE)
    _wait_port(layout, BUS)
    execute(
        layout,
        processes,
        ''.join(
            f'CREATE DATABASE IF NOT EXISTS {name};'
            for name in settings.DATABASES
        ),
    )


def start_one(
    layout: layouts.Layout, processes: proc.Processes, name: str
) -> None:
    """Start one of :data:`NAMES` and wait until it listens."""
    starts = {DATABASE: _start_database, BUS: _start_bus, EPMD: _start_epmd}
    starts[name](layout, processes)
    _wait_port(layout, name)


def execute(
    layout: layouts.Layout, processes: proc.Processes, statements: str
) -> str:
    """Execute SQL and return the rows, tab separated."""
    return processes.call(
        [
            'mariadb',
            '--no-defaults',
            '--user=root',
            f'--socket={layout.database_socket}',
            '--skip-column-names',
            f'--execute={statements}',
        ]
    )


def _wait_port(layout: layouts.Layout, name: str) -> None:
    port = layout.port(name)
    proc.wait_for(
        lambda: proc.is_listening(port),
        f'the {name} to listen on port {port}, see {layout.log}',
    )


def _start_database(layout: layouts.Layout, processes: proc.Processes) -> None:
    data = layout.run / 'mariadb'
    # The server refuses to run as root unless told to.
    user = ['--user=root'] if os.geteuid() == 0 else []
    if not data.is_dir():
        processes.call(
            [
                'mariadb-install-db',
                '--no-defaults',
                *user,
                f'--datadir={data}',
                '--auth-root-authentication-method=normal',
                '--skip-test-db',
            ]
        )
    processes.start(
        DATABASE,
        [
            MARIADB,
            '--no-defaults',
            *user,
            f'--datadir={data}',
            f'--socket={layout.database_socket}',
            f'--pid-file={layout.run}/mariadb.own',
            f'--port={layout.port(DATABASE)}',
            '--bind-address=127.0.0.1',
            '--max-connections=1000',
            '--character-set-server=utf8mb3',
            # It may lose all of it when the machine dies.
            '--skip-log-bin',
            '--innodb-flush-log-at-trx-commit=0',
            '--innodb-doublewrite=0',
            '--innodb-buffer-pool-size=128M',
        ],
    )


def _epmd(layout: layouts.Layout) -> dict[str, str]:
    return {
        'HOME': str(layout.run / 'rabbitmq'),
        'ERL_EPMD_ADDRESS': '127.0.0.1',
        'ERL_EPMD_PORT': str(layout.port(EPMD)),
    }


def _start_epmd(layout: layouts.Layout, processes: proc.Processes) -> None:
    """Start what Erlang would start itself, to outlive the bus."""
    (layout.run / 'rabbitmq').mkdir(exist_ok=True)
    processes.start(EPMD, ['epmd'], _epmd(layout))


def _start_bus(layout: layouts.Layout, processes: proc.Processes) -> None:
    home = layout.run / 'rabbitmq'
    processes.start(
        BUS,
        [RABBITMQ],
        {
            **_epmd(layout),
            'RABBITMQ_NODENAME': f'minicloud{layout.first_port}@localhost',
            'RABBITMQ_CONFIG_FILE': f'{layout.etc}/rabbitmq/rabbitmq',
            'RABBITMQ_CONF_ENV_FILE': '/dev/null',
            'RABBITMQ_MNESIA_BASE': f'{home}/mnesia',
            'RABBITMQ_LOG_BASE': f'{layout.log}/rabbitmq',
            'RABBITMQ_PID_FILE': f'{home}/own',
            'RABBITMQ_ENABLED_PLUGINS_FILE': f'{home}/enabled_plugins',
            'RABBITMQ_NODE_IP_ADDRESS': '127.0.0.1',
            'RABBITMQ_DIST_PORT': str(layout.port('bus_distribution')),
            'RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS': (
                '-kernel inet_dist_use_interface {127,0,0,1} +S 2:2 +sbwt none'
            ),
        },
    )
