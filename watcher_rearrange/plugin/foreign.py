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

"""An order for the actions of strategies that bring no plan."""

from __future__ import annotations

import dataclasses

from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

from oslo_log import log

from watcher_rearrange.model import plan
from watcher_rearrange.model import records
from watcher_rearrange.planning import partial
from watcher_rearrange.planning import pipeline
from watcher_rearrange.plugin import journeys
from watcher_rearrange.plugin import messages
from watcher_rearrange.plugin import ranking
from watcher_rearrange.plugin import rendering
from watcher_rearrange.plugin import weaving
from watcher_rearrange.plugin.readers import api
from watcher_rearrange.plugin.readers import cloud
from watcher_rearrange.plugin.readers import scheduler
from watcher_rearrange.plugin.readers import watcher_model


LOG = log.getLogger(__name__)

# Seconds for a path, and as many again where not all can be reached.
TIME_LIMIT_S = 30.0


class _NoPath(Exception):
    """Nothing better than one action after the other is possible."""


def arrange(
    actions: Sequence[rendering.WatcherAction], strategy: Any
) -> weaving.Arrangement:
    """Return the actions of a strategy with what depends on what.

    The migrations are taken as a target placement, to which a path is
    sought: every action is there, but migrations may have been replaced,
    or others added, where instances have to go through a temporary host.
    Migrations without a safe path come last, one after the other. Where
    there is no path at all, or no compute model, all actions run one after
    the other.

    :param strategy: whose ``compute_model`` is read
    """
    if not any(a['action_type'] == rendering.MIGRATE for a in actions):
        return _one_by_one(actions, '')
    try:
        return _woven(actions, strategy)
    except (_NoPath, api.Unreadable) as error:
        reason = str(error)
    except Exception as error:
        # Nova and Keystone have a say in the model; and a strategy can ask
        # for what nobody has thought of. Its actions are kept all the same.
        LOG.exception('The moves of %s cannot be ordered', strategy.name)
        reason = f'{type(error).__name__}: {error}'
    LOG.warning('%s: one action after the other: %s', strategy.name, reason)
    message = messages.shorten(f'one action after the other: {reason}')
    return _one_by_one(actions, message)


def _woven(
    actions: Sequence[rendering.WatcherAction], strategy: Any
) -> weaving.Arrangement:
    model = getattr(strategy, 'compute_model', None)
    if not model:
        raise _NoPath('there is no compute model')
    reading = cloud.add(watcher_model.read(model))
    snapshot = scheduler.as_configured(reading.snapshot)
    wishes = journeys.read(actions, snapshot)
    made, unreached = _path(wishes)
    left = {**wishes.puzzling, **unreached}
    if not made.actions and left:
        raise _NoPath(_reasons(wishes, left))
    arrangement = weaving.weave(actions, wishes, made, frozenset(left))
    said = [*_left_out(wishes, left), *reading.messages]
    for sentence in said:
        LOG.warning('%s: %s', strategy.name, sentence)
    message = messages.joined(_headline(made), said)
    return dataclasses.replace(arrangement, message=message)


def _path(wishes: journeys.Wishes) -> tuple[plan.Plan, dict[str, str]]:
    """A path for as many as possible, and why not for the others."""
    target = records.Target(
        {uuid: j.destination for uuid, j in wishes.journeys.items()}
    )
    made = _found(wishes, target)
    if made is not None:
        return made, {}
    part = partial.reachable(wishes.snapshot, target, TIME_LIMIT_S)
    made = _found(wishes, part.target)
    if made is None:
        raise _NoPath('no path found')
    return made, dict(part.left)


def _found(
    wishes: journeys.Wishes, target: records.Target
) -> plan.Plan | None:
    made = pipeline.find_path(
        wishes.snapshot, target, time_limit_s=TIME_LIMIT_S, explain=False
    )
    refused = (plan.Status.INFEASIBLE, plan.Status.TIME_LIMIT)
    return None if made.status in refused else made


def _headline(made: plan.Plan) -> str:
    waves = max(made.waves().values(), default=0)
    return f'put in order: migrations: {len(made.actions)}, waves: {waves}'


def _left_out(wishes: journeys.Wishes, left: Mapping[str, str]) -> list[str]:
    found = []
    if left:
        reasons = _reasons(wishes, left)
        found.append(f'not safe, so last, each after all others: {reasons}')
    labels = _labels(wishes)
    idle = [
        labels[uuid]
        for uuid, journey in wishes.journeys.items()
        if journey.source == journey.destination
    ]
    if idle:
        found.append(f'end where they begin, so not moved: {", ".join(idle)}')
    return found


def _reasons(wishes: journeys.Wishes, left: Mapping[str, str]) -> str:
    labels = _labels(wishes)
    found = []
    for uuid, reason in left.items():
        label = labels.get(uuid, uuid)
        said = reason.startswith(f'{label} ')
        found.append(reason if said else f'{label}: {reason}')
    return '; '.join(found)


def _labels(wishes: journeys.Wishes) -> dict[str, str]:
    return {i.uuid: i.label for i in wishes.snapshot.instances}


def _one_by_one(
    actions: Sequence[rendering.WatcherAction], message: str
) -> weaving.Arrangement:
    steps = [
        weaving.Step(action, after=(number - 1,) if number else ())
        for number, action in enumerate(ranking.in_order(actions))
    ]
    return weaving.Arrangement(tuple(steps), message)
