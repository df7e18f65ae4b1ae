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

"""Whether a node is one that the image of an instance was made for."""

from __future__ import annotations

import re

from collections.abc import Iterator
from typing import Any

from watcher_rearrange.checker.cluster import Cluster
from watcher_rearrange.checker.cluster import Instance
from watcher_rearrange.checker.cluster import Node
from watcher_rearrange.checker.violation import Violation


# The present name of a property, and the one that it had before.
ARCHITECTURE = ('hw_architecture', 'architecture')
TYPE = ('img_hv_type', 'hypervisor_type')
MODE = ('hw_vm_mode', 'vm_mode')
VERSION = ('img_hv_requested_version', 'hypervisor_version_requires')

OLD_PC = frozenset('i386 i486 i586 i686 x86_32 x86_32p'.split())


def unfit(
    cluster: Cluster, instance: Instance, node: Node
) -> Iterator[Violation]:
    """What the image asks for and a node is not; its host is anything."""
    if not cluster.enables('ImagePropertiesFilter'):
        return
    home = cluster.nodes.get(instance.record['host'])
    if home is node:
        return
    properties = instance.record.get('image_properties') or {}
    for names, has in (
        (ARCHITECTURE, _architecture(node)),
        (TYPE, _other_type(home, node)),
        (MODE, _other_type(home, node)),
        (VERSION, node.record.get('hypervisor_version')),
        (('hw_maxphysaddr_bits',), 'unknown'),
    ):
        wanted = _asked(properties, names)
        if wanted and has and not _agree(names, wanted, has):
            things = (instance.uuid, node.hostname, names[0])
            yield Violation('image_properties', things, has, wanted)


def _asked(properties: dict[str, str], names: tuple[str, ...]) -> str:
    for name in names:
        if name in properties:
            return properties[name]
    return ''


def _architecture(node: Node) -> str:
    return (node.record.get('cpu') or {}).get('arch') or ''


def _other_type(home: Node | None, node: Node) -> str:
    """The type of a node's hypervisor where that of the host is another."""
    if home is None:
        return ''
    before = home.record.get('hypervisor_type')
    after = node.record.get('hypervisor_type') or ''
    return after if before and before != after else ''


def _agree(names: tuple[str, ...], wanted: str, has: Any) -> bool:
    """Whether what a node has is what is wanted, where both are known."""
    if names is ARCHITECTURE:
        here, there = _pc(has), _pc(wanted)
        return here == there or (here == 'x86_64' and there in OLD_PC)
    if names is VERSION:
        return all(_satisfies(has, text) for text in wanted.split(','))
    return False


def _pc(architecture: str) -> str:
    """One of several names of the same architecture."""
    name = architecture.lower()
    if name in OLD_PC:
        return 'i686'
    return 'x86_64' if name == 'amd64' else name


def _satisfies(version: int, text: str) -> bool:
    match = re.match(r'^\s*([<>=!]{1,2})\s*([0-9.]+)\s*$', text)
    if match is None or '' in match.group(2).split('.'):
        return False
    sign, parts = match.group(1), match.group(2).split('.')
    digits = []
    while version > 0:
        digits.append(version % 1000)
        version //= 1000
    digits.reverse()
    asked = [int(part) for part in parts]
    length = max(len(digits), len(asked))
    digits += [0] * (length - len(digits))
    asked += [0] * (length - len(asked))
    return {
        '<': digits < asked,
        '<=': digits <= asked,
        '==': digits == asked,
        '>=': digits >= asked,
        '>': digits > asked,
        '!=': digits != asked,
    }.get(sign, False)
