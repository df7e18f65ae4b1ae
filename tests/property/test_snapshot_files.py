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

"""Writing and reading again gives back what was written."""

from __future__ import annotations

import io
import json
import unittest

from typing import Any

from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from watcher_rearrange.model import errors
from watcher_rearrange.model import plan
from watcher_rearrange.model import records
from watcher_rearrange.snapshot import reader
from watcher_rearrange.snapshot import writer


SETTINGS = settings(derandomize=True, deadline=None, max_examples=80)

texts = st.text(max_size=5)
names = st.text(min_size=1, max_size=5)
classes = st.text('ABC_9', min_size=1, max_size=4)
wholes = st.integers(0, 2**31 - 1)
numbers = st.one_of(
    wholes, st.floats(0, 1e18, allow_nan=False, allow_subnormal=False)
)
loads = st.dictionaries(texts, numbers, max_size=2)
properties = st.dictionaries(texts, texts, max_size=2)
text_lists = st.lists(texts, max_size=2).map(tuple)
amounts = st.dictionaries(classes, wholes, max_size=3)


def some_of(values: list[str]) -> st.SearchStrategy[tuple[str, ...]]:
    if not values:
        return st.just(())
    return st.lists(st.sampled_from(values), unique=True).map(tuple)


def nodes(hostname: str, uuid: str) -> st.SearchStrategy[records.ComputeNode]:
    inventories = st.builds(
        records.Inventory,
        wholes,
        wholes,
        st.floats(0.01, 1e6),
        st.none() | wholes,
    )
    return st.builds(
        records.ComputeNode,
        hostname=st.just(hostname),
        inventories=st.dictionaries(classes, inventories, max_size=3),
        uuid=st.sampled_from(['', uuid]),
        status=st.sampled_from(['enabled', 'disabled']),
        state=st.sampled_from(['up', 'down']),
        disabled_reason=st.none() | texts,
        availability_zone=texts,
        traits=text_lists,
        load=loads,
        migration_link_mbps=st.integers(1, 2**31 - 1),
        hypervisor_type=texts,
        hypervisor_version=st.none() | wholes,
    )


def instances(
    uuid: str, hosts: st.SearchStrategy[str]
) -> st.SearchStrategy[records.Instance]:
    return st.builds(
        records.Instance,
        uuid=st.just(uuid),
        host=hosts,
        allocations=amounts,
        name=texts,
        state=texts,
        locked=st.booleans(),
        excluded=st.booleans(),
        project_id=texts,
        metadata=properties,
        flavor_extra_specs=properties,
        pinned_az=texts,
        required_traits=text_lists,
        forbidden_traits=text_lists,
        load=loads,
        block_migration=st.booleans(),
    )


def groups(
    uuid: str, members: list[str]
) -> st.SearchStrategy[records.ServerGroup]:
    return st.builds(
        records.ServerGroup,
        uuid=st.just(uuid),
        policy=st.sampled_from(records.GROUP_POLICIES),
        members=some_of(members),
        name=texts,
        max_server_per_host=st.integers(1, 9),
    )


def tuples(
    items: st.SearchStrategy[Any], most: int = 2
) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(items, max_size=most).map(tuple)


@st.composite
def snapshots(draw: st.DrawFn) -> records.Snapshot:
    hostnames = draw(st.lists(names, unique=True, min_size=1, max_size=3))
    uuids = draw(st.lists(names, unique=True, max_size=4))
    hosts = st.sampled_from(hostnames)
    aggregates = st.builds(
        records.Aggregate, names, some_of(hostnames), properties
    )
    migrations = st.builds(
        records.Migration, st.sampled_from(uuids or ['']), hosts, hosts, texts
    )
    return records.Snapshot(
        compute_nodes=tuple(
            draw(nodes(hostname, f'node {k}'))
            for k, hostname in enumerate(hostnames)
        ),
        instances=tuple(draw(instances(uuid, hosts)) for uuid in uuids),
        server_groups=tuple(
            draw(groups(f'group {k}', uuids))
            for k in range(draw(st.integers(0, 2)))
        ),
        aggregates=draw(tuples(aggregates)),
        migrations=draw(tuples(migrations, 2 if uuids else 0)),
    )


@st.composite
def targets(draw: st.DrawFn, snapshot: records.Snapshot) -> records.Target:
    hosts = st.sampled_from([n.hostname for n in snapshot.compute_nodes])
    uuids = [i.uuid for i in snapshot.instances]
    release = draw(some_of(uuids))
    placed = [uuid for uuid in uuids if uuid not in release]
    return records.Target(
        placement={uuid: draw(hosts) for uuid in draw(some_of(placed))},
        release=release,
        provision=tuple(
            draw(
                st.builds(
                    records.Provision,
                    uuid=st.just(f'new one {k}'),
                    host=hosts,
                    allocations=amounts,
                    name=texts,
                )
            )
            for k in range(draw(st.integers(0, 2)))
        ),
    )


