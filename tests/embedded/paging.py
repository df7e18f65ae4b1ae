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

"""Pages of a list, as Nova gives them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.embedded.service import Request
from tests.embedded.state import Refused


#: The page that Nova gives to who asks for none or for more.
MAX_LIMIT = 1000


def page_of(
    request: Request, items: Sequence[Any], key: str
) -> tuple[list[Any], list[dict[str, str]]]:
    """Return the page that the request asks for, and the link to the next."""
    marker = request.query.get('marker')
    limit = min(int(request.query.get('limit', MAX_LIMIT)), MAX_LIMIT)
    start = 0
    if marker is not None:
        places = [i for i, x in enumerate(items) if getattr(x, key) == marker]
        if not places:
            raise Refused(400, f'marker [{marker}] not found')
        start = places[0] + 1
    page = list(items[start : start + limit])
    # Nova gives a link whenever the page is full, even if it was the last.
    if not page or len(page) < limit:
        return page, []
    query = {**request.query, 'marker': getattr(page[-1], key)}
    text = '&'.join(f'{name}={value}' for name, value in query.items())
    href = f'{request.url}{request.path}?{text}'
    return page, [{'rel': 'next', 'href': href}]


def links_body(name: str, links: list[dict[str, str]]) -> dict[str, Any]:
    """Return the key of the links, if there are any."""
    return {f'{name}_links': links} if links else {}
