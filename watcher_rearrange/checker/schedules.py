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

"""The schedules under which a plan is simulated.

Random ones, where durations and delays differ by orders of magnitude; ones
that fill a chosen node before anything leaves it; and for each one action
that fails or is skipped.
"""

from __future__ import annotations

import dataclasses
import random

from collections.abc import Iterator

from watcher_rearrange.checker.simulator import Path
from watcher_rearrange.checker.simulator import Schedule


# Up to this many actions, each of them fails once and is skipped once.
FEW_ACTIONS = 60

INSTANT_S = 1e-6
LONG_S = 1e6


def schedules(
    path: Path, interleavings: int, failures: bool, seed: int
) -> Iterator[Schedule]:
    """All the schedules to run, the same for the same seed."""
    if not path.actions or interleavings < 1:
        return
    for number in range(1, interleavings + 1):
        # Each its own generator, so that one can be had without the others.
        rng = random.Random(f'{seed} interleaving {number}')
        label = f'interleaving {number} (seed {seed})'
        schedule = _random(path, rng, label)
        yield schedule
        if failures:
            yield _failing(path, rng, schedule)
    yield from _fill_nodes(path, interleavings, failures, seed)
    if failures and len(path.actions) <= FEW_ACTIONS:
        yield from _each_failing(path, seed)


def _random(path: Path, rng: random.Random, label: str) -> Schedule:
    """Even, extreme, late or nearly one-at-a-time, by chance."""
    style = rng.choice((_even, _extreme, _late, _one_by_one))
    pairs = [style(rng) for _action in path.actions]
    return Schedule(
        label=label,
        delay_s=[delay_s for delay_s, _duration_s in pairs],
        duration_s=[duration_s for _delay_s, duration_s in pairs],
        rank=[rng.random() for _action in path.actions],
    )


def _even(rng: random.Random) -> tuple[float, float]:
    return 0.0, rng.uniform(1.0, 100.0)


def _extreme(rng: random.Random) -> tuple[float, float]:
    return 0.0, rng.choice((INSTANT_S, 1.0, LONG_S)) * rng.uniform(0.5, 1.5)


def _late(rng: random.Random) -> tuple[float, float]:
    return rng.choice((0.0, 200.0)) * rng.random(), rng.uniform(1.0, 50.0)


def _one_by_one(rng: random.Random) -> tuple[float, float]:
    return rng.uniform(0.0, 1000.0), INSTANT_S


def _failing(path: Path, rng: random.Random, schedule: Schedule) -> Schedule:
    """The same with one action that does not succeed."""
    position = rng.randrange(len(path.actions))
    return _without(path, schedule, position, skipped=rng.random() < 0.5)


def _without(
    path: Path, schedule: Schedule, position: int, skipped: bool
) -> Schedule:
    fate = 'skipped' if skipped else 'failed'
    label = f'{schedule.label}, action {path.actions[position].id} {fate}'
    if skipped:
        return dataclasses.replace(schedule, label=label, skipped=position)
    return dataclasses.replace(schedule, label=label, failed=position)


def _fill_nodes(
    path: Path, most: int, failures: bool, seed: int
) -> Iterator[Schedule]:
    """Fill each node that something enters and something leaves.

    Not more nodes than asked for, by chance, if there are more.
    """
    rng = random.Random(f'{seed} nodes')
    moves = [action for action in path.actions if action.migrates]
    nodes = sorted(
        {action.destination for action in moves}
        & {action.source for action in moves}
    )
    for node in sorted(rng.sample(nodes, min(most, len(nodes)))):
        schedule = _fill_node(path, rng, node)
        schedule = dataclasses.replace(
            schedule, label=f'filling {node} first (seed {seed})'
        )
        yield schedule
        if failures:
            yield _failing(path, rng, schedule)


def _fill_node(path: Path, rng: random.Random, node: str) -> Schedule:
    """Departures from the node end one by one, everything else is quick.

    Half of the schedules let them start late instead of taking long, so that
    a limit of actions at the same time does not keep the arrivals waiting.
    """
    late = rng.random() < 0.5
    delay_s, duration_s = [], []
    for action in path.actions:
        wait_s = 0.0
        if action.source == node:
            wait_s = LONG_S * rng.randint(1, 10 * len(path.actions))
        quick_s = rng.uniform(0.1, 1.0)
        delay_s.append(wait_s if late else 0.0)
        duration_s.append(quick_s if late else wait_s + quick_s)
    rank = [rng.random() for _action in path.actions]
    return Schedule('', delay_s, duration_s, rank)


def _each_failing(path: Path, seed: int) -> Iterator[Schedule]:
    rng = random.Random(f'{seed} failures')
    label = f'single failure (seed {seed})'
    for position in range(len(path.actions)):
        for skipped in (False, True):
            schedule = _random(path, rng, label)
            yield _without(path, schedule, position, skipped)
