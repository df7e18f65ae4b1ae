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

"""Answers recorded from a real cloud, and a stand-in for its APIs.

Recorded: instance a waits for its resize from cmp01 to cmp06 to be
confirmed, b migrates live from cmp01 to cmp03, c is stopped and d locked,
both on cmp02. The image, processors and traits are those of another real
cloud; server groups, aggregates and ports are made up after the schemas of
the services' answers.
"""

from __future__ import annotations

import json
import pathlib

from typing import Any
from urllib import parse


Document = dict[str, Any]

RECORDED: Document = json.loads(
    (pathlib.Path(__file__).parent / 'recorded.json').read_text()
)
UUIDS = {server['name']: server['id'] for server in RECORDED['servers']}
SERVERS = '/servers/detail'

# By path: the key of a list, and of what marks its pages.
_WHOLE = {'/os-services': 'services', '/os-aggregates': 'aggregates'}
_PAGED = {
    SERVERS: ('servers', 'id'),
    '/os-migrations': ('migrations', 'uuid'),
    '/os-hypervisors/detail': ('hypervisors', 'id'),
    '/ports': ('ports', 'id'),
}


class Answer:
    """What keystoneauth returns for a request."""

    def __init__(self, status_code: int, text: str) -> None:
        self.status_code = status_code
        self.text = text
        self.headers: dict[str, str] = {}

    def json(self) -> Any:
        return json.loads(self.text)


class Adapter:
    """Answers as the recorded cloud; a page has two items.

    :ivar troubles: what the next requests of a path get in place of the
        answer: an exception, a status, or a text
    :ivar asked: the paths so far, with their queries
    """

    def __init__(self) -> None:
        self.document: Document = json.loads(json.dumps(RECORDED))
        self.troubles: dict[str, list[Any]] = {}
        self.asked: list[str] = []

    def get(self, path: str, **given: Any) -> Answer:
        self.asked.append(path)
        place, _mark, query = path.partition('?')
        for part, troubles in self.troubles.items():
            if part in place and troubles:
                trouble = troubles.pop(0)
                if isinstance(trouble, Exception):
                    raise trouble
                if isinstance(trouble, int):
                    return Answer(trouble, '{}')
                return Answer(200, trouble)
        status, body = self._answer(place, dict(parse.parse_qsl(query)))
        return Answer(status, json.dumps(body))

    def _answer(self, place: str, query: Document) -> tuple[int, Any]:
        document = self.document
        if place == '/':
            return 200, {'versions': []}
        if place in _WHOLE:
            return 200, {_WHOLE[place]: document[_WHOLE[place]]}
        if place in _PAGED:
            key, marker = _PAGED[place]
            found = document[key]
            if query.get('marker', '') not in {
                '',
                *(x[marker] for x in found),
            }:
                return (404 if key == 'ports' else 400), {}
            if 'status' in query:
                found = [x for x in found if x['status'] == query['status']]
            return 200, _page(key, found, marker, query)
        if place == '/os-server-groups':
            start = int(query['offset'])
            return 200, {
                'server_groups': document['server_groups'][start : start + 2]
            }
        if place.startswith(('/images/', '/extensions/')):
            return self._one(*place.split('/')[1:])
        return self._provider(place, query)

    def _one(self, kind: str, name: str) -> tuple[int, Any]:
        for one in self.document[kind]:
            if name in (one.get('id'), one.get('alias')):
                return 200, one
        return 404, {}

    def _provider(self, place: str, query: Document) -> tuple[int, Any]:
        providers = self.document['providers']
        if place == '/resource_providers':
            aggregates = set(query.get('member_of', '')[3:].split(','))
            return 200, {
                'resource_providers': [
                    {**provider, 'name': name}
                    for name, provider in providers.items()
                    if query.get('required')
                    in (None, *provider['traits']['traits'])
                    and (
                        'member_of' not in query
                        or aggregates
                        & set(provider['aggregates']['aggregates'])
                    )
                ]
            }
        _, _, uuid, kind = place.split('/')
        for provider in providers.values():
            if provider['uuid'] == uuid:
                return 200, provider[kind]
        return 404, {'errors': []}


def _page(
    key: str, items: list[Document], marker: str, query: Document
) -> Document:
    uuids = [item[marker] for item in items]
    start = uuids.index(query['marker']) + 1 if 'marker' in query else 0
    page = items[start : start + 2]
    body: Document = {key: page}
    if len(page) == 2:
        body[f'{key}_links'] = [{'rel': 'next', 'href': 'not used'}]
    if key == 'ports':
        body.setdefault('ports_links', []).append({'rel': 'previous'})
    return body


def always(trouble: Any) -> list[Any]:
    """Return more troubles than there are tries."""
    return [trouble] * 100
