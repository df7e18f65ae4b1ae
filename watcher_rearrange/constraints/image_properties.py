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

"""Image properties: node(i) is one that image(i) was made for.

Nova's ImagePropertiesFilter. It compares with what a hypervisor says that it
can run, which nobody else is told. Known are the architecture, the type and
the version of a node's hypervisor: one of the same type as the host can run
the same. What is not known of a node is no obstacle.
"""

from __future__ import annotations

import operator
import re

from collections.abc import Callable
from collections.abc import Mapping

import numpy as np

from watcher_rearrange.model.cluster import Bools
from watcher_rearrange.model.cluster import Cluster
from watcher_rearrange.model.records import ComputeNode
from watcher_rearrange.model.records import Instance


ARCHITECTURE = 'hw_architecture'
TYPE = 'img_hv_type'
MODE = 'hw_vm_mode'
VERSION = 'img_hv_requested_version'
# Nobody is told how many bits a node has.
BITS = 'hw_maxphysaddr_bits'

# As Nova called them before.
LEGACY = {
    'architecture': ARCHITECTURE,
    'hypervisor_type': TYPE,
    'vm_mode': MODE,
    'hypervisor_version_requires': VERSION,
}
NAMES = (ARCHITECTURE, TYPE, MODE, VERSION, BITS)

_ARCHITECTURES = {
    **dict.fromkeys(('i386', 'i486', 'i586', 'x86_32', 'x86_32p'), 'i686'),
    'amd64': 'x86_64',
}
_PREDICATE = re.compile(r'\s*(<=|>=|<|>|!=|==)\s*(\d+(?:\.\d+)*)\s*')
_COMPARE: Mapping[str, Callable[[tuple[int, ...], tuple[int, ...]], bool]] = {
    '<': operator.lt,
    '<=': operator.le,
    '==': operator.eq,
    '>': operator.gt,
    '>=': operator.ge,
    '!=': operator.ne,
}


class ImageProperties:
    """An image's properties against the hypervisors of the nodes."""

    name = 'image_properties'

    def __init__(self, cluster: Cluster) -> None:
        self._nodes = cluster.snapshot.compute_nodes
        self._node_index = cluster.node_index

    def key(
        self, instance: Instance
    ) -> tuple[str, frozenset[tuple[str, str]]] | None:
        """Return the host with what the image asks for, if anything.

        The host is no other than it was: there it may be in any case.
        """
        said = {
            LEGACY[name]: value
            for name, value in instance.image_properties.items()
            if name in LEGACY
        } | {
            name: value
            for name, value in instance.image_properties.items()
            if name in NAMES
        }
        wanted = frozenset(pair for pair in said.items() if pair[1])
        return (instance.host, wanted) if wanted else None

    def permitted(self, instance: Instance) -> Bools:
        """Return bool[n_nodes]: for such images, or the host."""
        found = np.ones(len(self._nodes), dtype=np.bool_)
        key = self.key(instance)
        if key is not None:
            home = self._node_index.get(key[0])
            host = None if home is None else self._nodes[home]
            wanted = dict(key[1])
            found[:] = [
                node is host or _fits(wanted, host, node)
                for node in self._nodes
            ]
        return found


def _fits(
    wanted: Mapping[str, str], host: ComputeNode | None, node: ComputeNode
) -> bool:
    if BITS in wanted or not _has_architecture(node, wanted):
        return False
    if VERSION in wanted and not _is_of_version(node, wanted[VERSION]):
        return False
    if not host or not (TYPE in wanted or MODE in wanted):
        return True
    types = {host.hypervisor_type, node.hypervisor_type}
    return len(types - {''}) < 2


def _has_architecture(node: ComputeNode, wanted: Mapping[str, str]) -> bool:
    if ARCHITECTURE not in wanted or not (node.cpu and node.cpu.arch):
        return True
    has = _canonical(node.cpu.arch)
    asked = _canonical(wanted[ARCHITECTURE])
    return asked == has or (asked, has) == ('i686', 'x86_64')


def _canonical(architecture: str) -> str:
    name = architecture.lower()
    return _ARCHITECTURES.get(name, name)


def _is_of_version(node: ComputeNode, wanted: str) -> bool:
    """Whether a version is as several predicates ask, with commas between.

    What Nova might read in another way is not so.
    """
    version = node.hypervisor_version
    if not version:
        return True
    has: list[int] = []
    while version:
        version, part = divmod(version, 1000)
        has.insert(0, part)
    for text in wanted.split(','):
        predicate = _PREDICATE.fullmatch(text)
        if predicate is None:
            return False
        asked = tuple(map(int, predicate[2].split('.')))
        if not _COMPARE[predicate[1]](_trimmed(has), _trimmed(asked)):
            return False
    return True


def _trimmed(version: tuple[int, ...] | list[int]) -> tuple[int, ...]:
    """Without zeros at the end, which count for nothing."""
    parts = list(version)
    while parts and not parts[-1]:
        parts.pop()
    return tuple(parts)
