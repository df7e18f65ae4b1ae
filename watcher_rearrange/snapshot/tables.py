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

"""A table of keys: one description that reads and writes a record."""

from __future__ import annotations

import dataclasses

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from watcher_rearrange.snapshot.kinds import Kind
from watcher_rearrange.snapshot.reading import Reading
from watcher_rearrange.snapshot.wording import join
from watcher_rearrange.snapshot.wording import shown


@dataclasses.dataclass(frozen=True)
class Table:
    """The keys of one object of a document.

    :ivar record: the dataclass that it becomes
    :ivar required: the keys that must be there
    :ivar kinds: the kind of each key's value, in the order of writing
    :ivar full: whether a key at its default is written all the same
    :ivar passed_over: keys that are read, but that the record has not
    """

    record: type
    required: frozenset[str]
    kinds: Mapping[str, Kind]
    full: bool = False
    passed_over: Mapping[str, Kind] = dataclasses.field(default_factory=dict)

    @cached_property
    def defaults(self) -> dict[str, Any]:
        """What the record has where a key is absent."""
        return {
            f.name: (
                f.default
                if f.default_factory is dataclasses.MISSING
                else f.default_factory()
            )
            for f in dataclasses.fields(self.record)
        }

    def read(self, value: Any, where: str, reading: Reading) -> Any:
        """Read one object; None if there is any problem within.

        A table is itself a kind: this is its function.
        """
        if not isinstance(value, dict):
            reading.refuse(where, f'{shown(value)} is not an object')
            return None
        found = len(reading.problems)
        if not value.keys() <= self.kinds.keys():
            self._read_others(value, where, reading)
        values = {}
        for key, kind in self.kinds.items():
            if key in value:
                values[key] = kind(value[key], join(where, key), reading)
            elif key in self.required:
                reading.refuse(join(where, key), 'is missing')
        if len(reading.problems) > found:
            return None
        return self.record(**values)

    def _read_others(
        self, value: dict[str, Any], where: str, reading: Reading
    ) -> None:
        for key in value:
            if key in self.kinds:
                continue
            place = join(where, str(key))
            if key in self.passed_over:
                self.passed_over[key](value[key], place, reading)
            else:
                reading.refuse(place, 'unknown key')

    def write(self, record: Any) -> dict[str, Any]:
        """The record's own values by key, without those at a default."""
        values = {}
        for key in self.kinds:
            value = getattr(record, key)
            if (
                self.full
                or key in self.required
                or value != self.defaults[key]
            ):
                values[key] = value
        return values
