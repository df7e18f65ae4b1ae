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

"""What one reading of a document has found so far."""

from __future__ import annotations

from watcher_rearrange.model import errors


class Reading:
    """The problems found, and the names that references may use.

    :ivar problems: ``where: what``, in the order they were found
    :ivar known: the names of each kind of thing ('compute node',
        'instance'); a kind that is not in it could not be read at all, so
        references to it are not judged
    """

    def __init__(self) -> None:
        self.problems: list[str] = []
        self.known: dict[str, set[str]] = {}

    def refuse(self, where: str, what: str) -> None:
        """Note a problem."""
        self.problems.append(f'{where or "document"}: {what}')

    def finish(self) -> None:
        """Raise what was found.

        :raises BadInput: with every problem, each of them once
        """
        if self.problems:
            raise errors.BadInput(tuple(dict.fromkeys(self.problems)))
