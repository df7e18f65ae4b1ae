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

"""Nova's API, which can be told to answer with an error, or late."""

from __future__ import annotations

import json
import os
import pathlib
import re
import time

from collections.abc import Callable
from collections.abc import Iterable
from typing import Any

from nova.wsgi.osapi_compute import application as nova


SWITCH = pathlib.Path(os.environ['MINICLOUD_SWITCHES']) / 'nova-api'


def application(
    environ: dict[str, Any], start_response: Callable[..., Any]
) -> Iterable[bytes]:
    """Serve a request; WSGI."""
    try:
        switch = json.loads(SWITCH.read_text())
    except FileNotFoundError:
        answer: Iterable[bytes] = nova(environ, start_response)
        return answer
    if environ['REQUEST_METHOD'] == switch['method'] and re.search(
        switch['path'], environ['PATH_INFO']
    ):
        time.sleep(switch['delay_s'])
        if switch['status']:
            body = b'{"computeFault": {"code": 500, "message": "switch"}}'
            start_response(
                f'{switch["status"]} Switched',
                [
                    ('Content-Type', 'application/json'),
                    ('Content-Length', str(len(body))),
                ],
            )
            return [body]
    answer = nova(environ, start_response)
    return answer
