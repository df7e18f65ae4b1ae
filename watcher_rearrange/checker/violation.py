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

"""What the checker finds wrong, and how it says so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from typing import TypeAlias

from watcher_rearrange.checker.policy_wording import POLICY_RULES


Value: TypeAlias = int | float | str | None

# Every rule the checker knows, with the sentence that explains one breach of
# it: {0}, {1}, ... are the things, the other fields those of Violation.
RULES: dict[str, str] = {
    'action_type': 'instance {0} is moved by {current}, its state allows '
    'only {needed}',
    'affinity': 'affinity group {things}: {current} {unit}, {needed} needed',
    'aggregate_extra_specs': 'instance {0} asks for {2} {needed}, the '
    'aggregates of node {1} have {current}',
    'aggregate_flavors': 'instance {0} is of flavor {current}, the aggregates '
    'of node {1} are for {needed}',
    'aggregate_images': 'the image of instance {0} has {2} {current}, the '
    'aggregates of node {1} are for {needed}',
    'aggregate_tenants': 'instance {0} is of project {current}, the '
    'aggregates of node {1} are for {needed}',
    'anti_affinity': 'anti-affinity group {0}: node {1} holds {current} '
    '{unit}, at most {needed} may be there',
    'availability_zone': 'instance {0} is pinned to zone {needed}, node {1} '
    'is in zone {current}',
    'capabilities': 'instance {0} asks for {2} {needed}, of node {1} that is '
    '{current}',
    'capacity': 'node {0} holds {current} {unit} of {1}, its capacity is '
    '{needed} {unit}',
    'chain': 'action {0} does not depend on action {1}, the move of instance '
    '{2} before it',
    'cpu': 'instance {0} is migrated live onto node {1}, whose processors '
    'have {current}, it needs {needed}',
    'cycle': 'the actions {things} depend on one another in a circle',
    'displacement': 'action {0} moves instance {1} with displacement '
    '{current}, it must be {needed}',
    'duplicate_id': 'the id {0} is that of {current} actions, {needed} may '
    'have it',
    'excluded': 'instance {0} is excluded and must not move',
    'forbidden_traits': 'node {1} has {current}, instance {0} forbids '
    '{needed}',
    'hypervisor': 'instance {0} is migrated live onto node {1}, whose '
    'hypervisor is {current}, that of {2} asks for {needed}',
    'image_properties': 'the image of instance {0} asks for {2} {needed}, of '
    'node {1} that is {current}',
    'in_migration': 'instance {0} is in a migration already and must not move',
    'instance_state': 'instance {0} is {current}, it must be {needed} to move',
    'isolated_aggregates': 'aggregate {2} of node {1} is for those who '
    'require {needed}, instance {0} does not',
    'list_order': 'action {0} is number {current} of the list, before its '
    'parent {1}, number {needed}',
    'locked': 'instance {0} is locked and must not move',
    'malformed_action': 'action {0} has {current}, {needed} is needed',
    'max_unit': 'instance {0} has {current} {unit} of {2}, node {1} gives '
    '{needed} {unit} to one instance',
    'numa': 'instance {0} has a NUMA topology and must not move: nobody '
    'knows which cells have room',
    'provision': 'node {0} holds {current} {unit} of {1} once everything is '
    'provisioned, its capacity is {needed} {unit}',
    'receiving_node': 'instance {0} moves onto node {1}, which is {current}, '
    'not {needed}',
    'release': 'instance {0} leaves before anything moves, action {1} moves '
    'it',
    'required_traits': 'node {1} lacks {current}, instance {0} requires '
    '{needed}',
    'reserve': 'if node {0} failed, its instances would not find room: that '
    'holds of {current} {unit}, at the start of {needed}',
    'same_node': 'action {0} moves instance {1} from {current} to {current}, '
    'it must go to {needed}',
    'source': 'action {0} moves instance {1} away from {needed}, it is on '
    '{current}',
    'source_node': 'instance {0} moves away from node {1}, which is '
    '{current}, not {needed}',
    'status_actions': 'a plan of status {0} has {current} actions, {needed} '
    'allowed',
    'stays': 'instance {0} must not move, the snapshot says so',
    'target': 'instance {0} ends on {current}, it should end on {needed}',
    'tenant_aggregates': 'instance {0} is of project {current}, node {1} is '
    'not in its aggregates {needed}',
    'unknown_instance': 'instance {0} is not in the snapshot',
    'unknown_node': 'node {0} is not in the snapshot',
    'unknown_parent': 'action {0} depends on {1}, which is not in the plan',
    'unknown_status': 'the plan has status {0}, it must be {needed}',
}

UNITS = {
    'VCPU': 'vCPUs',
    'PCPU': 'pCPUs',
    'MEMORY_MB': 'MiB',
    'DISK_GB': 'GiB',
}


@dataclass(frozen=True)
class Violation:
    """One breach of one rule.

    :ivar rule: a key of RULES, or of POLICY_RULES
    :ivar things: instance uuids, hostnames, resource classes, group uuids or
        action ids, as the sentence of the rule numbers them
    :ivar current: the amount or value found
    :ivar needed: the amount or value that the rule allows or asks for
    :ivar unit: unit of both, '' where they have none
    :ivar when: the step or interleaving in which it was first seen
    """

    rule: str
    things: tuple[str, ...]
    current: Value = None
    needed: Value = None
    unit: str = ''
    when: str = ''

    def to_dict(self) -> dict[str, Any]:
        """The fields and the sentence, ready for JSON."""
        return {
            'rule': self.rule,
            'things': list(self.things),
            'current': self.current,
            'needed': self.needed,
            'unit': self.unit,
            'when': self.when,
            'message': str(self),
        }

    def __str__(self) -> str:
        sentence = RULES.get(self.rule) or POLICY_RULES[self.rule]
        text = sentence.format(
            *self.things,
            things=', '.join(self.things),
            current=self.current,
            needed=self.needed,
            unit=self.unit,
        )
        return f'{text} ({self.when})' if self.when else text
