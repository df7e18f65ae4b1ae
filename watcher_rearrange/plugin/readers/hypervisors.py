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
"""Processors of the compute nodes, as their hypervisors report them."""

from __future__ import annotations

import json

from typing import Any

from watcher_rearrange.model import records
from watcher_rearrange.plugin.readers import api


def read(nova: api.Api) -> dict[str, records.Cpu]:
    """Read what is known of processors.

    :param nova: with a microversion below 2.88, which has them no more
    :returns: by the host of the compute service; without those that report
        none, as Ironic, or a node that has never been up
    :raises api.Unreadable: if hypervisors cannot be read completely
    """
    found: dict[str, records.Cpu] = {}
    for data in nova.pages('/os-hypervisors/detail', 'hypervisors', 'id'):
        with api.understood('Nova cannot be read: hypervisors '):
            cpu = _cpu(data['cpu_info'])
            if cpu is not None:
                found[data['service']['host']] = cpu
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
        features=tuple(sorted(map(str, info.get('features') or ()))),
    )


def _text(info: dict[str, Any], key: str) -> str:
    return str(info.get(key) or '')
