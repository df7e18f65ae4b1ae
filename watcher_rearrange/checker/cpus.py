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

"""Whether a guest goes on with the processors of another node."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from watcher_rearrange.checker.cluster import Instance
from watcher_rearrange.checker.cluster import Node
from watcher_rearrange.checker.violation import Violation


def incompatible(
    instance: Instance, home: Node, node: Node
) -> Iterator[Violation]:
    """What a node lacks of that on which the guest was started.

    What is not known of one of them is not judged.

    :param home: its host in the snapshot
    """
    had, has = _cpu(home), _cpu(node)
    things = (instance.uuid, node.hostname)
    for key in ('arch', 'vendor'):
        before, after = had.get(key), has.get(key)
        if before and after and before != after:
            yield Violation('cpu', things, f'{key} {after}', before)
    if has.get('features'):
        for feature in had.get('features') or ():
            if feature not in has['features']:
                yield Violation('cpu', things, f'no {feature}', feature)


def _cpu(node: Node) -> dict[str, Any]:
    return node.record.get('cpu') or {}
