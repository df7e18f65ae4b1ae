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

"""The course of migrations: who holds what, from the start to the end."""

from __future__ import annotations

import heapq
import uuid as uuid_module

from collections.abc import Callable

from tests.embedded.journal import Journal
from tests.embedded.state import FINISHED
from tests.embedded.state import LIVE
from tests.embedded.state import RUNNING
from tests.embedded.state import Migration
from tests.embedded.state import Refused
from tests.embedded.state import Server
from tests.embedded.state import State


#: Seconds that a migration takes, or a function of the memory in MiB.
Duration = float | Callable[[int], float]


class Migrator:
    """Starts migrations and ends them when their time is over.

    :param state: changed in place
    :param journal: gives the present time and records what happens
    :param migration_s: see `Duration`
    """

    def __init__(
        self, state: State, journal: Journal, migration_s: Duration
    ) -> None:
        self._state = state
        self._journal = journal
        self._migration_s = migration_s
        self._ends: list[tuple[float, int, Migration]] = []
        self._doomed: dict[str, bool] = {}

    @property
    def running_count(self) -> int:
        return sum(
            migration.status == RUNNING
            for migration in self._state.migration_of.values()
        )

    def doom(self, uuid: str, breaks: bool) -> None:
        """Let the next migration of an instance fail."""
        self._doomed[uuid] = breaks

    def start(self, server: Server, destination: str, kind: str) -> Migration:
        """Start a migration that the rules permit."""
        breaks = self._doomed.pop(server.uuid, None)
        migration = Migration(
            uuid=str(uuid_module.uuid4()),
            server=server.uuid,
            source=server.host,
            destination=destination,
            kind=kind,
            former_state=server.state,
            fails=breaks is not None,
            breaks=bool(breaks),
        )
        self.resume(migration)
        self._journal.note_migration('started', migration)
        return migration

    def resume(self, migration: Migration) -> None:
        """Let a migration hold both ends; a running one takes its time."""
        server = self._state.servers[migration.server]
        ledger = self._state.ledger
        migration.number = len(self._state.migrations) + 1
        ledger.release(server.uuid)
        ledger.hold(migration.uuid, migration.source, server.allocations)
        ledger.hold(server.uuid, migration.destination, server.allocations)
        self._state.migrations.append(migration)
        self._state.migration_of[server.uuid] = migration
        if migration.status == RUNNING:
            live = migration.kind == LIVE
            server.task_state = 'migrating' if live else 'resize_migrating'
            migration.ends_s = self._journal.now_s + self._duration_s(server)
            heapq.heappush(
                self._ends, (migration.ends_s, migration.number, migration)
            )
        else:
            server.state = 'resized'
            self._state.put(server, migration.destination)

    def settle(self, present_s: float) -> None:
        """End every migration whose time is over, in order of time."""
        while self._ends and self._ends[0][0] <= present_s:
            ends_s, _number, migration = heapq.heappop(self._ends)
            if migration.status == RUNNING:
                self._journal.now_s = ends_s
                self._complete(migration)
        self._journal.now_s = present_s

    def confirm(self, server: Server) -> None:
        """Let the source of a cold migration go.

        :raises Refused: 409 if there is nothing to confirm
        """
        migration = self._state.migration_of.get(server.uuid)
        if migration is None or migration.status != FINISHED:
            raise Refused(
                409,
                f"Cannot 'confirmResize' instance {server.uuid} while it is "
                f'in vm_state {server.state}',
            )
        self._state.ledger.release(migration.uuid)
        server.state = migration.former_state
        self._end(migration, 'confirmed')

    def abort(self, server: Server, number: int) -> None:
        """Abort a live migration under way.

        :raises Refused: 404 if it is not under way, 400 if it is a cold one
        """
        migration = self._state.running(server.uuid)
        if migration is None or migration.number != number:
            raise Refused(
                404,
                f'Migration {number} for server {server.uuid} could not be '
                'found.',
            )
        if migration.kind != LIVE:
            raise Refused(
                400,
                f'Migration {number} of instance {server.uuid} is not a '
                'live migration',
            )
        self._return_to_source(migration, server)
        self._end(migration, 'cancelled')

    def forget(self, server: Server) -> None:
        """End the migration of an instance that is deleted."""
        migration = self._state.migration_of.get(server.uuid)
        if migration is not None:
            self._state.ledger.release(migration.uuid)
            self._end(migration, 'error')

    def _complete(self, migration: Migration) -> None:
        server = self._state.servers[migration.server]
        if migration.fails:
            self._return_to_source(migration, server)
            if migration.breaks:
                server.state = 'error'
            self._end(migration, 'error')
            return
        server.task_state = None
        self._state.put(server, migration.destination)
        if migration.kind == LIVE:
            self._state.ledger.release(migration.uuid)
            self._end(migration, 'completed')
        else:
            server.state = 'resized'
            migration.status = FINISHED
            self._journal.note_migration(FINISHED, migration)

    def _return_to_source(self, migration: Migration, server: Server) -> None:
        # The source was held all the time: it may be over its capacity since
        # then, but nothing is added to it.
        ledger = self._state.ledger
        ledger.release(migration.uuid)
        ledger.hold(server.uuid, migration.source, server.allocations)
        server.task_state = None

    def _end(self, migration: Migration, status: str) -> None:
        migration.status = status
        del self._state.migration_of[migration.server]
        self._journal.note_migration(status, migration)

    def _duration_s(self, server: Server) -> float:
        if callable(self._migration_s):
            return self._migration_s(server.allocations.get('MEMORY_MB', 0))
        return self._migration_s
