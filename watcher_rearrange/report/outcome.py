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

"""What a plan leaves behind."""

from __future__ import annotations

import dataclasses

from collections.abc import Iterable

from watcher_rearrange.model import plan
from watcher_rearrange.model import records


def final_state(
    snapshot: records.Snapshot, result: plan.Plan
) -> records.Snapshot:
    """The snapshot when every action of a plan has succeeded."""
    return state_after(snapshot, result.actions)


def state_after(
    snapshot: records.Snapshot, actions: Iterable[plan.Action]
) -> records.Snapshot:
    """The snapshot when some actions have succeeded, one after another."""
    hosts: dict[str, str] = {}
    services: dict[str, plan.Action] = {}
    for action in actions:
        if action.is_migration:
            hosts[action.instance] = action.destination
        else:
            services[action.node] = action
    return dataclasses.replace(
        snapshot,
        compute_nodes=tuple(
            _switched(node, services[node.hostname])
            if node.hostname in services
            else node
            for node in snapshot.compute_nodes
        ),
        instances=tuple(
            dataclasses.replace(instance, host=hosts[instance.uuid])
            if instance.uuid in hosts
            else instance
            for instance in snapshot.instances
        ),
    )


def _switched(
    node: records.ComputeNode, action: plan.Action
) -> records.ComputeNode:
    if action.type == plan.ENABLE_SERVICE:
        return dataclasses.replace(
            node, status=records.ENABLED, disabled_reason=None
        )
    return dataclasses.replace(
        node, status=records.DISABLED, disabled_reason=action.reason or None
    )
