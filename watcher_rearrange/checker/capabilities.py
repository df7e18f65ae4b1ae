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

"""Whether a node has the capabilities that a flavor asks for."""

from __future__ import annotations

from collections.abc import Iterator

from watcher_rearrange.checker import requirements
from watcher_rearrange.checker.cluster import Cluster
from watcher_rearrange.checker.cluster import Instance
from watcher_rearrange.checker.cluster import Node
from watcher_rearrange.checker.violation import Violation


KNOWN = ('arch', 'vendor', 'model', 'features')


def lacking(
    cluster: Cluster, instance: Instance, node: Node
) -> Iterator[Violation]:
    """What a node lacks or is not known to have; its host lacks nothing."""
    if not cluster.enables('ComputeCapabilitiesFilter'):
        return
    if node.hostname == instance.record['host']:
        return
    specs = instance.record.get('flavor_extra_specs') or {}
    for spec, wanted in specs.items():
        words = spec.split(':')
        if words[0] != 'capabilities' and spec != 'hw:maxphysaddr_bits':
            continue
        if len(words) == 1:
            continue
        has = ''
        if words[:2] == ['capabilities', 'cpu_info'] and len(words) == 3:
            has = _has(node, words[2])
        elif words[0] == 'capabilities' and len(words) == 2:
            has = _of_hypervisor(node, words[1])
        if not has or not requirements.satisfied([has], wanted):
            things = (instance.uuid, node.hostname, spec)
            yield Violation('capabilities', things, has or 'unknown', wanted)


def _of_hypervisor(node: Node, name: str) -> str:
    """The type or the version, as text."""
    if name not in ('hypervisor_type', 'hypervisor_version'):
        return ''
    value = node.record.get(name)
    return '' if value is None else str(value)


def _has(node: Node, name: str) -> str:
    """What is known of the node's processors, as text."""
    value = (node.record.get('cpu') or {}).get(name)
    if not value or name not in KNOWN:
        return ''
    return value if isinstance(value, str) else repr(value)
