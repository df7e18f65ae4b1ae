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

"""What a rule is.

Some rules ask only which instance and which node (:class:`NodeRule`), so
they are answered once per class of instances; others ask who else is there
and are answered per placement, as the server groups are.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Protocol

from watcher_rearrange.model.cluster import Bools
from watcher_rearrange.model.records import Instance


class NodeRule(Protocol):
    """A rule on one instance and one node, whatever else is there."""

    name: str

    def key(self, instance: Instance) -> Hashable:
        """Return what the rule looks at; equal keys, equal answers."""

    def permitted(self, instance: Instance) -> Bools:
        """Return bool[n_nodes]: where such an instance may be."""
