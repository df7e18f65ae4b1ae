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

"""Meters: bars, marks, layouts and what a terminal can show."""

from __future__ import annotations

import dataclasses
import io
import os
import re
import unittest

from typing import Any
from unittest import mock

from tests.unit.report import samples
from watcher_rearrange.model import records
from watcher_rearrange.report import glyphs
from watcher_rearrange.report.meters import Meters
from watcher_rearrange.report.outcome import final_state
from watcher_rearrange.report.terminal import Terminal
from watcher_rearrange.report.terminal import printable
from watcher_rearrange.snapshot import generator


ANSI = re.compile(r'\x1b\[[0-9;]*m')


class TestGlyphs(unittest.TestCase):
    def test_bar(self):
        self.assertEqual('██··', glyphs.bar(0.5, 4, True))
        self.assertEqual('██▌·', glyphs.bar(0.625, 4, True))
        self.assertEqual('████', glyphs.bar(7.0, 4, True))
        self.assertEqual('····', glyphs.bar(0.0, 4, True))
        self.assertEqual('##..', glyphs.bar(0.5, 4, False))
        self.assertEqual('#...', glyphs.bar(0.01, 4, False))

    def test_level(self):
        self.assertEqual(
            '·▁▅█!',
            ''.join(glyphs.level(r, True) for r in (0, 0.01, 0.5, 1, 1.01)),
        )
        self.assertEqual(
            '.05F!',
            ''.join(glyphs.level(r, False) for r in (0, 0.01, 0.5, 1, 1.01)),
        )

    def test_only_what_is_just_full_is_100_percent(self):
        for ratio, text in (
            (0, '0%'),
            (0.57, '57%'),
            (0.9999, '99%'),
            (1, '100%'),
            (1.0001, '101%'),
            (9.99, '999%'),
            (9.999, '>999'),
            (float('inf'), '>999'),
        ):
            self.assertEqual(text, glyphs.percent(ratio))

    def test_short_names(self):
        self.assertEqual(
            ['a', 'b'],
            glyphs.short_names(['a.example.org', 'b.example.org'], 9),
        )
        self.assertEqual(['a.x', 'a.y'], glyphs.short_names(['a.x', 'a.y'], 9))
        self.assertEqual(['~9012'], glyphs.short_names(['123456789012'], 5))


class TestTerminal(unittest.TestCase):
    def of(self, encoding: str, tty: bool, **environ: str) -> Terminal:
        stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
        with (
            mock.patch.dict(os.environ, environ, clear=True),
            mock.patch.object(stream, 'isatty', return_value=tty),
        ):
            return Terminal.of(stream)

    def test_colours_only_where_somebody_looks_and_wants_them(self):
        self.assertTrue(self.of('utf-8', True, TERM='xterm').colour)
        self.assertFalse(self.of('utf-8', False, TERM='xterm').colour)
        self.assertFalse(self.of('utf-8', True, TERM='dumb').colour)
        self.assertFalse(self.of('utf-8', True, NO_COLOR='1').colour)
        self.assertTrue(self.of('utf-8', True, NO_COLOR='').colour)

    def test_blocks_only_where_the_encoding_has_them(self):
        self.assertTrue(self.of('utf-8', False).blocks)
        self.assertFalse(self.of('ascii', False).blocks)
        self.assertFalse(self.of('latin-1', False).blocks)

    def test_width_is_at_least_60(self):
        self.assertEqual(60, self.of('utf-8', False, COLUMNS='20').width)
        self.assertEqual(99, self.of('utf-8', False, COLUMNS='99').width)

    def test_nothing_steers_the_terminal(self):
        self.assertEqual('a?[2Jb?c', printable('a\x1b[2Jb\nc'))
        self.assertEqual('ü', printable('ü'))


