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

"""A strict OpenStack cloud as a state machine: Nova's and Placement's part.

It holds both ends of a migration until it ends, refuses what Nova would
refuse, and counts. It has no threads of its own: whoever looks at it, or
asks it for something, first brings it up to the present.
"""

from __future__ import annotations

import contextlib
import threading
import time
import uuid as uuid_module

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.embedded import documents
from tests.embedded import rules
from tests.embedded.journal import Event
from tests.embedded.journal import Journal
from tests.embedded.journal import Refusal
from tests.embedded.ledger import Overload
from tests.embedded.migrator import Duration
from tests.embedded.migrator import Migrator
from tests.embedded.state import LIVE
from tests.embedded.state import Migration
from tests.embedded.state import Refused
from tests.embedded.state import Server
from tests.embedded.state import State


@dataclass(frozen=True)
class Fault:
    """What is wrong with the HTTP side.

    :param status: answer with this status; None: as always, once `hang_s`
        is over
    :param hang_s: seconds before any answer
    :param path: only requests whose path contains this
    """

    status: int | None = None
    hang_s: float = 0.0
    path: str = ''


class Cloud:
    """See the module; every method may be called from any thread.

    :param snapshot: a snapshot document
    :param migration_s: seconds that a migration takes, or a function that
        returns them for a memory size in MiB
    :param clock: returns the present in seconds
    :raises ValueError: for a document that does not fit together
    """

    def __init__(
        self,
        snapshot: Mapping[str, Any],
        migration_s: Duration = 0.2,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.fault: Fault | None = None
        self.mended = threading.Event()
        self._clock = clock
        self._start_s = clock()
        self._lock = threading.RLock()
        self._journal = Journal()
        self._state = documents.read_state(
            snapshot, lambda: self._journal.now_s
        )
        self._migrator = Migrator(self._state, self._journal, migration_s)
        for migration in documents.read_migrations(snapshot, self._state):
            self._migrator.resume(migration)
        self._state.ledger.watch()

    @property
    def log(self) -> list[Event]:
        """The events so far."""
        with self.present():
            return list(self._journal.events)

    @property
    def refusals(self) -> list[Refusal]:
        """The migrations that were refused."""
        with self._lock:
            return list(self._journal.refusals)

    @property
    def overloads(self) -> list[Overload]:
        """The moments at which a node held more than its capacity.

        Nodes and resource classes that started so do not count.
        """
        with self._lock:
            return list(self._state.ledger.overloads)

    @property
    def revision(self) -> int:
        """A number that grows with every change."""
        with self.present():
            return self._journal.revision

    @property
    def running_count(self) -> int:
        """The number of migrations under way."""
        with self.present():
            return self._migrator.running_count

    @contextlib.contextmanager
    def present(self) -> Iterator[State]:
        """Give the present state, for reading, and keep it still."""
        with self._lock:
            self._migrator.settle(self._clock() - self._start_s)
            yield self._state

    def snapshot(self) -> dict[str, Any]:
        """Return the present state as a snapshot document."""
        with self.present() as state:
            return documents.write_document(state)

    def host_of(self, uuid: str) -> str:
        """Return the host of an instance; :raises Refused: 404."""
        with self.present() as state:
            return state.server(uuid).host

    # What Nova's API can be asked to do.

    def migrate(
        self, uuid: str, host: str | None, kind: str = LIVE
    ) -> Migration:
        """Start a live or a cold migration.

        Nova decides about cold migrations later, and leaves a fault with
        the instance; here both are refused at once, so that nobody waits.

        :param host: the destination; None: the cloud chooses
        :raises Refused: 400, 404 or 409; recorded unless 404
        """
        with self.present() as state:
            server = state.server(uuid)
            try:
                destination = self._destination(server, host, kind)
            except Refused as refused:
                self._journal.refuse(server, host or '', refused)
                raise
            return self._migrator.start(server, destination, kind)

    def confirm(self, uuid: str) -> None:
        """Confirm a cold migration; :raises Refused: 404 or 409."""
        with self.present() as state:
            self._migrator.confirm(state.server(uuid))

    def abort(self, uuid: str, number: int) -> None:
        """Abort a live migration; :raises Refused: 400 or 404."""
        with self.present() as state:
            self._migrator.abort(state.server(uuid), number)

    def stop(self, uuid: str) -> None:
        """Stop an active instance; :raises Refused: 404 or 409."""
        self._switch(uuid, 'os-stop', ('active', 'stopped'))

    def start(self, uuid: str) -> None:
        """Start a stopped instance; :raises Refused: 404 or 409."""
        self._switch(uuid, 'os-start', ('stopped', 'active'))

    def delete(self, uuid: str) -> None:
        """Delete an instance, even one that migrates.

        :raises Refused: 404
        """
        with self.present() as state:
            server = state.server(uuid)
            self._migrator.forget(server)
            state.ledger.release(uuid)
            state.remove(server)
            self._journal.note('deleted', uuid, server.host)

    def set_service(
        self, host: str, status: str, reason: str | None = None
    ) -> None:
        """Make a compute service enabled or disabled.

        :raises Refused: 404
        """
        with self.present() as state:
            record = state.host(host)
            record.status = status
            record.disabled_reason = reason if status == 'disabled' else None
            self._journal.note(
                f'service {status}', source=host, detail=reason or ''
            )

    # What befalls a cloud.

    def set_state(self, host: str, state: str) -> None:
        """Make a compute service answer (up) or not (down).

        :raises Refused: 404
        """
        with self.present() as present:
            present.host(host).state = state
            self._journal.note(f'service {state}', source=host)

    def fill(
        self, host: str, allocations: Mapping[str, int] | None = None
    ) -> str:
        """Boot somebody else's instance on a host and return its uuid.

        :param allocations: all that is free if None
        :raises Refused: 400 if there is no room, 404
        """
        with self.present() as state:
            name = state.host(host).name
            if allocations is None:
                free = state.ledger.free(name)
                allocations = {k: v for k, v in free.items() if v > 0}
            shortage = state.ledger.shortage(name, allocations)
            if shortage is not None:
                raise Refused(400, rules.NO_VALID_HOST, shortage)
            uuid = str(uuid_module.uuid4())
            state.add(
                documents.read_server(
                    {'uuid': uuid, 'host': name, 'allocations': allocations}
                )
            )
            state.ledger.hold(uuid, name, dict(allocations))
            self._journal.note('booted', uuid, name)
            return uuid

    def reserve(self, host: str, allocations: Mapping[str, int]) -> str:
        """Let a consumer that is no instance hold room on a host.

        :returns: its uuid
        :raises Refused: 404
        """
        with self.present() as state:
            name = state.host(host).name
            uuid = str(uuid_module.uuid4())
            state.ledger.hold(uuid, name, dict(allocations))
            self._journal.note('reserved', uuid, name)
            return uuid

    def fail(self, uuid: str, error: bool = False) -> None:
        """Let the next migration of an instance fail, after its time.

        :param error: leave the instance in vm_state error, as a cold
            migration does that breaks half way
        """
        with self._lock:
            self._migrator.doom(uuid, error)

    def break_api(
        self, status: int | None = None, hang_s: float = 0.0, path: str = ''
    ) -> None:
        """Break the HTTP side as `Fault` says; without arguments, mend it."""
        broken = status is not None or hang_s > 0
        self.fault = Fault(status, hang_s, path) if broken else None
        if broken:
            self.mended.clear()
        else:
            self.mended.set()

    def _destination(self, server: Server, host: str | None, kind: str) -> str:
        rules.check_movable(self._state, server, kind)
        if host is None:
            return rules.choose_destination(self._state, server)
        rules.check_destination(self._state, server, host, kind)
        return host

    def _switch(self, uuid: str, action: str, states: tuple[str, str]) -> None:
        before, after = states
        with self.present() as state:
            server = state.server(uuid)
            if server.state != before or server.task_state is not None:
                raise Refused(
                    409,
                    f"Cannot '{action}' instance {uuid} while it is in "
                    f'vm_state {server.state}',
                )
            server.state = after
            self._journal.note(after, uuid, server.host)
