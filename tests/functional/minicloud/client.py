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

"""The official clients, as the cloud's administrator."""

from __future__ import annotations

from typing import Any

import openstack

from watcherclient import client as watcherclient

from tests.functional.minicloud import layout as layouts


COMPUTE_VERSION = '2.96'
WATCHER_VERSION = '1.5'


def connect(layout: layouts.Layout) -> openstack.connection.Connection:
    """Return a connection of openstacksdk."""
    return openstack.connect(
        load_yaml_config=False,
        load_envvars=False,
        auth_url=f'{layout.url("keystone")}/v3',
        username='admin',
        password=layouts.PASSWORD,
        project_name='admin',
        user_domain_name='Default',
        project_domain_name='Default',
        region_name=layouts.REGION,
        compute_api_version=COMPUTE_VERSION,
        compute_default_microversion=COMPUTE_VERSION,
        placement_default_microversion='1.39',
    )


def watcher(connection: openstack.connection.Connection) -> Any:
    """Return a client of Watcher for a connection."""
    return watcherclient.get_client(
        '1',
        session=connection.session,
        region_name=layouts.REGION,
        os_infra_optim_api_version=WATCHER_VERSION,
    )
