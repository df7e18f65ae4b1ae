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

"""Tenants: node(i) for no tenant in particular, or for project(i).

Nova's AggregateMultiTenancyIsolation: filter_tenant_id, and keys that begin
so, name the projects that the nodes of an aggregate are for.
"""

from __future__ import annotations

from watcher_rearrange.constraints.aggregates import Metadata
from watcher_rearrange.constraints.aggregates import NodeMetadata
from watcher_rearrange.model.cluster import Bools
from watcher_rearrange.model.records import Instance


TENANT = 'filter_tenant_id'


class AggregateTenants:
    """A project against the projects that the aggregates are for."""

    name = 'aggregate_tenants'

    def __init__(self, metadata: NodeMetadata) -> None:
        self._metadata = metadata
        self._named = {
            project
            for kind in metadata.kinds
            for project in _projects(kind) or ()
        }

    def key(self, instance: Instance) -> str | None:
        """Return the project, if some aggregate is for it."""
        project = instance.project_id
        return project if project in self._named else None

    def permitted(self, instance: Instance) -> Bools:
        """Return bool[n_nodes]: open to the project."""

        def fits(metadata: Metadata) -> bool:
            projects = _projects(metadata)
            return projects is None or instance.project_id in projects

        return self._metadata.where(fits)


def _projects(metadata: Metadata) -> frozenset[str] | None:
    """The projects that metadata name; None if they name none."""
    named = [of for key, of in metadata.items() if key.startswith(TENANT)]
    return frozenset().union(*named) if named else None
