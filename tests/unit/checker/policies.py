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

"""Short ways to write policies and clusters for them down in tests."""

from __future__ import annotations

from typing import Any

from tests.unit.checker.documents import Document
from tests.unit.checker.documents import instance
from tests.unit.checker.documents import node
from tests.unit.checker.documents import snapshot


A = {'names': ['a*']}
B = {'names': ['b*']}
RACKS = {'aggregates': ['rack-*']}


def cluster(*instances: Document, **more: Any) -> Document:
    """n1 and n2 in rack-1 and zone z1, n3 and n4 in zone z2, of 100 MiB."""
    zones = {'n1': 'z1', 'n2': 'z1', 'n3': 'z2', 'n4': 'z2'}
    nodes = [
        node(name, availability_zone=zone, traits=[f'T_{name.upper()}'])
        for name, zone in zones.items()
    ]
    racks = [{'name': 'rack-1', 'hosts': ['n1', 'n2']}]
    return snapshot(nodes, list(instances), aggregates=racks, **more)


def vm(name: str, host: str, **more: Any) -> Document:
    return instance(name, host, 10, name=name, **more)


def rule(kind: str, **more: Any) -> Document:
    return {'name': 'r', 'rule': kind, **more}


def policy(*rules: Document) -> Document:
    return {'version': 1, 'rules': list(rules)}
