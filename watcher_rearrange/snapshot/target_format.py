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

"""The keys of the target, version 1."""

from __future__ import annotations

from watcher_rearrange.model import records
from watcher_rearrange.snapshot import kinds
from watcher_rearrange.snapshot.snapshot_format import AMOUNTS
from watcher_rearrange.snapshot.snapshot_format import INSTANCE
from watcher_rearrange.snapshot.snapshot_format import NODE
from watcher_rearrange.snapshot.snapshot_format import TEXTS
from watcher_rearrange.snapshot.snapshot_format import uuid
from watcher_rearrange.snapshot.tables import Table


PROVISION = Table(
    records.Provision,
    frozenset(('uuid', 'host', 'allocations')),
    {
        # Registered as an instance: it may not be one that is there.
        'uuid': uuid(INSTANCE),
        'name': kinds.text,
        'host': kinds.reference(NODE),
        'allocations': AMOUNTS,
    },
    # It may be described as the instance that it makes room for.
    passed_over={'state': kinds.text, 'required_traits': TEXTS},
)

TARGET = Table(
    records.Target,
    frozenset(('placement',)),
    {
        'placement': kinds.mapping_of(
            kinds.reference(NODE), kinds.reference(INSTANCE)
        ),
        'release': kinds.list_of(kinds.reference(INSTANCE), distinct=True),
        'provision': kinds.list_of(PROVISION.read),
    },
)
