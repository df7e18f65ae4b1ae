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


def read(uuids: Iterable[str]) -> dict[str, Image]:
    """Read images, some at a time.

    :returns: by UUID, those that there are: instances outlive their images
    :raises api.Unreadable: if any of it cannot be read
    """
    wanted = sorted(set(uuids))
    if not wanted:
        return {}
    glance = api.Api('Glance', None, lambda: endpoints.connect(GROUP))
    # One at first: all others find the token and the endpoint.
    first = _read(glance, wanted[0])
    others = api.each(lambda uuid: _read(glance, uuid), wanted[1:])
    found = {
        uuid: image
        for uuid, image in zip(wanted, [first, *others], strict=True)
        if image is not None
    }
    LOG.info('Glance: %d of %d images', len(found), len(wanted))
    return found


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
