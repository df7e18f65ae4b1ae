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

"""A plan as tables, as waves and as a page."""

from __future__ import annotations

import dataclasses
import html.parser
import unittest

from tests.unit.report import samples
from watcher_rearrange.model import plan
from watcher_rearrange.model import records
from watcher_rearrange.report import animation
from watcher_rearrange.report import html_page
from watcher_rearrange.report import sections
from watcher_rearrange.report import tables
from watcher_rearrange.report.terminal import Terminal


HOSTILE = '<script>alert("x")</script>\x1b[2J\ud800'


def hostile() -> tuple[records.Snapshot, plan.Plan]:
    """The sample, with every text in it ill meant."""
    snapshot, result = samples.snapshot(), samples.result()
    names = {
        node.hostname: HOSTILE + node.hostname
        for node in snapshot.compute_nodes
    }
    names[''] = ''
    return (
        dataclasses.replace(
            snapshot,
            compute_nodes=tuple(
                dataclasses.replace(n, hostname=names[n.hostname])
                for n in snapshot.compute_nodes
            ),
            instances=tuple(
                dataclasses.replace(i, name=HOSTILE, host=names[i.host])
                for i in snapshot.instances
            ),
        ),
        dataclasses.replace(
            result,
            actions=tuple(
                dataclasses.replace(
                    a,
                    source=names[a.source],
                    destination=names[a.destination],
                    node=names[a.node],
                    reason=HOSTILE,
                )
                for a in result.actions
            ),
            messages=(HOSTILE,),
        ),
    )


class TestSections(unittest.TestCase):
    def test_actions(self):
        section = sections.actions_section(
            samples.snapshot(), samples.result()
        )
        self.assertEqual(
            (
                '2',
                '2',
                'cold migrate',
                'web',
                'cmp02',
                'cmp03',
                '1',
                '0',
                'empties cmp01',
                '5.5',
                '12',
                '10',
            ),
            section.rows[1],
        )
        self.assertEqual('live migrate (displacement)', section.rows[0][2])
        self.assertEqual(
            ('disable service', 'cmp01', '', '', '1, 3'), section.rows[3][2:7]
        )
        self.assertEqual(
            ['2', '0', '1', '0', '0'], [row[7] for row in section.rows]
        )

    def test_what_falls_with_an_action(self):
        snapshot, result = samples.snapshot(), samples.result()
        section = sections.failure_section(snapshot, result, '1')
        self.assertEqual(
            'If action 1 (live migrate (displacement): web) fails, '
            '2 of 5 actions are skipped',
            section.title,
        )
        self.assertEqual(
            [
                ('2', 'cold migrate', 'web', 'cmp02', 'cmp03'),
                ('4', 'disable service', 'cmp01', '', ''),
            ],
            [row[:5] for row in section.rows],
        )
        section = sections.failure_section(snapshot, result, '5')
        self.assertEqual((), section.rows)
        self.assertIn('cmp02) fails, 0 of 5', section.title)

    def test_names_that_are_not_unique_come_with_the_uuid(self):
        snapshot = samples.snapshot()
        twins = tuple(
            dataclasses.replace(i, name='web' if i.name else '')
            for i in snapshot.instances
        )
        labels = sections.instance_labels(
            dataclasses.replace(snapshot, instances=twins)
        )
        self.assertEqual({'a': 'web (a)', 'b': 'web (b)', 'c': 'c'}, labels)

    def test_many_parents(self):
        actions = [
            plan.Action(str(k), plan.DISABLE_SERVICE, node='cmp01')
            for k in range(9)
        ]
        actions.append(
            plan.Action(
                '9',
                plan.DISABLE_SERVICE,
                node='cmp01',
                parents=tuple(str(k) for k in range(9)),
            )
        )
        section = sections.actions_section(
            samples.snapshot(), plan.Plan(plan.Status.OPTIMAL, tuple(actions))
        )
        self.assertEqual('0, 1, 2, 3, 4, 5, 3 more', section.rows[-1][6])

    def test_number(self):
        for value, text in ((40, '40'), (0.25, '0.25'), (1 / 3, '0.333')):
            self.assertEqual(text, sections.number(value))


