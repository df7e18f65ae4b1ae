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

"""Horizon with Watcher's panels: one more process of a cloud.

It has an environment of its own, which ``./minicloud horizon`` makes.
"""

from __future__ import annotations

import os
import pathlib

from tests.functional.minicloud import layout as layouts
from tests.functional.minicloud import processes as proc
from tests.functional.minicloud import settings


NAME = 'horizon'
PACKAGES = ('gunicorn', 'openstack_dashboard', 'watcher_dashboard')
START_S = 180.0


def environment() -> pathlib.Path:
    """Return the environment that it is installed in, made or not."""
    return pathlib.Path(
        os.environ.get('MINICLOUD_HORIZON_VENV', '.venv-horizon')
    ).absolute()


def is_installed() -> bool:
    """Return whether its environment is there, with all that it needs."""
    return all(
        any(environment().glob(f'lib/python*/site-packages/{package}'))
        for package in PACKAGES
    )


def start(layout: layouts.Layout, processes: proc.Processes) -> None:
    """Configure it, start it and wait until it shows its first page.

    :raises proc.CloudError: if it is not installed or does not start
    """
    if not is_installed():
        raise proc.CloudError(
            'there is no Horizon; ./minicloud horizon installs it'
        )
    # Horizon imports ``local.local_settings``, by default from among its
    # own files.
    python_path = str(settings.write_horizon(layout))
    (layout.run / NAME / 'sessions').mkdir(parents=True, exist_ok=True)
    for words in (('collectstatic', '--no-input'), ('compress', '--force')):
        processes.call(
            [environment() / 'bin' / 'django-admin', *words, '--verbosity=0'],
            {
                'DJANGO_SETTINGS_MODULE': 'openstack_dashboard.settings',
                'PYTHONPATH': python_path,
            },
        )
    path = settings.write_gunicorn(layout, NAME, 'dashboard:application')
    processes.start(
        NAME,
        [environment() / 'bin' / 'gunicorn'],
        {
            'GUNICORN_CMD_ARGS': f'-c {path}',
            'PYTHONPATH': f'{layouts.HERE / "hosted"}:{python_path}',
        },
    )
    url = f'{layout.url(NAME)}/auth/login/'
    proc.wait_for(
        lambda: proc.answers(url),
        f'Horizon to answer at {url}, see {layout.log}',
        START_S,
    )
