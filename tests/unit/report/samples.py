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

"""A small cluster and a plan for it."""

from __future__ import annotations

from watcher_rearrange.model import plan
from watcher_rearrange.model import records


def snapshot() -> records.Snapshot:
    """Three nodes: in use, disabled and in use, empty."""
    inventories = {
        'VCPU': records.Inventory(10, 0, 2.0),
        'MEMORY_MB': records.Inventory(1000),
    }
    return records.Snapshot(
        compute_nodes=(
            records.ComputeNode('cmp01', inventories),
            records.ComputeNode('cmp02', inventories, status='disabled'),
            records.ComputeNode('cmp03', inventories, state='up'),
        ),
        instances=(
            records.Instance(
                'a', 'cmp01', {'VCPU': 4, 'MEMORY_MB': 500}, name='web'
            ),
            records.Instance(
                'b', 'cmp01', {'VCPU': 6, 'MEMORY_MB': 100}, name='db'
            ),
            records.Instance('c', 'cmp02', {'VCPU': 1, 'MEMORY_MB': 700}),
        ),
    )


def result() -> plan.Plan:
    """Empties the first node by way of a displacement, then disables it."""
    return plan.Plan(
        status=plan.Status.FEASIBLE,
        actions=(
            plan.Action(
                '1',
                plan.LIVE_MIGRATE,
                'a',
                'cmp01',
                'cmp02',
                displacement=True,
                reason='room',
                estimated_s=10.0,
            ),
            plan.Action(
                '2',
                plan.COLD_MIGRATE,
                'a',
                'cmp02',
                'cmp03',
                parents=('1',),
                reason='empties cmp01',
                estimated_s=5.5,
                starts_s=12.0,
                starts_bound_s=10.0,
            ),
            plan.Action(
                '3', plan.LIVE_MIGRATE, 'b', 'cmp01', 'cmp03', estimated_s=20.0
            ),
            plan.Action(
                '4',
                plan.DISABLE_SERVICE,
                node='cmp01',
                parents=('1', '3'),
                reason='freed',
            ),
            plan.Action('5', plan.ENABLE_SERVICE, node='cmp02'),
        ),
        objectives=(
            plan.ObjectiveValue('active_nodes', 2, 2, None, 'nodes'),
            plan.ObjectiveValue('imbalance', 0.25, 0.125, 0.1, ''),
        ),
        path=plan.PathSummary(3, 1, 2, 1100, 35.5, 20.0),
        violations_before=(
            plan.Violation('capacity', ('cmp02', 'VCPU'), 9, 8, 'VCPU'),
        ),
        messages=('one instance stays',),
    )