class TestTables(unittest.TestCase):
    def test_everything_of_a_plan(self):
        text = tables.render_plan(samples.snapshot(), samples.result())
        for part in (
            'Actions\n+',
            'Objectives\n+',
            'Path\n+',
            'Violations before\n+',
            '- one instance stays',
        ):
            self.assertIn(part, text)
        self.assertNotIn('Violations after', text)
        self.assertTrue(
            text.endswith('\nStatus: FEASIBLE: a better plan may exist')
        )

    def test_nothing_to_do(self):
        text = tables.render_plan(
            samples.snapshot(), plan.Plan(plan.Status.NO_CHANGE)
        )
        self.assertEqual(
            'Status: NO_CHANGE: nothing to do, or nothing that may be done '
            'now',
            text,
        )

    def test_no_text_steers_the_terminal(self):
        text = tables.render_plan(*hostile())
        self.assertTrue(all(line.isprintable() for line in text.splitlines()))


class TestAnimation(unittest.TestCase):
    def test_frames_fit_the_terminal(self):
        terminal = Terminal(width=80, height=30)
        frames = list(
            animation.frames(samples.snapshot(), samples.result(), terminal)
        )
        self.assertEqual(3, len(frames))
        self.assertIn('wave 2 of 2: 2 actions', frames[2])
        self.assertIn('  web: cmp02 -> cmp03 (cold migrate)', frames[2])
        self.assertIn('  cmp01: disable service', frames[2])
        for frame in frames:
            self.assertLessEqual(len(frame.splitlines()), 30)

    def test_listing_has_each_wave_once(self):
        parts = list(
            animation.listing(
                samples.snapshot(), samples.result(), Terminal(blocks=True)
            )
        )
        self.assertEqual(3, len(parts))
        self.assertIn('web: cmp01 → cmp02 (live migrate (displ', parts[0])
        self.assertIn('after', parts[2])

    def test_nothing_to_do(self):
        nothing = plan.Plan(plan.Status.NO_CHANGE)
        for play in (animation.frames, animation.listing):
            parts = list(play(samples.snapshot(), nothing, Terminal()))
            self.assertEqual(1, len(parts))


class _Tags(html.parser.HTMLParser):
    """Notes every tag, and that each is closed in its turn."""

    VOID = ('meta', 'rect', 'line')

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.wrong: list[str] = []
        self.references: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.seen.append(tag)
        self.references += [k for k, _ in attrs if k in ('src', 'href')]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.seen.append(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)


class TestPage(unittest.TestCase):
    def parse(self, page: str) -> _Tags:
        tags = _Tags()
        tags.feed(page)
        self.assertEqual(([], []), (tags.open, tags.wrong))
        return tags

    def test_has_everything_and_needs_nothing_else(self):
        page = html_page.render_page(
            samples.snapshot(), samples.result(), 'A plan'
        )
        tags = self.parse(page)
        self.assertEqual([], tags.references)
        self.assertNotIn('url(', page)
        self.assertNotIn('http:', page)
        for part in (
            'A plan',
            'Timeline',
            'VCPU before',
            'one instance stays',
        ):
            self.assertIn(part, page)

    def test_everything_is_escaped(self):
        page = html_page.render_page(*hostile(), HOSTILE)
        self.assertNotIn('script', self.parse(page).seen)
        page.encode('utf-8')

    def test_nothing_to_do(self):
        nothing = plan.Plan(plan.Status.NO_CHANGE)
        page = html_page.render_page(samples.snapshot(), nothing, 'x')
        self.parse(page)
        self.assertNotIn('Timeline', page)
        self.parse(
            html_page.render_page(records.Snapshot((), ()), nothing, 'x')
        )
