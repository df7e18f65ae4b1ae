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

"""Rules of a policy as the server groups that every search knows."""

from __future__ import annotations

from collections.abc import Iterable

from watcher_rearrange.model import records as model


def of_rule(
    name: str, policy: str, members: Iterable[str], most: int = 1
) -> model.ServerGroup:
    """Return the hard group that a rule comes to.

    :param name: of the rule
    :param members: UUIDs
    :param most: how many of them may be on one node, if they are apart
    """
    ordered = tuple(sorted(members))
    return model.ServerGroup(
        f'rule {name}', policy, ordered, '', most, of_policy=True
    )
