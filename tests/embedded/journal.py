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

"""What happened in the embedded cloud, and what it refused."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field

from tests.embedded.state import Migration
from tests.embedded.state import Refused
from tests.embedded.state import Server


@dataclass(frozen=True)
class Event:
    """Something that happened; `time_s` counts from the cloud's start."""

    time_s: float
    what: str
    instance: str = ''
    source: str = ''
    destination: str = ''
    detail: str = ''


@dataclass(frozen=True)
class Refusal:
    """A migration that the cloud would not start, and why.

    `code` is the HTTP status of the answer.
    """

    time_s: float
    instance: str
    source: str
    destination: str
    reason: str
    code: int


@dataclass
class Journal:
    """The record of one cloud; `now_s` is set by whoever moves its clock."""

    now_s: float = 0.0
    #: The number of events so far.
    revision: int = 0
    events: list[Event] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)

    def note(
        self, what: str, instance: str = '', source: str = '', detail: str = ''
    ) -> None:
        """Record an event at one host."""
        self._add(Event(self.now_s, what, instance, source, detail=detail))

    def note_migration(self, what: str, migration: Migration) -> None:
        self._add(
            Event(
                self.now_s,
                f'{migration.kind} {what}',
                migration.server,
                migration.source,
                migration.destination,
            )
        )

    def refuse(
        self, server: Server, destination: str, refused: Refused
    ) -> None:
        refusal = Refusal(
            self.now_s,
            server.uuid,
            server.host,
            destination,
            refused.reason,
            refused.code,
        )
        self.refusals.append(refusal)
        self._add(
            Event(
                self.now_s,
                'refused',
                server.uuid,
                server.host,
                destination,
                refused.reason,
            )
        )

    def _add(self, event: Event) -> None:
        self.events.append(event)
        self.revision += 1
