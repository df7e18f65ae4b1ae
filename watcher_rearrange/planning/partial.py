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

"""As much of a target as can be reached."""

from __future__ import annotations

import dataclasses
import time

from collections.abc import Mapping

from watcher_rearrange.model.records import Snapshot
from watcher_rearrange.model.records import Target
from watcher_rearrange.planning.question import Question
from watcher_rearrange.planning.refusals import Refusal
from watcher_rearrange.planning.refusals import refusals


BLOCKED = 'no path found'
NO_TIME = 'no time left to find a path'


@dataclasses.dataclass(frozen=True)
class Part:
    """A target with a path to it.

    :ivar left: the instances that it leaves where they are, and why
    """

    target: Target
    left: Mapping[str, str]


def reachable(snapshot: Snapshot, target: Target, time_limit_s: float) -> Part:
    """Leave out of a target what cannot be reached, not more than needed.

    Where several instances could be left out, the later ones are; it is not
    sure that nothing larger can be reached.

    :param target: the placement in the order of importance
    """
    deadline = time.monotonic() + time_limit_s
    placement = dict(target.placement)
    left: dict[str, str] = {}
    while placement:
        part = dataclasses.replace(target, placement=placement)
        dropped = _to_drop(Question.of(snapshot, part), deadline)
        if not dropped:
            return Part(part, left)
        for uuid, reason in dropped.items():
            del placement[uuid]
            left[uuid] = reason
    return Part(dataclasses.replace(target, placement={}), left)


def _to_drop(question: Question, deadline: float) -> dict[str, str]:
    """Whom to leave out next, and why; empty if there is a path."""
    if time.monotonic() >= deadline:
        return dict.fromkeys(question.target.placement, NO_TIME)
    found = refusals(question)
    if found:
        return _refused(question, found)
    blocked = question.path(deadline).blocked
    return {question.snapshot.instances[idx].uuid: BLOCKED for idx in blocked}


def _refused(question: Question, found: list[Refusal]) -> dict[str, str]:
    """One instance for each refusal; everybody if nobody can be blamed."""
    position = {
        uuid: number for number, uuid in enumerate(question.target.placement)
    }
    dropped = {}
    for refusal in found:
        uuids = [
            question.snapshot.instances[idx].uuid for idx in refusal.instances
        ]
        if not uuids:
            return dict.fromkeys(position, refusal.text)
        dropped[max(uuids, key=position.__getitem__)] = refusal.text
    return dropped
