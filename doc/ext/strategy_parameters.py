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

"""Directive strategy-parameters: a table of a strategy's parameters."""

from __future__ import annotations

import json

from docutils import nodes
from docutils.parsers import rst
from docutils.statemachine import StringList

from watcher_rearrange.policies import parameters


COLUMNS = ('Parameter', 'Type', 'Default', 'Meaning')


def bounds(spec: dict) -> str:
    """Return the permitted range as text, '' where there is none."""
    low, high = spec.get('minimum'), spec.get('maximum')
    if high is not None:
        return f' {low} to {high}'
    return f', at least {low}' if low is not None else ''


def rows(name: str) -> list[tuple[str, ...]]:
    """Return the cells of the table, in reStructuredText."""
    properties = parameters.schema(name)['properties']
    return [
        (
            f'``{parameter}``',
            spec['type'] + bounds(spec),
            f'``{json.dumps(spec["default"])}``',
            spec['description'],
        )
        for parameter, spec in properties.items()
    ]


def list_table(name: str) -> list[str]:
    """Return the lines of a list-table."""
    lines = [
        '.. list-table::',
        '   :header-rows: 1',
        '   :widths: 20 18 17 45',
        '',
    ]
    for row in (COLUMNS, *rows(name)):
        for number, cell in enumerate(row):
            lines.append(f'   {"*" if number == 0 else " "} - {cell}')
    return lines


class StrategyParameters(rst.Directive):
    """.. strategy-parameters:: NAME."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        lines = StringList(list_table(self.arguments[0]), source=__file__)
        parent = nodes.Element()
        self.state.nested_parse(lines, self.content_offset, parent)
        return parent.children


def setup(app) -> dict[str, bool]:
    app.add_directive('strategy-parameters', StrategyParameters)
    return {'parallel_read_safe': True, 'parallel_write_safe': True}