class TestMeters(unittest.TestCase):
    def render(
        self, *states: records.Snapshot, rows: int = 60, **options: Any
    ) -> list[str]:
        terminal = Terminal(**options)
        return Meters(terminal, rows).render(*states).splitlines()

    def test_one_state(self):
        lines = self.render(samples.snapshot(), width=60)
        self.assertRegex(lines[0], r'^ +VCPU +MEMORY_MB +inst$')
        self.assertRegex(lines[1], r'^cmp01  #+\.+  50% #+\.+  60% +2$')
        self.assertRegex(lines[2], r'^cmp02D #\.+   5% #+\.+  70% +1$')
        self.assertRegex(lines[3], r'^cmp03- \.+   0% \.+   0% +0$')
        text = ' '.join(lines)
        self.assertIn('3 nodes (1 disabled, 0 down, 1 empty)', text)
        self.assertIn('VCPU 18%, MEMORY_MB 43%', text)

    def test_two_states_and_what_changes(self):
        before = samples.snapshot()
        after = final_state(before, samples.result())
        lines = self.render(before, after, width=100, blocks=True)
        self.assertRegex(lines[0], r'^ +before +after$')
        self.assertRegex(lines[2], r'^cmp01  .* 2 → d .* 0$')
        unchanged = self.render(before, before, width=100, blocks=True)
        self.assertNotIn('→', '\n'.join(unchanged))

    def test_only_lines_that_change_have_an_arrow(self):
        before = samples.snapshot()
        moved = dataclasses.replace(before.instances[2], host='cmp03')
        after = dataclasses.replace(
            before, instances=(*before.instances[:2], moved)
        )
        lines = self.render(before, after, width=100)
        changed = [line[:5] for line in lines if ' > ' in line]
        self.assertEqual(['cmp02', 'cmp03'], changed)

    def test_every_layout_fits_the_width(self):
        before = generator.generate(
            generator.GenerateSpec(nodes=90, disabled=2, heterogeneous=True)
        )
        for width in (60, 80, 133, 250):
            for rows in (100, 60, 1):
                for states in ((before,), (before, before)):
                    for blocks in (True, False):
                        lines = self.render(
                            *states, rows=rows, width=width, blocks=blocks
                        )
                        longest = max(map(len, lines))
                        self.assertLessEqual(longest, width)

    def test_long_names_fit_too(self):
        nodes = tuple(
            dataclasses.replace(n, hostname='x' * 60 + n.hostname)
            for n in samples.snapshot().compute_nodes
        )
        snapshot = records.Snapshot(nodes, ())
        for rows in (60, 2, 0):
            lines = self.render(snapshot, snapshot, rows=rows, width=60)
            self.assertLessEqual(max(map(len, lines)), 60)
            self.assertIn('cmp01', '\n'.join(lines))

    def test_279_nodes_fit_two_screens(self):
        snapshot = generator.generate(generator.GenerateSpec(nodes=279))
        lines = self.render(snapshot, snapshot, width=80, blocks=True)
        self.assertLessEqual(len(lines), 70)
        text = '\n'.join(lines)
        for hostname in ('cmp001', 'cmp140', 'cmp279'):
            self.assertIn(hostname, text)

    def test_4000_nodes_are_a_heat_map(self):
        snapshot = generator.generate(
            generator.GenerateSpec(nodes=4000, instances_per_node=0.1)
        )
        lines = self.render(snapshot, width=133)
        self.assertEqual('VCPU', lines[0])
        # 120 nodes a line, two classes.
        self.assertEqual(2 * (1 + 34), lines.index(''))

    def test_colour_changes_no_character(self):
        for rows in (60, 2, 1):
            snapshot = samples.snapshot()
            plain = self.render(snapshot, rows=rows)
            painted = self.render(snapshot, rows=rows, colour=True)
            self.assertNotEqual(plain, painted)
            self.assertEqual(plain, [ANSI.sub('', line) for line in painted])

    def test_nothing_to_show(self):
        nodes = (records.ComputeNode('n', {}),)
        for snapshot in (
            records.Snapshot((), ()),
            records.Snapshot(nodes, ()),
            records.Snapshot(nodes, (records.Instance('a', 'n', {}),)),
        ):
            for rows in (60, 0):
                lines = self.render(snapshot, snapshot, rows=rows)
                self.assertIn('nodes (', '\n'.join(lines))
