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

"""Configuration of the services, from the files in ``templates``."""

from __future__ import annotations

import pathlib
import shutil
import string

from collections.abc import Mapping

from tests.functional.minicloud import layout as layouts


DATABASES = (
    'keystone',
    'placement',
    'glance',
    'nova_api',
    'nova_cell0',
    'nova_cell1',
    'watcher',
)
TEMPLATES = layouts.HERE / 'templates'

# What an operator sets for this package, see the installation guide.
REARRANGE = """
[compute_model]
enable_extended_attributes = True
"""


def write(layout: layouts.Layout, watcher: str = REARRANGE) -> None:
    """Write the configuration of all services.

    :param watcher: more of Watcher's configuration
    """
    values = {**_values(layout), 'rearrange': watcher}
    etc = layout.etc
    for service, name in (
        ('keystone', 'keystone.conf'),
        ('placement', 'placement.conf'),
        ('glance', 'glance-api.conf'),
        ('rabbitmq', 'rabbitmq.conf'),
        ('watcher', 'watcher.conf'),
        ('', 'openrc'),
    ):
        _write(etc / service / name, render(name, values))
    common = render('nova-common.conf', values)
    for name in ('nova.conf', 'compute.conf'):
        _write(etc / 'nova' / name, common + render(name, values))
    for service, name in (
        ('glance', 'glance-api-paste.ini'),
        ('nova', 'api-paste.ini'),
    ):
        shutil.copy(layout.share / service / name, etc / service / name)


def write_gunicorn(
    layout: layouts.Layout, name: str, application: str
) -> pathlib.Path:
    """Write the settings of an API's server and return where they are."""
    path = layout.etc / 'gunicorn' / f'{name}.py'
    values = {
        'name': name,
        'application': application,
        'port': str(layout.port(name)),
        'log': str(layout.log),
    }
    _write(path, render('gunicorn.conf', values))
    return path


def write_horizon(layout: layouts.Layout) -> pathlib.Path:
    """Write Horizon's settings; return the folder to import them from."""
    folder = layout.etc / 'horizon'
    _write(folder / 'local' / '__init__.py', '')
    _write(
        folder / 'local' / 'local_settings.py',
        render('horizon.conf', _values(layout)),
    )
    return folder


def render(name: str, values: Mapping[str, str]) -> str:
    """Return a template with its places filled."""
    text = (TEMPLATES / name).read_text()
    return string.Template(text).substitute(values)


def _values(layout: layouts.Layout) -> dict[str, str]:
    credentials = (
        'auth_type = password\n'
        f'auth_url = {layout.url("keystone")}/v3\n'
        f'password = {layouts.PASSWORD}\n'
        'project_name = service\n'
        'user_domain_name = Default\n'
        'project_domain_name = Default\n'
    )
    authtoken = (
        f'{credentials}'
        f'www_authenticate_uri = {layout.url("keystone")}/v3\n'
        'service_token_roles = service\n'
        'service_token_roles_required = true\n'
    )
    return {
        'run': str(layout.run),
        'log': str(layout.log),
        'bin': str(layout.bin),
        'bus': layout.bus_url,
        'port_bus': str(layout.port('bus')),
        'region': layouts.REGION,
        'password': layouts.PASSWORD,
        'url_keystone': layout.url('keystone'),
        'credentials': credentials,
        'authtoken': authtoken,
        **{f'db_{name}': layout.database_url(name) for name in DATABASES},
    }


def _write(path: pathlib.Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
