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

"""What is shown of the logs of a cloud when a test failed."""

from __future__ import annotations

import contextlib
import io
import pathlib
import tempfile
import unittest

from tests.functional.minicloud import logs


WHEN = '2026-11-26 14:48:38.583 12086'
FIRST = f'{WHEN} ERROR nova.compute.manager [None req-1 - - -] lost: KeyError'
OTHERS = f"""\
{WHEN} DEBUG watcher.common.service [-] prefix = %(process)d ERROR %(name)s
{WHEN} ERROR nova.compute.manager Traceback (most recent call last):
{WHEN} ERROR nova.compute.manager [instance: 5ca933e8]     raise KeyError
{WHEN} ERROR nova.compute.manager KeyError: 'x'
{WHEN} WARNING nova.scheduler.utils [None req-1] no ERROR here
"""


class TestErrors(unittest.TestCase):
    """Of one service, and of the setup."""

    def setUp(self) -> None:
        """Make the folder."""
        super().setUp()
        made = tempfile.TemporaryDirectory()
        self.addCleanup(made.cleanup)
        self.folder = pathlib.Path(made.name)

    def shown(self, name: str, text: str) -> list[str]:
        """Return what is printed of a log."""
        (self.folder / name).write_text(text)
        printed = io.StringIO()
        with contextlib.redirect_stderr(printed):
            logs.show_errors(self.folder)
        return printed.getvalue().split('\n')[1:-1]

    def test_one_line_an_error(self) -> None:
        """That which says what went wrong, not how it came to that."""
        self.assertEqual(
            ['--- nova.log', FIRST, FIRST],
            self.shown('nova.log', f'{FIRST}\n{OTHERS}{FIRST}\n{OTHERS}'),
        )

    def test_nothing_wrong(self) -> None:
        """There is nothing to show."""
        self.assertEqual([], self.shown('nova.log', OTHERS))

    def test_python(self) -> None:
        """What was written without a logger."""
        text = 'Traceback (most recent call last):\n  File\nKeyError: 1'
        self.assertEqual(
            ['--- a.out', 'Traceback (most recent call last):', 'KeyError: 1'],
            self.shown('a.out', text),
        )

    def test_setup(self) -> None:
        """Its end, whatever it says."""
        self.assertEqual(
            ['--- setup.log', '$ x'], self.shown('setup.log', '$ x\n')
        )
