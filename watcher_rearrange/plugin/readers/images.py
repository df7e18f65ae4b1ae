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
"""Names and properties of images, which Glance has."""

from __future__ import annotations

import dataclasses

from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence

from oslo_log import log

from watcher_rearrange.plugin.readers import api
from watcher_rearrange.plugin.readers import endpoints


LOG = log.getLogger(__name__)

GROUP = 'glance'
OPTIONS = endpoints.register(GROUP)

# What an image has besides its properties.
_FIELDS = frozenset(
    'checksum container_format created_at direct_url disk_format file id '
    'locations min_disk min_ram name os_hash_algo os_hash_value os_hidden '
    'owner protected schema self size status stores tags updated_at '
    'virtual_size visibility'.split()
)


@dataclasses.dataclass(frozen=True)
class Image:
    """An image of Glance.

    :ivar disk_format: empty if it has none
    """

    name: str
    properties: Mapping[str, str]
    disk_format: str = ''


def read(
    uuids: Iterable[str],
) -> tuple[dict[str, Image], list[api.Unreadable]]:
    """Read images, some at a time.

    :returns: by UUID, those that there are: instances outlive their images;
        and why others cannot be read
    """
    wanted = sorted(set(uuids))
    if not wanted:
        return {}, []
    ask = _Asking()
    # One at first: all others find the token and the endpoint.
    answers = [ask(wanted[0]), *api.each(ask, wanted[1:])]
    found = {
        uuid: answer
        for uuid, answer in zip(wanted, answers, strict=True)
        if isinstance(answer, Image)
    }
    LOG.info('Glance: %d of %d images', len(found), len(wanted))
    return found, [one for one in answers if isinstance(one, api.Unreadable)]


def summed_up(errors: Sequence[api.Unreadable]) -> api.Unreadable:
    """Return the first of some errors, with how many there are.

    A plan cannot show one for each of hundreds of images.
    """
    first, *others = errors
    if not others:
        return first
    return api.Unreadable(f'{first} (and {len(others)} other images)')


class _Asking:
    """Asks for one image after the other, until there is no answer."""

    def __init__(self) -> None:
        self._glance = api.Api(
            'Glance', None, lambda: endpoints.connect(GROUP)
        )
        self._silence: api.NoAnswer | None = None

    def __call__(self, uuid: str) -> Image | api.Unreadable | None:
        """Return an image, None if there is none, or why nobody knows."""
        if self._silence is not None:
            return self._silence
        try:
            return _read(self._glance, uuid)
        except api.NoAnswer as error:
            self._silence = error
            return error
        except api.Unreadable as error:
            LOG.warning(error)
            return error


def _read(glance: api.Api, uuid: str) -> Image | None:
    answer = glance.find(f'/images/{uuid}')
    if answer is None:
        return None
    with api.understood(f'Glance cannot be read: {uuid} '):
        return Image(
            answer['name'] or '',
            {
                key: value
                for key, value in answer.items()
                if key not in _FIELDS and isinstance(value, str)
            },
            answer.get('disk_format') or '',
        )
