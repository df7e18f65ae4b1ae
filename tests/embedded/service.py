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

"""What Nova's and Placement's API have in common."""

from __future__ import annotations

import re

from collections.abc import Callable
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.embedded.cloud import Cloud
from tests.embedded.state import Refused


@dataclass(frozen=True)
class Request:
    """What a handler needs of a request.

    :param url: of the service, without the path
    :param microversion: as a pair of integers
    """

    cloud: Cloud
    method: str
    url: str
    path: str
    query: Mapping[str, str]
    body: Any
    microversion: tuple[int, int]


#: Takes a request and the parts of its path; returns a status and a body.
Handler = Callable[..., tuple[int, Any]]


class Service:
    """The routes of one API, its microversions and its form of errors."""

    #: The name in the header OpenStack-API-Version.
    name = ''
    minimum = (0, 0)
    maximum = (0, 0)

    def __init__(self) -> None:
        self._routes: list[tuple[str, re.Pattern[str], Handler]] = []
        self.register()

    def register(self) -> None:
        """Call `route` for all that the service answers."""
        raise NotImplementedError

    def error(self, code: int, message: str) -> Any:
        """Return the body of an error."""
        raise NotImplementedError

    def route(self, method: str, path: str, handler: Handler) -> None:
        """Let a handler answer a path, in which * is one part."""
        pattern = re.escape(path).replace(r'\*', '([^/]+)')
        self._routes.append((method, re.compile(pattern + '/?'), handler))

    def answer(self, request: Request) -> tuple[int, Any]:
        """Return the status and the body; :raises Refused: for an error."""
        handler, parts = self._find(request)
        return handler(request, *parts)

    def version(self, asked: str) -> tuple[int, int]:
        """:raises Refused: 406 for a microversion that there is not"""
        if asked == 'latest':
            return self.maximum
        if not asked:
            return self.minimum
        major, _point, minor = asked.partition('.')
        version = (int(major), int(minor))
        if not self.minimum <= version <= self.maximum:
            raise Refused(406, f'Version {asked} is not supported by the API.')
        return version

    def _find(self, request: Request) -> tuple[Handler, tuple[str, ...]]:
        methods = set()
        for method, pattern, handler in self._routes:
            match = pattern.fullmatch(request.path)
            if match is None:
                continue
            if method == request.method:
                return handler, match.groups()
            methods.add(method)
        if methods:
            raise Refused(405, 'The method is not allowed for this resource.')
        # Not 404: a reader must see that it is this cloud that is too small.
        raise Refused(
            501,
            f'The embedded cloud does not know {request.method} '
            f'{self.name} {request.path}',
        )
