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

"""A method of planning, and a plan in the form that all are replayed in."""

from __future__ import annotations

import dataclasses

from collections.abc import Callable

from benchmarks import replay
from watcher_rearrange.model import records


CONSOLIDATE = 'consolidate'
REBALANCE = 'rebalance'


@dataclasses.dataclass(frozen=True)
class Planned:
    """A plan in the common form.

    :ivar seconds: CPU time of planning alone, without reading the cluster,
        writing the plan down and checking it
    :ivar guarded: whether an action is skipped when one that it depends on
        did not succeed
    :ivar violations: what our checker says; None for the others' plans
    :ivar failure: why there is no plan
    :ivar timed_out: whether that is because it took too long
    :ivar bound: no placement frees more nodes than this, if that is known
    """

    steps: list[replay.Step]
    seconds: float
    guarded: bool = False
    violations: int | None = None
    failure: str = ''
    timed_out: bool = False
    bound: int | None = None


@dataclasses.dataclass(frozen=True)
class Method:
    """A method by its name and the goal that it serves.

    :ivar plan: of a cluster, a seed and a time limit in seconds
    """

    name: str
    goal: str
    plan: Callable[[records.Snapshot, int, float], Planned]
