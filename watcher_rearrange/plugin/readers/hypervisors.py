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

"""Hypervisors of the compute nodes, and what they report of processors."""

from __future__ import annotations

import dataclasses
import json

from typing import Any

from watcher_rearrange.model import records
from watcher_rearrange.plugin.readers import api


@dataclasses.dataclass(frozen=True)
class Hypervisor:
    """What runs the guests of a compute node.

    :ivar type: empty if it is not known
    :ivar version: as Nova counts it; None if it is not known
    :ivar cpu: None for those that report none, as Ironic, or a node that has
        never been up
    """

    type: str = ''
    version: int | None = None
    cpu: records.Cpu | None = None


def read(nova: api.Api) -> dict[str, Hypervisor]:
    """Read all hypervisors.

    :param nova: with a microversion below 2.88, which has no processors
    :returns: by the host of the compute service
    :raises api.Unreadable: if they cannot be read completely
    """
    found: dict[str, Hypervisor] = {}
    for data in nova.pages('/os-hypervisors/detail', 'hypervisors', 'id'):
        with api.understood('Nova cannot be read: hypervisors '):
            version = data['hypervisor_version']
            found[data['service']['host']] = Hypervisor(
                data['hypervisor_type'] or '',
                None if version is None else int(version),
                _cpu(data['cpu_info']),
            )
    return found


def _cpu(info: Any) -> records.Cpu | None:
    """Return the processors; before microversion 2.28 they are a text."""
    if isinstance(info, str):
        info = json.loads(info) if info else {}
    if not info:
        return None
    return records.Cpu(
        arch=_text(info, 'arch'),
        vendor=_text(info, 'vendor'),
        model=_text(info, 'model'),
        features=tuple(sorted(map(str, _list(info, 'features')))),
    )


def _list(info: dict[str, Any], key: str) -> list[Any]:
    found = info.get(key)
    return found if isinstance(found, list) else []


def _text(info: dict[str, Any], key: str) -> str:
    return str(info.get(key) or '')
