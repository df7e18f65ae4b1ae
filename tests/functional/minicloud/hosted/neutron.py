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

"""As much of the Networking API as Nova needs for servers without ports.

Every collection is empty.
"""

from __future__ import annotations

import json
import re

from collections.abc import Callable
from collections.abc import Iterable
from typing import Any


COLLECTION = re.compile(r'/v2\.0/(?P<name>[a-z0-9-]+?)(\.json)?$')


def application(
    environ: dict[str, Any], start_response: Callable[..., Any]
) -> Iterable[bytes]:
    """Serve a request; WSGI."""
    status, document = _answer(environ)
    body = json.dumps(document).encode()
    start_response(
        status,
        [
            ('Content-Type', 'application/json'),
            ('Content-Length', str(len(body))),
        ],
    )
    return [body]


def _answer(environ: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    path = environ['PATH_INFO'].rstrip('/')
    if path == '':
        href = f'http://{environ["HTTP_HOST"]}/v2.0/'
        version = {
            'id': 'v2.0',
            'status': 'CURRENT',
            'links': [{'rel': 'self', 'href': href}],
        }
        return '200 OK', {'versions': [version]}
    if path == '/v2.0':
        return '200 OK', {'resources': []}
    match = COLLECTION.match(path)
    if match and environ['REQUEST_METHOD'] == 'GET':
        return '200 OK', {match['name'].replace('-', '_'): []}
    error = {'type': 'NotFound', 'message': path, 'detail': ''}
    return '404 Not Found', {'NeutronError': error}
