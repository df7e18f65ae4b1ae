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

"""A cluster after a plan was carried out in full."""

from __future__ import annotations

import dataclasses

from watcher_rearrange.model import plan as plans
from watcher_rearrange.model import records


def apply(snapshot: records.Snapshot, plan: plans.Plan) -> records.Snapshot:
    """Return the snapshot with everything done that the plan says."""
    host = {i.uuid: i.host for i in snapshot.instances}
    changed: dict[str, plans.Action] = {}
    for action in plan.actions:
        if action.is_migration:
            host[action.instance] = action.destination
        else:
            changed[action.node] = action
    return dataclasses.replace(
        snapshot,
        compute_nodes=tuple(
            _switched(node, changed[node.hostname])
            if node.hostname in changed
            else node
            for node in snapshot.compute_nodes
        ),
        instances=tuple(
            dataclasses.replace(i, host=host[i.uuid])
            for i in snapshot.instances
        ),
    )


def _switched(
    node: records.ComputeNode, action: plans.Action
) -> records.ComputeNode:
    if action.type == plans.ENABLE_SERVICE:
        return dataclasses.replace(
            node, status=records.ENABLED, disabled_reason=None
        )
    return dataclasses.replace(
        node, status=records.DISABLED, disabled_reason=action.reason
    )
