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

"""The HTTP side of the embedded cloud: one WSGI application.

Nova answers under /compute, Placement under /placement, Glance under /image
and Neutron under /network.
"""

from __future__ import annotations

import json
import logging

from collections.abc import Callable
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

from tests.embedded.cloud import Cloud
from tests.embedded.glance import Glance
from tests.embedded.neutron import Neutron
from tests.embedded.nova import Nova
from tests.embedded.placement import Placement
from tests.embedded.service import Request
from tests.embedded.service import Service
from tests.embedded.state import Refused


LOG = logging.getLogger(__name__)


class CloudApi:
    """The WSGI application.

    :param cloud: what it shows and changes
    """

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._services: dict[str, Service] = {
            'compute': Nova(),
            'placement': Placement(),
            'image': Glance(),
            'network': Neutron(),
        }

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        path = environ['PATH_INFO']
        prefix, _slash, rest = path.lstrip('/').partition('/')
        service = self._services.get(prefix)
        if service is None:
            return _send(start_response, 404, None, '')
        status = self._suffer(path)
        if status is not None:
            body = service.error(status, 'The API is broken.')
            return _send(start_response, status, body, '')
        return self._answer(service, environ, rest, start_response)

    def _suffer(self, path: str) -> int | None:
        """Wait while the API hangs; return the status of a broken one."""
        fault = self._cloud.fault
        if fault is None or fault.path not in path:
            return None
        if fault.hang_s:
            self._cloud.mended.wait(fault.hang_s)
        return fault.status

    def _answer(
        self,
        service: Service,
        environ: dict[str, Any],
        path: str,
        start_response: Callable[..., Any],
    ) -> Iterable[bytes]:
        version = ''
        try:
            request = self._request(service, environ, path)
            major, minor = request.microversion
            version = f'{service.name} {major}.{minor}'
            status, body = service.answer(request)
        except Refused as refused:
            status = refused.code
            body = service.error(status, refused.message)
        except Exception as error:
            LOG.exception('The embedded cloud failed')
            status, body = 500, service.error(500, repr(error))
        return _send(start_response, status, body, version)

    def _request(
        self, service: Service, environ: dict[str, Any], path: str
    ) -> Request:
        prefix = environ['PATH_INFO'].split('/')[1]
        raw = environ['wsgi.input'].read()
        return Request(
            cloud=self._cloud,
            method=environ['REQUEST_METHOD'],
            url=f'http://{environ["HTTP_HOST"]}/{prefix}',
            path='/' + path,
            query=dict(parse_qsl(environ['QUERY_STRING'])),
            body=json.loads(raw) if raw else None,
            microversion=service.version(_asked_version(service, environ)),
        )


def _asked_version(service: Service, environ: dict[str, Any]) -> str:
    asked = environ.get('HTTP_OPENSTACK_API_VERSION', '')
    for item in asked.split(','):
        name, _space, version = item.strip().partition(' ')
        if name == service.name:
            return version
    return ''


def _send(
    start_response: Callable[..., Any], status: int, body: Any, version: str
) -> Iterable[bytes]:
    headers = [('Content-Type', 'application/json')]
    if version:
        headers.append(('OpenStack-API-Version', version))
        headers.append(('Vary', 'OpenStack-API-Version'))
    start_response(f'{status} {HTTPStatus(status).phrase}', headers)
    return [] if body is None else [json.dumps(body).encode()]
