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

"""Every state that an execution of a few moves can be in."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Sequence

from watcher_rearrange.path.moves import Move


WAITING, RUNNING, DONE, FAILED = range(4)

State = tuple[int, ...]


def reachable(parents: Sequence[Sequence[int]]) -> set[State]:
    """All states, whatever starts, ends or fails when."""
    first = (WAITING,) * len(parents)
    found = {first}
    stack = [first]
    while stack:
        for state in _next(stack.pop(), parents):
            if state not in found:
                found.add(state)
                stack.append(state)
    return found


def _next(state: State, parents: Sequence[Sequence[int]]) -> Iterator[State]:
    for k, phase in enumerate(state):
        ready = all(state[parent] == DONE for parent in parents[k])
        if phase == WAITING and ready:
            yield (*state[:k], RUNNING, *state[k + 1 :])
        elif phase == RUNNING:
            yield (*state[:k], DONE, *state[k + 1 :])
            yield (*state[:k], FAILED, *state[k + 1 :])


def occupancy(
    state: State, moves: Sequence[Move], start: Sequence[int]
) -> list[set[int]]:
    """The nodes that each instance holds room on.

    :raises AssertionError: if an instance is moved from where it is not
    """
    held = [{node} for node in start]
    for phase, move in zip(state, moves, strict=True):
        if phase == WAITING:
            continue
        here = held[move.instance]
        if here != {move.source}:
            raise AssertionError(f'{move} while it is on {here}')
        if phase == RUNNING:
            held[move.instance] = {move.source, move.destination}
        elif phase == DONE:
            held[move.instance] = {move.destination}
    return held