def actions(
    snapshot: records.Snapshot, id_: str, earlier: list[str]
) -> st.SearchStrategy[plan.Action]:
    hosts = st.sampled_from([n.hostname for n in snapshot.compute_nodes])
    common = {
        'id': st.just(id_),
        'parents': some_of(earlier),
        'reason': texts,
        'estimated_s': numbers,
        'starts_s': numbers,
        'starts_bound_s': numbers,
    }
    services = st.builds(
        plan.Action,
        type=st.sampled_from(plan.SERVICE_ACTIONS),
        node=hosts,
        **common,
    )
    if not snapshot.instances:
        return services
    return services | st.builds(
        plan.Action,
        type=st.sampled_from(plan.MIGRATIONS),
        instance=st.sampled_from([i.uuid for i in snapshot.instances]),
        source=hosts,
        destination=hosts,
        displacement=st.booleans(),
        **common,
    )


@st.composite
def plans(draw: st.DrawFn, snapshot: records.Snapshot) -> plan.Plan:
    ids = draw(st.lists(names, unique=True, max_size=5))
    violations = tuples(
        st.builds(plan.Violation, texts, text_lists, numbers, numbers, texts)
    )
    bounds = st.none() | numbers
    objectives = st.builds(
        plan.ObjectiveValue, texts, numbers, numbers, bounds, texts, numbers
    )
    return plan.Plan(
        status=draw(st.sampled_from(plan.Status)),
        actions=tuple(
            draw(actions(snapshot, id_, ids[:k])) for k, id_ in enumerate(ids)
        ),
        objectives=draw(tuples(objectives)),
        path=draw(st.builds(plan.PathSummary, *[wholes] * 4, *[numbers] * 2)),
        violations_before=draw(violations),
        violations_after=draw(violations),
        messages=draw(text_lists),
    )


def through_json(document: dict[str, Any]) -> Any:
    return io.BytesIO(writer.dumps(document).encode())


class TestWriteThenRead(unittest.TestCase):
    @SETTINGS
    @given(snapshots())
    def test_snapshot(self, snapshot):
        document = writer.snapshot_document(snapshot)
        again = reader.read_snapshot(through_json(document))
        self.assertEqual(snapshot, again)
        self.assertEqual(document, writer.snapshot_document(again))

    @SETTINGS
    @given(st.data())
    def test_target(self, data):
        snapshot = data.draw(snapshots())
        target = data.draw(targets(snapshot))
        document = writer.target_document(target)
        again = reader.read_target(through_json(document), snapshot)
        self.assertEqual(target, again)

    @SETTINGS
    @given(st.data())
    def test_plan(self, data):
        snapshot = data.draw(snapshots())
        result = data.draw(plans(snapshot))
        document = writer.plan_document(result)
        again = reader.read_plan(through_json(document), snapshot)
        self.assertEqual(result, again)
        self.assertEqual(document, writer.plan_document(again))


junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3)
    ),
    max_leaves=5,
)


def places(value: Any, place: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every value within a document."""
    if isinstance(value, dict):
        items = list(value.items())
    else:
        items = list(enumerate(value)) if isinstance(value, list) else []
    return [place] + [
        found for key, inner in items for found in places(inner, (*place, key))
    ]


class TestJunk(unittest.TestCase):
    """Anything anywhere is read or refused, never a traceback."""

    @SETTINGS
    @given(st.data())
    def test_one_value_replaced(self, data):
        snapshot = data.draw(snapshots())
        documents = {
            'snapshot': writer.snapshot_document(snapshot),
            'target': writer.target_document(data.draw(targets(snapshot))),
            'plan': writer.plan_document(data.draw(plans(snapshot))),
        }
        kind = data.draw(st.sampled_from(sorted(documents)))
        document = json.loads(json.dumps(documents[kind]))
        *parents, last = data.draw(
            st.sampled_from([p for p in places(document) if p])
        )
        inner = document
        for key in parents:
            inner = inner[key]
        inner[last] = data.draw(junk)
        try:
            if kind == 'snapshot':
                reader.snapshot_from_document(document)
            elif kind == 'target':
                reader.target_from_document(document, snapshot)
            else:
                reader.plan_from_document(document, snapshot).waves()
        except errors.BadInput as error:
            self.assertTrue(error.problems)
            self.assertTrue(all(': ' in p for p in error.problems))
