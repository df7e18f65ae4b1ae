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

"""Whether Nova migrates live from one hypervisor to another."""

from __future__ import annotations

from collections.abc import Iterator

from watcher_rearrange.checker.cluster import Cluster
from watcher_rearrange.checker.cluster import Instance
from watcher_rearrange.checker.cluster import Node
from watcher_rearrange.checker.violation import Violation


def refused(
    cluster: Cluster, instance: Instance, source: Node, node: Node
) -> Iterator[Violation]:
    """What forbids a live migration from one node to another.

    What is not known of one of them is not judged.
    """
    things = (instance.uuid, node.hostname, source.hostname)
    before, after = (
        one.record.get('hypervisor_type') for one in (source, node)
    )
    if before and after and before != after:
        yield Violation('hypervisor', things, after, before)
    if cluster.any_hypervisor_version:
        return
    old, new = (one.record.get('hypervisor_version') for one in (source, node))
    if old is not None and new is not None and new < old:
        yield Violation(
            'hypervisor', things, f'version {new}', f'version {old} or later'
        )
