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

"""What a reduction is."""

from __future__ import annotations

from typing import Protocol
from typing import TypeVar

from watcher_rearrange.model.placement import Placement
from watcher_rearrange.optimizer.problem import Problem


Reduced = TypeVar('Reduced', covariant=True)
Answer = TypeVar('Answer', contravariant=True)


class Reduction(Protocol[Reduced, Answer]):
    """A way to make a problem smaller."""

    def apply(self, problem: Problem, start: Placement) -> Reduced:
        """Return what is left to be solved."""

    def invert(self, start: Placement, answer: Answer) -> Placement:
        """Return the placement of the whole that an answer stands for.

        :param start: that the reduction was applied to
        """
