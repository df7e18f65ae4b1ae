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

"""Glance's API, as far as plugins of Watcher use it."""

from __future__ import annotations

from typing import Any

from tests.embedded.documents import uuid_of
from tests.embedded.service import Request
from tests.embedded.service import Service
from tests.embedded.state import Refused


class Glance(Service):
    """It has the one image that all servers were booted from."""

    name = 'image'

    def register(self) -> None:
        self.route('GET', '/', _versions)
        self.route('GET', '/v2/images/*', _image)

    def error(self, code: int, message: str) -> Any:
        # Glance says it in HTML.
        return f'<html>{code} {message}</html>'


def _versions(request: Request) -> tuple[int, Any]:
    links = [{'rel': 'self', 'href': f'{request.url}/v2/'}]
    version = {'id': 'v2.17', 'status': 'CURRENT', 'links': links}
    return 200, {'versions': [version]}


def _image(request: Request, uuid: str) -> tuple[int, Any]:
    if uuid != uuid_of('image'):
        raise Refused(404, f'No image found with ID {uuid}')
    return 200, {
        'id': uuid,
        'name': 'image',
        'status': 'active',
        'visibility': 'public',
        'tags': [],
        'min_disk': 0,
        'protected': False,
    }
