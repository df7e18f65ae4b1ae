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

"""Where the test of the dashboard is skipped, and how that is counted."""

from __future__ import annotations

import os
import pathlib
import subprocess
import tempfile
import unittest

from unittest import mock

from tests.functional.minicloud import dashboard


TOP = pathlib.Path(__file__).parents[3]
TOTALS = """\
 - Passed: {}
 - Skipped: {}
 - Expected Fail: 0
 - Unexpected Success: 0
 - Failed: {}
"""


class TestInstalled(unittest.TestCase):
    """An environment, and half of one."""

    def setUp(self) -> None:
        """Name an environment that is not there."""
        super().setUp()
        made = tempfile.TemporaryDirectory()
        self.addCleanup(made.cleanup)
        self.packages = pathlib.Path(made.name, 'lib/python3/site-packages')
        named = mock.patch.dict(
            os.environ, {'MINICLOUD_HORIZON_VENV': made.name}
        )
        named.start()
        self.addCleanup(named.stop)

    def test_parts(self) -> None:
        """All of them are needed."""
        for package in dashboard.PACKAGES:
            self.assertFalse(dashboard.is_installed())
            (self.packages / package).mkdir(parents=True)
        self.assertTrue(dashboard.is_installed())


class TestCounted(unittest.TestCase):
    """``tools/counted.sh`` around what writes as stestr does."""

    def count(self, text: str, status: int) -> tuple[str, int]:
        """Return the last line and the exit status."""
        ended = subprocess.run(
            [
                TOP / 'tools' / 'counted.sh',
                'bash',
                '-c',
                'echo "$1"; exit "$2"',
                'stestr',
                text,
                str(status),
            ],
            stdout=subprocess.PIPE,
            text=True,
        )
        return ended.stdout.splitlines()[-1], ended.returncode

    def test_statuses(self) -> None:
        """Only skipped tests make no failure of a status of 1."""
        for counts, status, expected in (
            ((2, 1, 0), 0, 0),
            ((0, 1, 0), 1, 0),
            ((0, 0, 0), 1, 1),
            ((1, 1, 1), 1, 1),
            ((0, 1, 1), 1, 1),
        ):
            with self.subTest(counts=counts):
                passed, skipped, failed = counts
                self.assertEqual(
                    (
                        f'{passed} passed, {failed} failed, {skipped} skipped',
                        expected,
                    ),
                    self.count(TOTALS.format(*counts), status),
                )

    def test_nothing_to_count(self) -> None:
        """What could not be loaded has failed; no match has not."""
        self.assertEqual(
            ('0 passed, 1 failed, 0 skipped', 1), self.count('no', 1)
        )
        self.assertEqual(
            ('0 passed, 0 failed, 0 skipped', 1),
            self.count("The specified regex doesn't match with anything", 1),
        )
