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

"""Measured load from a datasource."""

from __future__ import annotations

import unittest

from tests.unit.plugin import builders
from watcher_rearrange.plugin.readers import load
from watcher_rearrange.plugin.readers import watcher_model


class FakeDatasource:
    """Answers from a table; counts how often it is asked."""

    NAME = 'fake'

    def __init__(self, values):
        self.values = values
        self.asked = 0
        self.availability = 'available'

    def check_availability(self):
        return self.availability

    def statistic_aggregation(self, resource, resource_type, meter_name):
        self.asked += 1
        value = self.values.get((resource.name, meter_name))
        if isinstance(value, Exception):
            raise value
        return value


def measured(instances, values, loads=('cpu_pct',)):
    model = builders.model(
        [builders.node_element('cmp01')], {'cmp01': instances}
    )
    source = FakeDatasource(values)
    reading = load.measure(
        watcher_model.read(model), model.get_all_instances(), source, loads
    )
    return reading, source


class TestMeasure(unittest.TestCase):
    def test_both_loads(self):
        reading, _ = measured(
            [builders.instance_element('a')],
            {
                ('a', 'instance_cpu_usage'): 12.5,
                ('a', 'instance_ram_usage'): 900,
            },
            loads=('cpu_pct', 'memory_mb'),
        )
        (found,) = reading.snapshot.instances
        self.assertEqual({'cpu_pct': 12.5, 'memory_mb': 900.0}, found.load)
        self.assertEqual((), reading.messages)

    def test_one_that_the_model_lacks(self):
        model = builders.model(
            [builders.node_element('cmp01')],
            {'cmp01': [builders.instance_element('a')]},
        )
        source = FakeDatasource({('a', 'instance_cpu_usage'): 12.5})
        reading = load.measure(
            watcher_model.read(model), {}, source, ('cpu_pct',)
        )
        (found,) = reading.snapshot.instances
        self.assertEqual({'cpu_pct': 12.5}, found.load)

    def test_a_stopped_instance_is_not_asked_for(self):
        reading, source = measured(
            [builders.instance_element('a', state='stopped')], {}
        )
        self.assertEqual({'cpu_pct': 0.0}, reading.snapshot.instances[0].load)
        self.assertEqual(0, source.asked)

    def test_a_missing_one_counts_as_fully_used(self):
        names = ('a', 'b', 'c')
        values = {
            ('a', 'instance_ram_usage'): 1.0,
            ('b', 'instance_ram_usage'): 1.0,
            ('c', 'instance_ram_usage'): ValueError('no such host'),
        }
        reading, _ = measured(
            [builders.instance_element(name) for name in names],
            values,
            loads=('memory_mb',),
        )
        found = {i.name: i.load for i in reading.snapshot.instances}
        self.assertEqual({'memory_mb': 4096.0}, found['c'])
        self.assertIn('1 of 3 measurements', reading.messages[0])

    def test_most_missing(self):
        with self.assertRaisesRegex(load.NoMetrics, '1 of 1 measurements'):
            measured([builders.instance_element('a')], {})

    def test_does_not_answer(self):
        source = FakeDatasource({})
        source.availability = 'not available'
        reading = watcher_model.Reading(
            builders.snapshot('cmp01', instances={'a': 'cmp01'})
        )
        with self.assertRaisesRegex(load.NoMetrics, 'fake is not available'):
            load.measure(reading, {}, source, ['cpu_pct'])

    def test_gives_up_early(self):
        model = builders.model(
            [builders.node_element('cmp01')],
            {
                'cmp01': [
                    builders.instance_element(f'web-{n}') for n in range(100)
                ]
            },
        )
        source = FakeDatasource({})
        with self.assertRaises(load.NoMetrics):
            load.measure(
                watcher_model.read(model),
                model.get_all_instances(),
                source,
                ['cpu_pct'],
            )
        self.assertEqual(load.FIRST_LOOK, source.asked)
