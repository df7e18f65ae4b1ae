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

"""Every rule twice: what a search accepts, and what the checker says.

One move at a time, on random clusters: a move that the search would make
and the checker refuses is UNDER_FILTERING, one that only the search refuses
is OVER_FILTERING, an exception in either is a CRASH.
"""

from __future__ import annotations

from typing import Any

import hypothesis

from hypothesis import strategies as st

from tests.property import clusters
from tests.property.filtering import FilteringCase
from watcher_rearrange import checker
from watcher_rearrange.constraints.movability import MoveOptions
from watcher_rearrange.constraints.rules import Rules
from watcher_rearrange.model.cluster import Cluster
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.snapshot import reader


EXAMPLES = hypothesis.settings(
    max_examples=100,
    derandomize=True,
    deadline=None,
    suppress_health_check=list(hypothesis.HealthCheck),
)

# A rule only of the search: what somebody else disabled is left alone.
NOT_JUDGED = 'on a node that somebody else disabled'


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """A cluster with more groups and migrations than usual."""
    document = draw(clusters.snapshots(most_nodes=4))
    uuids = [i['uuid'] for i in document['instances']]
    hosts = [n['hostname'] for n in document['compute_nodes']]
    if len(uuids) > 1:
        document['server_groups'] += draw(_more_groups(uuids))
    if uuids and len(hosts) > 1 and draw(st.booleans()):
        document['migrations'] += draw(_more_migrations(uuids, hosts))
    return document


def _more_groups(uuids: list[str]) -> Any:
    """Groups that may share members with others."""
    group = st.fixed_dictionaries(
        {
            'policy': st.sampled_from(('affinity', 'anti-affinity')),
            'max_server_per_host': st.integers(1, 2),
            'members': st.lists(
                st.sampled_from(uuids), min_size=1, max_size=4, unique=True
            ),
        }
    )
    return st.lists(group, max_size=2).map(
        lambda groups: [
            {**group, 'uuid': f'more{k}'} for k, group in enumerate(groups)
        ]
    )


def _more_migrations(uuids: list[str], hosts: list[str]) -> Any:
    """Migrations whose instance may be on either end, or on neither."""
    migration = st.fixed_dictionaries(
        {
            'instance': st.sampled_from(uuids),
            'source': st.sampled_from(hosts),
            'destination': st.sampled_from(hosts),
            'status': st.sampled_from(('queued', 'running', 'error', 'done')),
        }
    )
    return st.lists(migration, max_size=2)


class Search:
    """What the search says of one move."""

    def __init__(self, document: dict[str, Any], options: MoveOptions) -> None:
        self.cluster = Cluster.from_snapshot(
            reader.snapshot_from_document(document)
        )
        self.rules = Rules(self.cluster, options)
        self.placement = Placement(self.cluster)

    def judges(self, instance_idx: int) -> bool:
        """Whether both sides have a rule for this instance."""
        return self.rules.movability.stays.get(instance_idx) != NOT_JUDGED

    def accepts(self, instance_idx: int, node_idx: int) -> bool:
        """Whether it would make the move; both of its ways must agree."""
        permitted = self.rules.permitted(
            self.placement, instance_idx, self.cluster.capacity
        )[node_idx]
        allows = self.rules.allows(self.placement, instance_idx, node_idx)
        if permitted != allows:
            raise AssertionError(f'permitted {permitted}, allows {allows}')
        return bool(allows and self.rules.movability.movable[instance_idx])


def one_move(instance: dict[str, Any], destination: str) -> dict[str, Any]:
    """A plan that makes one migration."""
    cold = instance['state'] == 'stopped'
    action = {
        'id': '1',
        'type': 'cold_migrate' if cold else 'live_migrate',
        'instance': instance['uuid'],
        'source': instance['host'],
        'destination': destination,
        'displacement': False,
        'parents': [],
    }
    return {'version': 1, 'status': 'FEASIBLE', 'actions': [action]}


class TestRules(FilteringCase):
    @EXAMPLES
    @hypothesis.given(documents(), st.booleans())
    def test_one_move(
        self, document: dict[str, Any], move_locked: bool
    ) -> None:
        search = Search(document, MoveOptions(move_locked=move_locked))
        limits = checker.Limits(move_locked=move_locked)
        for i, instance in enumerate(document['instances']):
            for n, node in enumerate(document['compute_nodes']):
                host = node['hostname']
                if host == instance['host'] or not search.judges(i):
                    continue
                found = checker.check_plan(
                    document,
                    one_move(instance, host),
                    interleavings=0,
                    limits=limits,
                )
                self._compare(
                    search.accepts(i, n),
                    [str(v) for v in found.violations],
                    f'{instance["name"]} to {host}',
                )

    @EXAMPLES
    @hypothesis.given(documents())
    def test_a_move_breaks_nothing_that_held(
        self, document: dict[str, Any]
    ) -> None:
        search = Search(document, MoveOptions())
        before = self._broken(document, {})
        for i, instance in enumerate(document['instances']):
            for n, node in enumerate(document['compute_nodes']):
                host = node['hostname']
                if host != instance['host'] and search.accepts(i, n):
                    moved = {instance['uuid']: host}
                    after = self._broken(document, moved)
                    for key, amount in after.items():
                        worse = amount - before.get(key, 0)
                        self.assertLessEqual(worse, 0, (moved, key))

    def _broken(
        self, document: dict[str, Any], placement: dict[str, str]
    ) -> dict[tuple[str, ...], float]:
        """Every broken rule with the amount, 1 where it has none."""
        return {
            (found.rule, *found.things): (
                found.current if isinstance(found.current, int) else 1
            )
            for found in checker.check_placement(document, placement)
        }

    @EXAMPLES
    @hypothesis.given(documents())
    def test_the_same_rules_are_broken_at_the_start(
        self, document: dict[str, Any]
    ) -> None:
        search = Search(document, MoveOptions())
        found = search.rules.violations(search.placement)
        broken = {v.rule for v in checker.check_placement(document)}
        capacity = {v.rule == 'capacity' for v in found} >= {True}
        self.assertEqual('capacity' in broken, capacity)
        groups = {v.rule for v in found} & {'anti-affinity'}
        self.assertEqual('anti_affinity' in broken, bool(groups))
        zones = any(v.rule == 'availability_zone' for v in found)
        self.assertEqual('availability_zone' in broken, zones)
        traits = any(v.rule == 'traits' for v in found)
        expected = bool(broken & {'required_traits', 'forbidden_traits'})
        self.assertEqual(expected, traits)
        units = any(v.rule == 'max_unit' for v in found)
        self.assertEqual('max_unit' in broken, units)
