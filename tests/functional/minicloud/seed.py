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

"""What an installer enters in a new cloud: users, catalogue, an image."""

from __future__ import annotations

from typing import Any

from tests.functional.minicloud import client
from tests.functional.minicloud import layout as layouts
from tests.functional.minicloud import processes as proc


IMAGE = 'tiny'
USERS = ('nova', 'placement', 'glance', 'neutron', 'watcher')
ROLES = ('admin', 'service')
CATALOGUE = (
    ('nova', 'compute', '/v2.1'),
    ('placement', 'placement', ''),
    ('glance', 'image', ''),
    ('neutron', 'network', ''),
    ('watcher', 'infra-optim', ''),
)


def enter(layout: layouts.Layout) -> None:
    """Enter what is not there yet."""
    connection = client.connect(layout)
    _users(connection.identity)
    _catalogue(layout, connection.identity)
    # A connection keeps the catalogue that it found.
    connection = client.connect(layout)
    proc.wait_for(
        lambda: proc.answers(layout.url('glance')), 'Glance to answer'
    )
    if connection.image.find_image(IMAGE) is None:
        connection.image.create_image(
            name=IMAGE,
            data=bytes(1024),
            disk_format='raw',
            container_format='bare',
            visibility='public',
            wait=False,
            validate_checksum=False,
        )


def _users(identity: Any) -> None:
    project = identity.find_project('service') or identity.create_project(
        name='service', domain_id='default'
    )
    roles = {role.name: role for role in identity.roles()}
    for name in ROLES:
        if name not in roles:
            roles[name] = identity.create_role(name=name)
    for name in USERS:
        user = identity.find_user(name) or identity.create_user(
            name=name,
            password=layouts.PASSWORD,
            domain_id='default',
            default_project_id=project.id,
        )
        for role in ROLES:
            identity.assign_project_role_to_user(project, user, roles[role])


def _catalogue(layout: layouts.Layout, identity: Any) -> None:
    known = {service.type for service in identity.services()}
    for name, kind, path in CATALOGUE:
        if kind in known:
            continue
        service = identity.create_service(name=name, type=kind)
        for interface in ('public', 'internal', 'admin'):
            identity.create_endpoint(
                service_id=service.id,
                interface=interface,
                url=layout.url(name) + path,
                region_id=layouts.REGION,
            )
