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

"""Watcher's configuration: one file, read as the services read theirs."""

from __future__ import annotations

import contextlib

from collections.abc import Iterator
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from oslo_config import cfg
from oslo_log import log
from watcher.common import config
from watcher.common import policy
from watcher.common import rpc


CONF = cfg.CONF

Options = Mapping[str, Mapping[str, Any]]


def default_options(
    database: str, cloud_url: str, max_workers: int
) -> dict[str, dict[str, Any]]:
    """Return the options by section.

    :param database: its URL
    :param cloud_url: where /compute, /placement, /image and /network are
    :param max_workers: the number of actions that the applier runs at once
    """
    return {
        'DEFAULT': {
            'host': 'embedded',
            'transport_url': 'fake:/',
            'enable_authentication': False,
            # One process has one heartbeat for both services: neither may
            # take the other for dead.
            'service_down_time': 86400,
        },
        'database': {'connection': database},
        'nova': {
            'auth_type': 'none',
            'endpoint_override': f'{cloud_url}/compute/v2.1',
            'api_version': '2.96',
            'migration_interval': 0.1,
            'migration_max_retries': 600,
            'http_retries': 2,
            'http_retry_interval': 0.1,
        },
        'placement': {
            'auth_type': 'none',
            'endpoint_override': f'{cloud_url}/placement',
        },
        'glance': {'endpoint_override': f'{cloud_url}/image'},
        'neutron': {'endpoint_override': f'{cloud_url}/network'},
        'watcher_clients_auth': {'auth_type': 'none'},
        'collector': {
            'collector_plugins': 'compute',
            'api_query_max_retries': 2,
            'api_query_interval': 0,
        },
        'compute_model': {'enable_extended_attributes': True},
        'watcher_decision_engine': {'continuous_audit_interval': 1},
        'watcher_workflow_engines.taskflow': {'max_workers': max_workers},
    }


@contextlib.contextmanager
def configured(folder: Path, *layers: Options) -> Iterator[None]:
    """Configure this process, and its message bus, from a file.

    :param folder: receives the file
    :param layers: options by section; a later one wins
    """
    path = folder / 'watcher.conf'
    path.write_text(_render(layers))
    (folder / 'watcher.conf.d').mkdir()
    CONF.reset()
    log.register_options(CONF)
    config.parse_args(
        ['watcher'],
        default_config_files=[str(path)],
        default_config_dirs=[str(folder / 'watcher.conf.d')],
    )
    config.set_lib_defaults()
    try:
        yield
    finally:
        rpc.cleanup()
        policy._ENFORCER = None
        CONF.reset()


def _render(layers: tuple[Options, ...]) -> str:
    merged: dict[str, dict[str, Any]] = {}
    for layer in layers:
        for section, options in layer.items():
            merged.setdefault(section, {}).update(options)
    lines = []
    for section, options in merged.items():
        lines.append(f'[{section}]')
        lines.extend(f'{name} = {value}' for name, value in options.items())
    return '\n'.join(lines) + '\n'
