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

"""The tables of all services, made side by side."""

from __future__ import annotations

import concurrent.futures
import grp
import os
import pwd

from tests.functional.minicloud import layout as layouts
from tests.functional.minicloud import processes as proc


def create(layout: layouts.Layout, processes: proc.Processes) -> None:
    """Create all tables, and Keystone's keys and first user.

    :raises proc.CloudError: if a service's own command for it fails
    """
    steps = (_nova, _keystone, _others)
    with concurrent.futures.ThreadPoolExecutor(len(steps)) as executor:
        futures = [executor.submit(step, layout, processes) for step in steps]
        for future in futures:
            future.result()


def _nova(layout: layouts.Layout, processes: proc.Processes) -> None:
    manage = [
        layout.bin / 'nova-manage',
        '--config-file',
        layout.etc / 'nova/nova.conf',
    ]
    processes.call([*manage, 'api_db', 'sync'])
    processes.call(
        [
            *manage,
            'cell_v2',
            'map_cell0',
            '--database_connection',
            layout.database_url('nova_cell0'),
        ]
    )
    processes.call([*manage, 'db', 'sync'])
    if 'cell1' in processes.call([*manage, 'cell_v2', 'list_cells']):
        return
    processes.call(
        [
            *manage,
            'cell_v2',
            'create_cell',
            '--name',
            'cell1',
            '--database_connection',
            layout.database_url('nova_cell1'),
            '--transport-url',
            layout.bus_url,
        ]
    )


def _keystone(layout: layouts.Layout, processes: proc.Processes) -> None:
    manage = [
        layout.bin / 'keystone-manage',
        '--config-dir',
        layout.etc / 'keystone',
    ]
    (layout.run / 'keystone').mkdir(exist_ok=True)
    processes.call([*manage, 'db_sync'])
    user = pwd.getpwuid(os.geteuid()).pw_name
    group = grp.getgrgid(os.getegid()).gr_name
    owner = ['--keystone-user', user, '--keystone-group', group]
    processes.call([*manage, 'fernet_setup', *owner])
    urls = [
        word
        for interface in ('admin', 'internal', 'public')
        for word in (
            f'--bootstrap-{interface}-url',
            f'{layout.url("keystone")}/v3',
        )
    ]
    processes.call(
        [
            *manage,
            'bootstrap',
            '--bootstrap-password',
            layouts.PASSWORD,
            '--bootstrap-region-id',
            layouts.REGION,
            *urls,
        ]
    )


def _others(layout: layouts.Layout, processes: proc.Processes) -> None:
    placement = ['--config-dir', layout.etc / 'placement', 'db', 'sync']
    processes.call([layout.bin / 'placement-manage', *placement])
    glance = ['--config-dir', layout.etc / 'glance', 'db_sync']
    processes.call([layout.bin / 'glance-manage', *glance])
    watcher = ['--config-file', layout.etc / 'watcher/watcher.conf']
    command = [layout.bin / 'watcher-db-manage', *watcher, 'upgrade']
    processes.call(command)
