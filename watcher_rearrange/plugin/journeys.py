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

"""What the actions of a strategy want, read as a target placement."""

from __future__ import annotations

import dataclasses

from collections.abc import Mapping
from collections.abc import Sequence

from watcher_rearrange.model import records
from watcher_rearrange.plugin import rendering


RESIZE = 'resize'

NOT_IN_MODEL = 'not in the model'
NO_DESTINATION = 'its destination is left to Nova'
BROKEN = 'its migrations do not follow one another'
RESIZED = 'it is resized before'


@dataclasses.dataclass(frozen=True)
class Journey:
    """The migrations of one instance, of which the ends count.

    :ivar positions: those of its actions
    :ivar migration_type: 'live' or 'cold', as the strategy wants it
    """

    positions: tuple[int, ...]
    source: str
    destination: str
    migration_type: str


@dataclasses.dataclass(frozen=True)
class Wishes:
    """What a strategy wants, as far as it is understood.

    :ivar snapshot: the cluster before the first action
    :ivar journeys: by the UUID of the instance
    :ivar puzzling: why the migrations of an instance are not understood
    :ivar home: where those instances are before, as far as it is known
    :ivar services: the actions on compute services by hostname, as
        (position, state)
    """

    snapshot: records.Snapshot
    journeys: Mapping[str, Journey]
    puzzling: Mapping[str, str]
    home: Mapping[str, str]
    services: Mapping[str, list[tuple[int, str]]]

    @property
    def arrivals(self) -> frozenset[str]:
        """The nodes that somebody is to end up on."""
        return frozenset(
            journey.destination for journey in self.journeys.values()
        )


def read(
    actions: Sequence[rendering.WatcherAction], snapshot: records.Snapshot
) -> Wishes:
    """Read the actions of a strategy.

    Many strategies try their moves on the model that they are given, so
    the instances and services that they act on may be there as they shall
    be. Where an instance comes from is taken from its first migration.
    """
    reader = _Reader(actions, snapshot)
    journeys: dict[str, Journey] = {}
    puzzling: dict[str, str] = {}
    for uuid, positions in reader.migrations.items():
        problem = reader.problem(uuid, positions)
        if problem:
            puzzling[uuid] = problem
        else:
            journeys[uuid] = reader.journey(positions)
    home = {uuid: reader.home(uuid) for uuid in puzzling}
    wishes = Wishes(snapshot, journeys, puzzling, home, reader.services())
    return dataclasses.replace(wishes, snapshot=_before(wishes))


class _Reader:
    def __init__(
        self,
        actions: Sequence[rendering.WatcherAction],
        snapshot: records.Snapshot,
    ) -> None:
        self._actions = actions
        self._host_of = {i.uuid: i.host for i in snapshot.instances}
        self._names = {node.hostname for node in snapshot.compute_nodes}
        self._name_of = {n.uuid: n.hostname for n in snapshot.compute_nodes}
        self.migrations: dict[str, list[int]] = {}
        self._resized: dict[str, int] = {}
        for position, action in enumerate(actions):
            uuid = str(action['input_parameters'].get('resource_id'))
            if action['action_type'] == rendering.MIGRATE:
                self.migrations.setdefault(uuid, []).append(position)
            elif action['action_type'] == RESIZE:
                self._resized.setdefault(uuid, position)

    def problem(self, uuid: str, positions: list[int]) -> str:
        """Return why migrations are not understood, or nothing."""
        ends = self._ends(positions)
        if uuid not in self._host_of:
            return NOT_IN_MODEL
        if any(not destination for _, destination in ends):
            return NO_DESTINATION
        unknown = {name for pair in ends for name in pair} - self._names
        if unknown:
            return f'{min(map(str, unknown))} is {NOT_IN_MODEL}'
        for (_, before), (after, _) in zip(ends, ends[1:], strict=False):
            if before != after:
                return BROKEN
        host = self._host_of[uuid]
        if host not in {name for pair in ends for name in pair}:
            return f'it is on {host}'
        if self._resized.get(uuid, positions[-1]) < positions[-1]:
            return RESIZED
        return ''

    def home(self, uuid: str) -> str:
        """Return where an instance with puzzling migrations is."""
        host = self._host_of.get(uuid, '')
        ends = self._ends(self.migrations[uuid])
        moved = host in {destination for _, destination in ends}
        return ends[0][0] if moved and ends[0][0] in self._names else host

    def journey(self, positions: list[int]) -> Journey:
        """Return migrations as one journey."""
        ends = self._ends(positions)
        last = self._actions[positions[-1]]['input_parameters']
        return Journey(
            tuple(positions),
            ends[0][0],
            ends[-1][1],
            last.get('migration_type', ''),
        )

    def services(self) -> dict[str, list[tuple[int, str]]]:
        """Return the actions on services of nodes in the model."""
        found: dict[str, list[tuple[int, str]]] = {}
        for position, action in enumerate(self._actions):
            if action['action_type'] != rendering.CHANGE_SERVICE:
                continue
            given = action['input_parameters']
            hostname = given.get('resource_name')
            if hostname not in self._names:
                hostname = self._name_of.get(str(given.get('resource_id')))
            if hostname is not None:
                state = str(given.get('state'))
                found.setdefault(hostname, []).append((position, state))
        return found

    def _ends(self, positions: list[int]) -> list[tuple[str, str]]:
        every = [self._actions[k]['input_parameters'] for k in positions]
        return [
            (given.get('source_node'), given.get('destination_node'))
            for given in every
        ]


def _before(wishes: Wishes) -> records.Snapshot:
    """The cluster as a path through it may use it.

    Whoever the strategy moves may be moved, but nobody whose migrations are
    not understood: they come last, from where the instance is now. A node
    is open for arrivals if somebody is to end up there, or its service is
    enabled for good.
    """
    arrivals = wishes.arrivals
    nodes = []
    for node in wishes.snapshot.compute_nodes:
        states = [s for _, s in wishes.services.get(node.hostname, ())]
        if states:
            shut = records.DISABLED in states
            is_open = node.hostname in arrivals or not shut
            status = records.ENABLED if is_open else records.DISABLED
            node = dataclasses.replace(
                node, status=status, disabled_reason=None
            )
        nodes.append(node)
    return dataclasses.replace(
        wishes.snapshot,
        compute_nodes=tuple(nodes),
        instances=tuple(
            _instance(instance, wishes)
            for instance in wishes.snapshot.instances
        ),
    )


def _instance(instance: records.Instance, wishes: Wishes) -> records.Instance:
    uuid = instance.uuid
    if uuid in wishes.puzzling:
        return dataclasses.replace(
            instance, host=wishes.home[uuid], excluded=True
        )
    if uuid not in wishes.journeys:
        return instance
    return dataclasses.replace(
        instance,
        host=wishes.journeys[uuid].source,
        locked=False,
        excluded=False,
    )
